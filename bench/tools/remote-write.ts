/**
 * Prometheus' remote write by hand: protobuf `WriteRequest{ timeseries: [{ labels: [{ name, value }], samples: [{ value, timestamp }] }] }`
 * in a snappy block of literals, which is a valid block that spares both sides the search for repetitions.
 */
export type Series = { name: string; points: readonly { at: number; value: number }[] };

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}
const framed = (field: number, content: Uint8Array): Uint8Array[] => [
  Uint8Array.from([(field << 3) | 2, ...varint(content.length)]),
  content,
];
const text = (field: number, value: string): Uint8Array[] => framed(field, Buffer.from(value));

function sample({ at, value }: { at: number; value: number }): Uint8Array {
  const double = Buffer.alloc(8);
  double.writeDoubleLE(value);
  return Buffer.concat([Uint8Array.of((1 << 3) | 1), double, Uint8Array.from([2 << 3, ...varint(at)])]);
}

function snappy(data: Uint8Array): Buffer {
  const MOST = 65_536;
  const parts: Uint8Array[] = [Uint8Array.from(varint(data.length))];
  for (let from = 0; from < data.length; from += MOST) {
    const part = data.subarray(from, from + MOST);
    const length = part.length - 1;
    parts.push(Uint8Array.of(61 << 2, length & 255, length >> 8), part);
  }
  return Buffer.concat(parts);
}

export function writeRequest(series: readonly Series[]): Buffer {
  const all = series.flatMap(({ name, points }) => {
    const label = framed(1, Buffer.concat([...text(1, '__name__'), ...text(2, name)]));
    return framed(1, Buffer.concat([...label, ...points.flatMap((point) => framed(2, sample(point)))]));
  });
  return snappy(Buffer.concat(all));
}
