// What may be kept of a page. Given to every frame with the known words; answers what `what` asks for:
//   "markup"   the frame's markup from a copy: unknown words as x, digits as 0, nothing typed, no script, no comment
//   "hide"     the same in the live page's text, so that a picture can be taken; true when all of it is covered
//   "restore"  the live page as it was; true when nothing unmasked has appeared meanwhile
({ known, what }) => {
  const words = new Set(known)
  const hidePart = part => {
    if (/\p{N}/u.test(part)) return '0'
    const lower = part.toLowerCase()
    // a lone capital may be an initial
    return words.has(lower.normalize('NFC')) && (part.length > 1 || part === lower) ? part : 'x'.repeat(part.length)
  }
  const hide = text => text.replace(/[\p{L}\p{M}]+|\p{N}/gu, hidePart)
  const hideNumbers = text => text.replace(/\d{4,}/g, digits => '0'.repeat(digits.length))
  const hideLink = text => {
    const scheme = /^\s*(javascript|data|mailto|tel|blob):/i.exec(text)
    if (scheme) return `${scheme[1]}:***`
    const [path, query] = text.split('#')[0].replace(/\/\/[^/@]*@/, '//').split('?')
    const names = query === undefined ? '' : '?' + query.split('&').map(pair => pair.split('=')[0] + '=***').join('&')
    return hideNumbers(path.replace(/\([^/]*\)|;[^/]*/g, '***') + names)
  }

  const BUTTONS = ['submit', 'button', 'reset', 'image', 'radio', 'checkbox']
  const isTyped = element => element.localName === 'input'
    && !BUTTONS.includes((element.getAttribute('type') || 'text').toLowerCase())
  const STRUCTURE = new Set(['id', 'name', 'class', 'type', 'for', 'role', 'method', 'target', 'colspan', 'rowspan',
    'maxlength', 'size', 'disabled', 'checked', 'selected', 'hidden', 'readonly', 'multiple', 'lang', 'cols', 'rows',
    'tabindex', 'border', 'align', 'valign', 'width', 'height'])
  const SAID = new Set(['title', 'alt', 'placeholder', 'label', 'summary', 'value', 'aria-label'])
  const LINKS = new Set(['href', 'src', 'action', 'formaction', 'data', 'background'])
  const LAYOUT = /^(\s*(display|visibility|position|width|height)\s*:\s*[\w%.-]+\s*;?)+\s*$/
  const attribute = (element, name, value) => {
    if (name === 'value' && isTyped(element)) return '***'
    if (STRUCTURE.has(name)) return hideNumbers(value)
    if (SAID.has(name)) return hide(value)
    if (LINKS.has(name)) return hideLink(value)
    return name === 'style' && LAYOUT.test(value) ? value : '***'
  }

  const textsOf = (root, kinds) => {
    const walker = document.createTreeWalker(root, kinds)
    const found = []
    while (walker.nextNode()) found.push(walker.currentNode)
    return found
  }
  const SILENT = ['script', 'style', 'noscript', 'textarea', 'option']
  const liveTexts = () => textsOf(document.documentElement, NodeFilter.SHOW_TEXT)
    .filter(node => !SILENT.includes(node.parentElement?.localName))

  if (what === 'markup') {
    const copy = document.documentElement.cloneNode(true)
    for (const element of copy.querySelectorAll('script, style, noscript')) element.textContent = ''
    for (const element of copy.querySelectorAll('template')) element.innerHTML = ''
    for (const element of copy.querySelectorAll('textarea')) element.textContent = '***'
    for (const node of textsOf(copy, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_CDATA_SECTION)) {
      if (node.parentElement?.localName !== 'textarea') node.data = hide(node.data)
    }
    for (const node of textsOf(copy, NodeFilter.SHOW_COMMENT | NodeFilter.SHOW_PROCESSING_INSTRUCTION)) node.remove()
    for (const element of [copy, ...copy.querySelectorAll('*')]) {
      for (const { name, value } of [...element.attributes]) {
        if (value) element.setAttribute(name, attribute(element, name, value))
      }
    }
    return copy.outerHTML
  }
  if (what === 'hide') {
    const everything = [...document.querySelectorAll('*')]
    // what stands in a shadow tree is not walked: no picture rather than one that shows it
    if (everything.some(element => element.shadowRoot)) return false
    window.__registreHidden = liveTexts().map(node => [node, node.data])
    for (const [node, text] of window.__registreHidden) node.data = hide(text)
    for (const element of document.querySelectorAll('input')) {
      if (!isTyped(element) && hide(element.value) !== element.value) element.setAttribute('data-registre-cover', '')
    }
    return true
  }
  const clean = liveTexts().every(node => node.data === hide(node.data))
  for (const [node, text] of window.__registreHidden || []) if (node.data === hide(text)) node.data = text
  for (const element of document.querySelectorAll('[data-registre-cover]')) element.removeAttribute('data-registre-cover')
  const hidden = window.__registreHidden !== undefined
  delete window.__registreHidden
  return hidden && clean
}
