import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  // Relative addresses: the pages work under any path, and vnc.html from the sandbox image as well.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    // noVNC asks the browser for H.264 with a top-level await.
    target: 'es2022',
    // The content security policy forbids what inlining would make of small assets and the polyfill.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: [
        'index.html',
        'api.html',
        'vnc.html',
        'shared-recording.html',
        'signed-out.html',
        'ended-link.html',
      ].map(page),
    },
  },
})

function page(name: string): string {
  return `${import.meta.dirname}/${name}`
}
