// Dark, light, or what the system says.

import { forgetPalette } from './chart.js';

const NAMES = { auto: 'Automatic', light: 'Light', dark: 'Dark' };
const ORDER = Object.keys(NAMES);
const KEY = 'theme';

export class Theme {
  /** @param {HTMLButtonElement} button cycles through the themes */
  constructor(button) {
    this.button = button;
    this.onChange = () => {};
    button.addEventListener('click', () => this.next());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.repaint());
    matchMedia('(forced-colors: active)').addEventListener('change', () => this.repaint());
    this.set(document.documentElement.dataset.theme ?? 'auto');
  }

  next() {
    this.set(ORDER[(ORDER.indexOf(this.name) + 1) % ORDER.length]);
  }

  set(name) {
    this.name = ORDER.includes(name) ? name : 'auto';
    document.documentElement.dataset.theme = this.name;
    this.button.dataset.theme = this.name;
    this.button.setAttribute('aria-label', `Theme: ${NAMES[this.name]}`);
    this.button.title = `Theme: ${NAMES[this.name]}`;
    try {
      localStorage.setItem(KEY, this.name);
    } catch {
      /* storage may be forbidden; the theme then lasts as long as the page */
    }
    this.repaint();
  }

  repaint() {
    forgetPalette();
    this.onChange();
  }
}
