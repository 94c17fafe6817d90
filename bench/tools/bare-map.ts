import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The library alone: its own nodes and edges at given places, nothing of ours. */
const PAGE = `
import { createElement, useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { ReactFlow } from '@xyflow/react';
import '@xyflow/react/dist/style.css';
function Map({ graph }) {
  useEffect(() => { requestAnimationFrame(() => setTimeout(() => performance.mark('ecosystem:painted'), 0)); }, []);
  const nodes = graph.nodes.map(({ id, label, position }) => ({ id, position, data: { label } }));
  const edges = graph.edges.map(({ id, from, to }) => ({ id, source: from, target: to }));
  return createElement('div', { style: { width: '100vw', height: '100vh' } },
    createElement(ReactFlow, { defaultNodes: nodes, defaultEdges: edges, fitView: true, minZoom: 0.02 }));
}
fetch('/api/fed/graph').then((answer) => answer.json()).then((graph) => {
  performance.mark('ecosystem:data');
  createRoot(document.getElementById('root')).render(createElement(Map, { graph }));
});
`;
const TYPES: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html' };

/** Builds and serves a page that draws the graph of `/api/fed/graph` with the bare library. */
export async function serveBareMap(): Promise<{ url: string; stop(): void }> {
  const console = fileURLToPath(new URL('../../packages/console/', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'orrery-bare-map-'));
  const vite: { build(options: object): Promise<unknown> } = await import(
    pathToFileURL(createRequire(join(console, 'package.json')).resolve('vite')).href
  );
  await vite.build({
    configFile: false,
    logLevel: 'error',
    root: console,
    plugins: [
      {
        name: 'bare-map',
        resolveId: (id: string) => (id === 'bare-map' ? join(console, 'src/bare-map.js') : undefined),
        load: (id: string) => (id.endsWith('/bare-map.js') ? PAGE : undefined),
      },
    ],
    build: {
      outDir: folder,
      rollupOptions: { input: 'bare-map', output: { entryFileNames: 'map.js', assetFileNames: 'map[extname]' } },
    },
  });
  const html = `<!doctype html><link rel="stylesheet" href="/map.css"><body style="margin:0"><div id="root"></div><script type="module" src="/map.js"></script>`;
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const type = TYPES[extname(path)] ?? 'text/html';
    response.setHeader('content-type', type);
    response.end(type === 'text/html' ? html : readFileSync(join(folder, path.slice(1))));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
