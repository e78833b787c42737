/// <reference lib="es2025.float16" />

/** One entry of a GGUF header. The kind decides how the value is written. */
export type GgufEntry =
  | readonly [key: string, kind: 'u32' | 'f32', value: number]
  | readonly [key: string, kind: 'bool', value: boolean]
  | readonly [key: string, kind: 'text', value: string]
  | readonly [key: string, kind: 'texts', value: readonly string[]]
  | readonly [key: string, kind: 'i32s' | 'f32s', value: readonly number[]];

/** A weight: `shape` lists the dimensions with the fastest-running first, as GGUF does. */
export type GgufTensor = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly precision: 'f16' | 'f32';
};

/** Numbers of the GGUF specification, version 3. */
const format = { version: 3, alignment: 32, tensor: { f32: 0, f16: 1 } } as const;
const valueType = { u32: 4, i32: 5, f32: 6, bool: 7, text: 8, array: 9 } as const;
const arrayItem = { texts: 'text', i32s: 'i32', f32s: 'f32' } as const;

/** Writes a GGUF v3 file (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): header, tensor table, aligned tensor data. */
export function writeGguf(entries: readonly GgufEntry[], tensors: readonly GgufTensor[]): Buffer {
  const bodies = tensors.map(tensorBytes);
  const header = Buffer.concat([
    Buffer.from('GGUF'),
    u32(format.version),
    u64(tensors.length),
    u64(entries.length),
    ...entries.map(entryBytes),
    ...tensorTable(tensors, bodies),
  ]);
  return Buffer.concat([header, ...bodies].map(padded));
}

function tensorTable(tensors: readonly GgufTensor[], bodies: readonly Buffer[]): Buffer[] {
  let offset = 0;
  return tensors.map((tensor, index) => {
    const row = [text(tensor.name), u32(tensor.shape.length), ...tensor.shape.map(u64)];
    row.push(u32(format.tensor[tensor.precision]), u64(offset));
    offset += paddedLength(bodies[index]?.length ?? 0);
    return Buffer.concat(row);
  });
}

function tensorBytes({ name, shape, data, precision }: GgufTensor): Buffer {
  const size = shape.reduce((product, length) => product * length, 1);
  if (size !== data.length) throw new RangeError(`tensor ${name} holds ${data.length} values, its shape ${size}`);
  const { buffer } = precision === 'f16' ? Float16Array.from(data) : Float32Array.from(data);
  return Buffer.from(buffer);
}

function entryBytes(entry: GgufEntry): Buffer {
  const [key, kind, value] = entry;
  switch (kind) {
    case 'u32':
      return Buffer.concat([text(key), u32(valueType.u32), u32(value)]);
    case 'f32':
      return Buffer.concat([text(key), u32(valueType.f32), f32(value)]);
    case 'bool':
      return Buffer.concat([text(key), u32(valueType.bool), Buffer.from([value ? 1 : 0])]);
    case 'text':
      return Buffer.concat([text(key), u32(valueType.text), text(value)]);
    case 'texts':
      return Buffer.concat([text(key), ...arrayHead(kind, value.length), ...value.map(text)]);
    case 'i32s':
      return Buffer.concat([text(key), ...arrayHead(kind, value.length), ...value.map(i32)]);
    case 'f32s':
      return Buffer.concat([text(key), ...arrayHead(kind, value.length), ...value.map(f32)]);
  }
}

function arrayHead(kind: keyof typeof arrayItem, length: number): Buffer[] {
  return [u32(valueType.array), u32(valueType[arrayItem[kind]]), u64(length)];
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function i32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function f32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function paddedLength(length: number): number {
  return Math.ceil(length / format.alignment) * format.alignment;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(paddedLength(bytes.length) - bytes.length)]);
}
