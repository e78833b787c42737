const types = {
  Documents: ['pdf', 'doc', 'docx', 'odt', 'rtf', 'txt', 'md', 'epub'],
  Tables: ['csv', 'tsv', 'xls', 'xlsx', 'ods'],
  Images: ['jpg', 'jpeg', 'png', 'gif', 'webp', 'svg', 'heic', 'tif', 'tiff'],
  Sounds: ['mp3', 'wav', 'flac', 'ogg', 'm4a'],
  Films: ['mp4', 'mkv', 'mov', 'webm', 'avi'],
  Archives: ['zip', 'tar', 'gz', 'tgz', '7z', 'rar', 'xz'],
  Code: ['js', 'ts', 'py', 'html', 'css', 'json', 'yaml', 'sh', 'go', 'rs'],
};

/** Calls to the folder that one run makes; it may make 1500. */
const mostCalls = 1480;

/** Longest name of a file, in bytes. */
const longestName = 255;

/** Sorts the files of the granted folder `inbox` into folders inside it. Nothing is ever written over, nothing removed. */
export default async ({ by, names = 'keep', dryRun = false }, ctx) => {
  const folder = ctx.folder('inbox');
  const entries = await folder.list().catch(asProblem);
  if ('problem' in entries) return entries;
  const files = entries.filter(({ kind, name }) => kind === 'file' && !name.startsWith('.')).map(({ name }) => name);
  const occupied = new Set(entries.filter(({ kind }) => kind !== 'folder').map(({ name }) => name));
  const folders = new Set(entries.filter(({ kind }) => kind === 'folder').map(({ name }) => name));
  const taken = new Map();
  const moves = [];
  for (const name of files) {
    const target = besideFiles(targetFolder(name, by), occupied);
    const calls = 1 + taken.size + moves.length;
    if (calls + (taken.has(target) ? 1 : 2) > mostCalls) break;
    if (!taken.has(target)) taken.set(target, await namesIn(folder, folders, target));
    const wanted = names === 'tidy' ? tidy(name) : name;
    moves.push({ from: name, to: `${target}/${freeName(wanted, taken.get(target))}` });
  }
  const left = files.length - moves.length;
  const missing = [...taken.keys()].filter((target) => !folders.has(target));
  const failed = dryRun ? [] : await perform(folder, { moves, missing });
  return {
    moves: moves.filter(({ from }) => !failed.some((one) => one.from === from)),
    isDone: !dryRun,
    ...(left > 0 && { left }),
    ...(failed.length > 0 && { failed }),
  };
};

/** Moves what can be moved; what somebody took away or put in its place meanwhile stays where it is. */
async function perform(folder, { moves, missing }) {
  const failed = [];
  for (const target of missing) await folder.mkdir(target);
  for (const { from, to } of moves) {
    const { problem } = (await folder.move(from, to).catch(asProblem)) ?? {};
    if (problem !== undefined) failed.push({ from, problem });
  }
  return failed;
}

/** What the person who asked has to hear; anything else is a fault of the machine or of this skill. */
function asProblem(error) {
  if (!['NOT_FOUND', 'VALIDATION_FAILED', 'BODY_TOO_LARGE'].includes(error.code)) throw error;
  return { problem: error.message.slice(0, 500).toWellFormed() };
}

/** A folder cannot have the name of something else that lies there. */
function besideFiles(target, occupied) {
  return occupied.has(target) ? besideFiles(`${target}-files`, occupied) : target;
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
  let free = fitted(stem, ending === '' ? '' : name.slice(-ending.length - 1));
  for (let number = 2; taken.has(free.toLowerCase()); number += 1) {
    free = fitted(stem, ending === '' ? ` (${number})` : ` (${number}).${ending}`);
  }
  taken.add(free.toLowerCase());
  return free;
}

/** A name no longer than one may be: of a long stem only the beginning. */
function fitted(stem, rest) {
  const encoder = new TextEncoder();
  const signs = [...stem];
  while (encoder.encode(signs.join('') + rest).length > longestName) signs.pop();
  return signs.join('') + rest;
}
