import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Light parts of our own, icons and inputs; what draws tables, charts and whatever floats is heavy and stays in files of its own. */
const LIGHT =
  /[\\/]console[\\/]src[\\/](?!ui[\\/](DataTable|useRowWindow|TimeSeries|chart|OpenMenu)\b)|@tabler|@tanstack[\\/](react-query|query-core)|[\\/]components[\\/](Input|InputBase|TextInput|CloseButton)[\\/]/;
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
    // Sixty small files cost a cold load more in headers and turns than in code: what the frame needs travels in one, and what many rooms share in another.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'frame', tags: ['$initial'], priority: 2 },
            { name: 'shared', minShareCount: 8, test: LIGHT, priority: 1 },
          ],
        },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(['/api', '/ops', '/health', '/metrics', '/docs', '/openapi.json'].map((p) => [p, hub])),
  },
});
