import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The compiled half of a module of `@bsull/augurs`, which stands beside its JavaScript. */
export const wasmOf = (name: 'ets' | 'mstl'): Uint8Array<ArrayBuffer> =>
  readFileSync(
    createRequire(import.meta.url)
      .resolve(`@bsull/augurs/${name}`)
      .replace(/\.js$/, '_bg.wasm'),
  );
