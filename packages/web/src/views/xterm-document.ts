/**
 * xterm.js styles itself with `<style>` elements and style attributes, which a strict content security policy refuses (CSP 3,
 * 6.4.2). This is the page’s document, but that what it creates puts the same styles in by the CSS object model, which is
 * allowed.
 */
export function xtermDocument(): Document {
  return new Proxy(document, {
    get: (target, name) => {
      if (name === 'createElement') return createElement
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** Runs what takes no document of its own. */
export function withXtermElements(run: () => void): void {
  document.createElement = createElement as typeof document.createElement
  try {
    run()
  } finally {
    Reflect.deleteProperty(document, 'createElement')
  }
}

const create = Document.prototype.createElement

function createElement(tag: string): HTMLElement {
  if (tag === 'style') return styleElement()
  const element = create.call(document, tag)
  if (tag === 'span') element.setAttribute = setAttribute
  return element
}

function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === 'style') this.style.cssText = value
  else Element.prototype.setAttribute.call(this, name, value)
}

/** Stands where the `<style>` would; its text is a style sheet of the document for as long as it is there. */
function styleElement(): HTMLElement {
  const sheet = new CSSStyleSheet()
  const element = create.call(document, 'span')
  element.hidden = true
  document.adoptedStyleSheets.push(sheet)
  Object.defineProperty(element, 'textContent', { set: (text: string) => sheet.replaceSync(text) })
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet)
    Element.prototype.remove.call(element)
  }
  return element
}
