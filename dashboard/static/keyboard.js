// Keys. Single letters can be switched off in the help dialog, for those whose speech or switch input types them by accident.

const KEY = 'shortcuts';

export class Keyboard {
  constructor() {
    this.bindings = new Map();
    this.letters = true;
    try {
      this.letters = localStorage.getItem(KEY) !== 'off';
    } catch {
      /* storage may be forbidden */
    }
    document.addEventListener('keydown', (event) => this.press(event));
  }

  /** Runs `action(event)` on a key, named as in `event.key`; an action that returns false leaves the key alone. */
  on(keys, action) {
    for (const key of keys.split(' ')) this.bindings.set(key, action);
    return this;
  }

  allowLetters(allowed) {
    this.letters = allowed;
    try {
      localStorage.setItem(KEY, allowed ? 'on' : 'off');
    } catch {
      /* lasts as long as the page */
    }
  }

  press(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector('dialog[open]')) return;
    const typing = event.target.closest?.('input:not([type="checkbox"]), select, textarea');
    if (typing && event.key !== 'Escape') return;
    if (event.key.length === 1 && event.key !== ' ' && !this.letters) return;
    const action = this.bindings.get(event.key);
    if (action && action(event) !== false) event.preventDefault();
  }
}
