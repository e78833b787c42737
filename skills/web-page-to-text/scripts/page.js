import { decode } from './signs.js';

/** Elements whose content is no text of the page. */
const skipped = new Set(['noscript', 'template', 'svg', 'nav', 'footer']);

/** Elements whose content is no markup. */
const raw = new Set(['script', 'style', 'title', 'iframe', 'noframes']);

/** What begins a new paragraph, before and after it. */
const blocks = new Set(
  'p div section article main header aside h1 h2 h3 h4 h5 h6 ul ol dl table tr blockquote pre figure form'.split(' '),
);

/** Title and readable text of a page; of what is no HTML the text as it is. Every sign is looked at a few times, however broken the page is. */
export function readPage(page) {
  const isHtml = /<(?:!doctype|html|head|title|body|p|div|h1)\b/i.test(page.slice(0, 5000));
  if (!isHtml) return { title: '', text: page.trim() };
  const writer = createWriter();
  let at = 0;
  while (at < page.length) at = step(page, at, writer);
  return { title: writer.title(), text: writer.text() };
}

/** Takes the text, comment or tag that begins at a place; tells where the next one does. */
function step(page, at, writer) {
  const next = page.indexOf('<', at);
  if (next !== at) {
    writer.write(page.slice(at, next < 0 ? page.length : next));
    return next < 0 ? page.length : next;
  }
  if (page.startsWith('<!--', at)) return after(page, '-->', at + 2);
  const [tag, slash, name] = /^<(\/?)([a-z][a-z0-9:-]*)/i.exec(page.slice(at, at + 80)) ?? [];
  if (tag === undefined) {
    if (/[!?/]/.test(page[at + 1] ?? '')) return after(page, '>', at);
    writer.write('<');
    return at + 1;
  }
  const end = endOfTag(page, at + tag.length);
  const element = name.toLowerCase();
  if (slash === '/') writer.close(element);
  else if (raw.has(element)) return skipRaw(page, { element, end }, writer);
  else writer.open(element, page.startsWith('/>', end - 2));
  return end;
}

/** The place behind a text; where it never comes, the page is over. */
function after(page, text, at) {
  const found = page.indexOf(text, at);
  return found < 0 ? page.length : found + text.length;
}

/** Behind the `>` of a tag; one inside the quotes of an attribute is none. */
function endOfTag(page, from) {
  const signs = /=\s*(["'])|>/g;
  signs.lastIndex = from;
  for (let found = signs.exec(page); found !== null; found = signs.exec(page)) {
    if (found[0] === '>') return signs.lastIndex;
    signs.lastIndex = after(page, found[1], signs.lastIndex);
  }
  return page.length;
}

/** Passes over an element that holds no markup; one that never ends takes the rest of the page with it. */
function skipRaw(page, { element, end }, writer) {
  const closing = new RegExp(`</${element}(?=[\\s/>])`, 'gi');
  closing.lastIndex = end;
  const found = closing.exec(page);
  const content = page.slice(end, found === null ? page.length : found.index);
  if (element === 'title') writer.name(found === null ? content.split('<', 1)[0] : content);
  return found === null ? page.length : endOfTag(page, closing.lastIndex);
}

/** Puts the text of a page together. */
function createWriter() {
  const parts = [];
  let title;
  let skip = { element: '', depth: 0 };
  let [mainFrom, mainTo] = [-1, -1];
  const isMain = (element) => element === 'main' || element === 'article';

  return {
    title: () => oneLine(title ?? ''),
    /** Of a page that says what its main part is, that part. */
    text: () => tidy((mainFrom >= 0 && mainTo > mainFrom ? parts.slice(mainFrom, mainTo) : parts).join('')),

    write(text) {
      if (skip.depth === 0) parts.push(decode(text.replace(/\s+/g, ' ')));
    },

    name(text) {
      if (skip.depth === 0) title ??= decode(text.replace(/\s+/g, ' '));
    },

    open(element, isEmpty) {
      if (skip.depth > 0) {
        if (skip.element === element && !isEmpty) skip.depth += 1;
      } else if (skipped.has(element)) {
        if (!isEmpty) skip = { element, depth: 1 };
      } else {
        if (isMain(element) && mainFrom < 0) mainFrom = parts.length;
        parts.push(breakBefore(element));
      }
    },

    close(element) {
      if (skip.depth > 0) {
        if (skip.element === element) skip.depth -= 1;
        return;
      }
      if (isMain(element)) mainTo = parts.length;
      if (blocks.has(element)) parts.push('\n\n');
      else if (element === 'td' || element === 'th') parts.push(' ');
    },
  };
}

function breakBefore(element) {
  if (element === 'li') return '\n- ';
  if (element === 'br' || element === 'hr') return '\n';
  return blocks.has(element) ? '\n\n' : '';
}

function tidy(text) {
  const lines = text.split('\n').map(oneLine).join('\n');
  return lines.replace(/\n{3,}/g, '\n\n').trim();
}

function oneLine(text) {
  return text.replace(/[ \t\u00a0]+/g, ' ').trim();
}
