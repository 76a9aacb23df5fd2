import { defineConfig } from 'vite';

// The server under `dashboard` serves dist/ itself; `npm run dev` passes its API through instead.
const SERVER = 'http://127.0.0.1:8000';

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: { target: 'es2022', license: { fileName: 'licenses.md' }, chunkSizeWarningLimit: 1500 },
  worker: { format: 'es' },
  server: { proxy: { '/api': { target: SERVER, ws: true }, '/ack': SERVER } },
});
