/** Largest picture taken, in bytes. */
export const mostImageBytes = 10 * 1024 * 1024;

/** Sides in pixels: smaller ones break models that see, larger ones fill the memory once they are unpacked. */
export const shortestSide = 28;
export const longestSide = 10_000;

/** Most pixels of a picture; unpacked, each takes four bytes. */
export const mostPixels = 40_000_000;

/** How many times longer than wide a picture may be, or the other way round. */
export const mostStretch = 150;

/** What a picture takes of a context window, about. */
export const imageTokens = 1280;
