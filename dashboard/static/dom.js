// Making and changing elements. Text only ever goes in as text; styles only ever as classes or through CSSOM.

const SVG = 'http://www.w3.org/2000/svg';

/** `h('a', {class: 'x', href, onclick}, 'text', node)`; attributes that are null or false are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child != null && child !== false));
  return element;
}

/** A button in one of the page's looks ("primary", "quiet", "quiet square", …). */
export function button(look, action, ...content) {
  return h('button', { type: 'button', class: `button ${look}`.trim(), onclick: action }, ...content);
}

/** An SVG element with attributes (presentation attributes are not styles, so the policy allows them). */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A symbol of the page's own sprite (in index.html), decorative: its meaning must stand beside it as text. */
export function icon(name, className = 'icon') {
  return s('svg', { class: className, 'aria-hidden': 'true' }, s('use', { href: `#${name}` }));
}

export function setIcon(svg, name) {
  svg.firstChild.setAttribute('href', `#${name}`);
}

/** Sets text without touching the DOM when it is there already; the element must hold nothing but text. */
export function setText(element, text) {
  if (element.shown === text) return;
  element.shown = text;
  if (element.firstChild) element.firstChild.data = text;
  else element.append(document.createTextNode(text));
}

export function setAttribute(element, name, value) {
  if (value == null) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== value) {
    element.setAttribute(name, value);
  }
}

export const byId = (id) => document.getElementById(id);
