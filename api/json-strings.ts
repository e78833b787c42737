const quote = 0x22;
const backslash = 0x5c;

/** Most bytes a large JSON text may have outside of its strings. */
const mostOutside = 64 * 1024;

/** Whether a JSON text is nearly all strings. One that is all brackets takes many times its size in memory once it is parsed. */
export function isNearlyAllStrings(json: Buffer): boolean {
  let outside = 0;
  for (let place = 0; place < json.length && outside <= mostOutside;) {
    const begin = json.indexOf(quote, place);
    if (begin < 0) return outside + json.length - place <= mostOutside;
    outside += begin - place + 1;
    place = endOfString(json, begin + 1);
  }
  return outside <= mostOutside;
}

/** The place after the quote that ends a string. */
function endOfString(json: Buffer, from: number): number {
  for (let end = json.indexOf(quote, from); end >= 0; end = json.indexOf(quote, end + 1)) {
    let escapes = 0;
    while (end - escapes > from && json[end - escapes - 1] === backslash) escapes += 1;
    if (escapes % 2 === 0) return end + 1;
  }
  return json.length;
}
