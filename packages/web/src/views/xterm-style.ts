/**
 * xterm.js styles itself with `<style>` elements, all made as it opens, and its spans with style attributes. A strict content
 * security policy refuses both (CSP 3, 6.4.2); the same styles put in by the CSS object model are allowed. `open` opens a terminal.
 */
export function openWithoutInlineStyle(open: () => void): void {
  HTMLSpanElement.prototype.setAttribute = setAttribute
  document.createElement = createElement
  try {
    open()
  } finally {
    Reflect.deleteProperty(document, 'createElement')
  }
}

function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === 'style') this.style.cssText = value
  else Element.prototype.setAttribute.call(this, name, value)
}

const createElement = (tag: string): HTMLElement =>
  tag === 'style' ? styleElement() : Document.prototype.createElement.call(document, tag)

/** Stands where the `<style>` would; its text is a style sheet of the document for as long as it is there. */
function styleElement(): HTMLElement {
  const sheet = new CSSStyleSheet()
  const element = document.createElement('span')
  element.hidden = true
  document.adoptedStyleSheets.push(sheet)
  Object.defineProperty(element, 'textContent', {
    set: (text: string) => {
      sheet.replaceSync(text)
    },
  })
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet)
    Element.prototype.remove.call(element)
  }
  return element
}
