const named = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  ndash: '–',
  mdash: '—',
  hellip: '…',
  copy: '©',
};

/** Fetches a page and gives its readable text. */
export default async ({ url, maxCharacters = 20_000 }, ctx) => {
  const reply = await ctx.fetch(new URL(url).href, { headers: { accept: 'text/html, text/plain' } });
  if (reply.status !== 200) throw new Error(`${url} answered with status ${reply.status}`);
  if ((reply.encoding ?? 'utf8') !== 'utf8') throw new Error(`${url} is no text in UTF-8`);
  const page = await reply.text();
  const isHtml = /<(?:!doctype|html|body|p|div)\b/i.test(page.slice(0, 5000));
  const text = isHtml ? toText(page) : page.trim();
  return {
    title: isHtml ? titleOf(page) : '',
    text: text.slice(0, maxCharacters),
    characters: text.length,
    isCut: text.length > maxCharacters,
  };
};

function titleOf(page) {
  const [, title = ''] = /<title\b[^>]*>([^<]*)/i.exec(page) ?? [];
  return oneLine(decode(title)).slice(0, 300);
}

function toText(page) {
  const [, main = page] = /<(?:main|article)\b[^>]*>([\s\S]*)<\/(?:main|article)>/i.exec(page) ?? [];
  const readable = ['script', 'style', 'noscript', 'template', 'svg', 'nav', 'footer', 'head', 'title'].reduce(
    without,
    main,
  );
  const marked = readable
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/\s+/g, ' ')
    .replace(/<li\b[^>]*>/gi, '\n- ')
    .replace(/<(?:br|hr)\b[^>]*>/gi, '\n')
    .replace(/<\/?(?:p|div|section|h[1-6]|ul|ol|table|tr|blockquote|pre)\b[^>]*>/gi, '\n\n')
    .replace(/<\/t[dh]>/gi, '\t')
    .replace(/<[^>]*>/g, '');
  return decode(marked)
    .split('\n')
    .map(oneLine)
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** Drops an element with all that is in it; one that never ends drops the rest of the page. */
function without(page, name) {
  return page.split(new RegExp(`<${name}\\b`, 'i')).reduce((kept, part) => {
    const end = part.search(new RegExp(`</${name}\\s*>`, 'i'));
    return end < 0 ? kept : kept + part.slice(part.indexOf('>', end) + 1);
  });
}

function decode(text) {
  return text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,8});/gi, (all, name) => {
    if (!name.startsWith('#')) return Object.hasOwn(named, name.toLowerCase()) ? named[name.toLowerCase()] : all;
    const isHex = /^#x/i.test(name);
    const code = Number.parseInt(name.slice(isHex ? 2 : 1), isHex ? 16 : 10);
    return code > 31 && code <= 0x10ffff ? String.fromCodePoint(code).toWellFormed() : ' ';
  });
}

function oneLine(text) {
  return text.replace(/[ \t\u00a0]+/g, ' ').trim();
}
