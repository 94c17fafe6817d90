import type { ByteReader, ByteWriter } from './bytes.ts';

/** How a column of numbers is packed: one value for all, scaled whole numbers as differences, or doubles against the one before. */
const MODE = { same: 0, decimal: 1, float: 2 } as const;
const MAX_DECIMALS = 6;
const MAX_SCALED = 2 ** 51;

/** Whole numbers that stand for the values at 10^-decimals, exactly; undefined when there are none. */
function scaled(values: readonly number[], decimals: number): number[] | undefined {
  const factor = 10 ** decimals;
  const whole: number[] = [];
  for (const value of values) {
    const n = Math.round(value * factor);
    if (n > MAX_SCALED || n < -MAX_SCALED || n / factor !== value) return undefined;
    whole.push(n);
  }
  return whole;
}

/** Measured values mostly have few decimals: those take one to three bytes. Everything is kept to the last bit. */
export function writeColumn(out: ByteWriter, values: readonly number[]): void {
  const [first] = values;
  if (first === undefined) return;
  if (values.every((value) => value === first)) {
    out.byte(MODE.same);
    out.float(first);
    return;
  }
  for (let decimals = 0; decimals <= MAX_DECIMALS; decimals++) {
    const whole = scaled(values, decimals);
    if (!whole) continue;
    out.byte(MODE.decimal);
    out.byte(decimals);
    let before = 0;
    for (const n of whole) {
      out.signed(n - before);
      before = n;
    }
    return;
  }
  out.byte(MODE.float);
  writeFloats(out, values);
}

export function readColumn(input: ByteReader, count: number): number[] {
  if (count === 0) return [];
  const mode = input.byte();
  if (mode === MODE.same) return new Array<number>(count).fill(input.float());
  if (mode === MODE.float) return readFloats(input, count);
  const factor = 10 ** input.byte();
  const values: number[] = [];
  let whole = 0;
  for (let i = 0; i < count; i++) {
    whole += input.signed();
    values.push(whole / factor);
  }
  return values;
}

const scratch = new DataView(new ArrayBuffer(8));

/** Each double against the one before it (exclusive or, as in Gorilla): zero bytes at either end are counted, not written. */
function writeFloats(out: ByteWriter, values: readonly number[]): void {
  const before = new Uint8Array(8);
  const bytes = new Uint8Array(8);
  for (const value of values) {
    scratch.setFloat64(0, value);
    let leading = 8;
    let trailing = 0;
    for (let i = 0; i < 8; i++) {
      const now = scratch.getUint8(i);
      const changed = now ^ (before[i] ?? 0);
      bytes[i] = changed;
      before[i] = now;
      if (changed === 0) trailing++;
      else {
        trailing = 0;
        if (leading === 8) leading = i;
      }
    }
    if (leading === 8) trailing = 0;
    out.byte((leading << 4) | trailing);
    for (let i = leading; i < 8 - trailing; i++) out.byte(bytes[i] ?? 0);
  }
}

function readFloats(input: ByteReader, count: number): number[] {
  const current = new Uint8Array(8);
  const values: number[] = [];
  for (let n = 0; n < count; n++) {
    const head = input.byte();
    for (let i = head >> 4; i < 8 - (head & 15); i++) current[i] = (current[i] ?? 0) ^ input.byte();
    for (let i = 0; i < 8; i++) scratch.setUint8(i, current[i] ?? 0);
    values.push(scratch.getFloat64(0));
  }
  return values;
}
