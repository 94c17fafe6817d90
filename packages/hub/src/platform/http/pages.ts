import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pagePolicy } from './headers.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
};

type Asset = { content: Buffer<ArrayBuffer>; type: string; etag: string; gzip?: Buffer<ArrayBuffer> };
const NOT_BUILT =
  '<!doctype html><html lang="en"><title>Orrery</title><h1>The console is not built</h1><p>Run <code>npm run build -w @orrery/console</code> and reload. The API, the command line and the alerts work without it.</p></html>';

/**
 * Serves the built console from memory, so that a new build under a running hub breaks no page of the old one: hashed files are cached
 * for a year, every other path of the page's own router answers index.html with a fresh nonce.
 */
export function createPages(folder: string) {
  const assets = new Map<string, Asset>();
  if (existsSync(folder)) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      const path = `/${relative(folder, file).split(sep).join('/')}`;
      const content = readFileSync(file);
      const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
      assets.set(path, { content, etag, type: TYPES[extname(file)] ?? 'application/octet-stream' });
    }
  }
  const index = existsSync(join(folder, 'index.html')) ? readFileSync(join(folder, 'index.html'), 'utf8') : NOT_BUILT;

  function asset(request: Request, path: string): Response | undefined {
    const found = assets.get(path);
    if (!found || path === '/index.html') return undefined;
    const headers: Record<string, string> = {
      'content-type': found.type,
      etag: found.etag,
      'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'public, max-age=3600',
      vary: 'accept-encoding',
    };
    if (request.headers.get('if-none-match') === found.etag) return new Response(null, { status: 304, headers });
    const compressible = /^(text|application|image\/svg)/.test(found.type);
    if (!compressible || !/\bgzip\b/.test(request.headers.get('accept-encoding') ?? ''))
      return new Response(found.content, { headers });
    found.gzip ??= gzipSync(found.content, { level: 9 });
    return new Response(found.gzip, { headers: { ...headers, 'content-encoding': 'gzip' } });
  }

  function page(): Response {
    const nonce = randomBytes(16).toString('base64');
    return new Response(index.replaceAll('__CSP_NONCE__', nonce), {
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'content-security-policy': pagePolicy(nonce),
      },
    });
  }

  return { asset, page };
}
