/** Width and height of a picture in pixels, or why the bytes are none that can be read. */
export type Shape = { readonly width: number; readonly height: number } | { readonly problem: string };

/** For bytes that end before the picture does. */
export const cutShort: Shape = { problem: 'it ends before the picture does' };

/** Reads numbers and names out of bytes; what lies behind the end is zero. */
export function readerOf(bytes: Uint8Array) {
  const at = (place: number): number => bytes[place] ?? 0;
  return {
    at,
    u16: (place: number): number => at(place) * 0x100 + at(place + 1),
    u16le: (place: number): number => at(place) + at(place + 1) * 0x100,
    u24le: (place: number): number => at(place) + at(place + 1) * 0x100 + at(place + 2) * 0x1_0000,
    u32: (place: number): number =>
      at(place) * 0x100_0000 + at(place + 1) * 0x1_0000 + at(place + 2) * 0x100 + at(place + 3),
    u32le: (place: number): number =>
      at(place) + at(place + 1) * 0x100 + at(place + 2) * 0x1_0000 + at(place + 3) * 0x100_0000,
    name: (place: number, length = 4): string => String.fromCharCode(...bytes.subarray(place, place + length)),
  };
}
