import { promisify } from 'node:util';
import { brotliDecompress, brotliDecompressSync, gunzip, gunzipSync, inflate, inflateSync } from 'node:zlib';
import { OutboundError } from './error.ts';

type Coding = 'gzip' | 'deflate' | 'br';
const AT_ONCE = 2 * 1024 * 1024;
const sync = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync };
const inPool = { gzip: promisify(gunzip), deflate: promisify(inflate), br: promisify(brotliDecompress) };

const CODINGS: Record<string, Coding> = { gzip: 'gzip', 'x-gzip': 'gzip', deflate: 'deflate', br: 'br' };

/** The codings of a content-encoding header, outermost last; throws `protocol` for one that we do not know. */
export function codingsOf(header: string | undefined): Coding[] {
  const names = (header ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  if (names.length > 2) throw new OutboundError('protocol', 'the answer is compressed more than twice');
  return names.map((name) => {
    const coding = Object.hasOwn(CODINGS, name) ? CODINGS[name] : undefined;
    if (!coding) throw new OutboundError('protocol', 'the answer is compressed in a way that we do not read');
    return coding;
  });
}

/** Undoes the codings. The output stops at `maxBytes`: a bomb costs no more than an honest answer of that size. */
export async function inflateBody(body: Buffer, codings: readonly Coding[], maxBytes: number): Promise<Buffer> {
  let bytes = body;
  for (const coding of codings.toReversed()) {
    if (bytes.length === 0) return bytes;
    try {
      const options = { maxOutputLength: maxBytes };
      bytes = maxBytes <= AT_ONCE ? sync[coding](bytes, options) : await inPool[coding](bytes, options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
        throw new OutboundError('too_large', `the answer is larger than ${maxBytes} bytes after decompression`);
      throw new OutboundError('protocol', `the answer is no valid ${coding} (it may have been cut off)`);
    }
  }
  return bytes;
}
