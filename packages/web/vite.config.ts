import { defineConfig, type Plugin } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  // Relative addresses: the pages work under any path, and vnc.html from the sandbox image as well.
  base: './',
  plugins: [sharedHead()],
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

/** What the head of every page begins with; before the rest of the build, which finds the icon by it. */
function sharedHead(): Plugin {
  const tag = (name: string, attrs: Record<string, string>) =>
    ({ tag: name, attrs, injectTo: 'head-prepend' }) as const
  return {
    name: 'shared-head',
    transformIndexHtml: {
      order: 'pre',
      handler: () => [
        tag('meta', { charset: 'utf-8' }),
        tag('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
        tag('meta', { name: 'color-scheme', content: 'light dark' }),
        tag('link', { rel: 'icon', href: './src/icon.svg', type: 'image/svg+xml' }),
      ],
    },
  }
}

function page(name: string): string {
  return `${import.meta.dirname}/${name}`
}
