import { defineConfig } from 'vite'

/** The player that a recording is saved with: one script and one style, which the server puts into the page. */
export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../dist/web/replay',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: `${import.meta.dirname}/src/replay/offline.tsx`,
      output: {
        format: 'es',
        codeSplitting: false,
        entryFileNames: 'player.js',
        assetFileNames: 'player[extname]',
      },
    },
  },
})
