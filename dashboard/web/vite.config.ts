import { defineConfig, loadEnv } from 'vite';

// The server under `dashboard` serves dist/ itself; `npm run dev` passes its API through instead.
const LOCAL = 'http://127.0.0.1:8000';

export default defineConfig(({ mode }) => {
  const server = loadEnv(mode, '.', 'GRIDWARDEN_').GRIDWARDEN_SERVER ?? LOCAL;
  return {
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: { target: 'es2022', license: { fileName: 'licenses.md' }, chunkSizeWarningLimit: 1500 },
    worker: { format: 'es' },
    server: { proxy: { '/api': { target: server, ws: true }, '/ack': server, '/my': server } },
  };
});
