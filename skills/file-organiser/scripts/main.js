const types = {
  Documents: ['pdf', 'doc', 'docx', 'odt', 'rtf', 'txt', 'md', 'epub'],
  Tables: ['csv', 'tsv', 'xls', 'xlsx', 'ods'],
  Images: ['jpg', 'jpeg', 'png', 'gif', 'webp', 'svg', 'heic', 'tif', 'tiff'],
  Sounds: ['mp3', 'wav', 'flac', 'ogg', 'm4a'],
  Films: ['mp4', 'mkv', 'mov', 'webm', 'avi'],
  Archives: ['zip', 'tar', 'gz', 'tgz', '7z', 'rar', 'xz'],
  Code: ['js', 'ts', 'py', 'html', 'css', 'json', 'yaml', 'sh', 'go', 'rs'],
};

/** Sorts the files of the granted folder `inbox` into folders inside it. Nothing is ever written over, nothing removed. */
export default async ({ by, names = 'keep', dryRun = false }, ctx) => {
  const folder = ctx.folder('inbox');
  const entries = await folder.list();
  const files = entries.filter(({ kind, name }) => kind === 'file' && !name.startsWith('.')).map(({ name }) => name);
  const folders = new Set(entries.filter(({ kind }) => kind === 'folder').map(({ name }) => name));
  const taken = new Map();
  const moves = [];
  for (const name of files) {
    const target = besideFiles(targetFolder(name, by), files);
    if (!taken.has(target)) taken.set(target, await namesIn(folder, folders, target));
    const wanted = names === 'tidy' ? tidy(name) : name;
    moves.push({ from: name, to: `${target}/${freeName(wanted, taken.get(target))}` });
  }
  if (!dryRun) await perform(folder, { moves, missing: [...taken.keys()].filter((target) => !folders.has(target)) });
  return { moves, isDone: !dryRun };
};

async function perform(folder, { moves, missing }) {
  for (const target of missing) await folder.mkdir(target);
  for (const { from, to } of moves) await folder.move(from, to);
}

/** A folder cannot have the name of a file that lies there. */
function besideFiles(target, files) {
  return files.includes(target) ? besideFiles(`${target}-files`, files) : target;
}

async function namesIn(folder, folders, target) {
  const there = folders.has(target) ? await folder.list(target) : [];
  return new Set(there.map(({ name }) => name.toLowerCase()));
}

function endingOf(name) {
  return /[^.]\.([a-z0-9]{1,10})$/i.exec(name)?.[1].toLowerCase() ?? '';
}

function targetFolder(name, by) {
  const ending = endingOf(name);
  if (by === 'ending') return ending === '' ? 'no-ending' : ending;
  if (by === 'initial') return /^[\p{L}\p{N}]/u.exec(name)?.[0].toUpperCase() ?? 'Other';
  return Object.keys(types).find((type) => types[type].includes(ending)) ?? 'Other';
}

/** Lower case, words joined by "-", the ending kept. */
function tidy(name) {
  const ending = endingOf(name);
  const stem = ending === '' ? name : name.slice(0, -ending.length - 1);
  const words = stem
    .normalize('NFC')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? ['file'];
  return ending === '' ? words.join('-') : `${words.join('-')}.${ending}`;
}

/** The name itself, or with the first free number before its ending. */
function freeName(name, taken) {
  const ending = endingOf(name);
  const stem = ending === '' ? name : name.slice(0, -ending.length - 1);
  let free = name;
  for (let number = 2; taken.has(free.toLowerCase()); number += 1) {
    free = ending === '' ? `${stem} (${number})` : `${stem} (${number}).${ending}`;
  }
  taken.add(free.toLowerCase());
  return free;
}
