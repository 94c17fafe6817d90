import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const hub = 'http://127.0.0.1:5400';

export default defineConfig({
  plugins: [react()],
  css: { modules: { generateScopedName: '[name]_[local]_[hash:5]' } },
  build: {
    assetsDir: 'assets',
    // The policy allows scripts, styles and fonts from our own address only: nothing may become a data: URL or an inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    reportCompressedSize: false,
    manifest: true,
  },
  server: {
    proxy: Object.fromEntries(['/api', '/ops', '/health', '/metrics', '/docs', '/openapi.json'].map((p) => [p, hub])),
  },
});
