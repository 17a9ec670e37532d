// The address bar: what is searched, filtered, sorted and opened, so that a view can be linked, reloaded and gone back from.

const DEFAULTS = { search: '', state: 'all', sort: 'worst', machine: '' };
const KEYS = { search: 'q', state: 'state', sort: 'sort', machine: 'machine' };

export function read(query) {
  const params = new URLSearchParams(query);
  const view = {};
  for (const [field, key] of Object.entries(KEYS)) view[field] = (params.get(key) ?? DEFAULTS[field]).slice(0, 200);
  return view;
}

export function write(view) {
  const params = new URLSearchParams();
  for (const [field, key] of Object.entries(KEYS)) {
    if (view[field] && view[field] !== DEFAULTS[field]) params.set(key, view[field]);
  }
  const query = params.toString();
  return query ? `?${query}` : '.';
}

export class Address {
  constructor() {
    this.view = read(location.search);
    this.onChange = () => {};
    /** How many of this page's own steps "back" can undo. */
    this.depth = history.state?.depth ?? 0;
    addEventListener('popstate', (event) => {
      this.depth = event.state?.depth ?? 0;
      const before = this.view;
      this.view = read(location.search);
      this.onChange(this.view, before);
    });
  }

  /** Changes some of the view. Opening a machine is a step one can go back from, the rest is not. */
  go(change) {
    const before = this.view;
    this.view = { ...before, ...change };
    const step = this.view.machine !== before.machine && Boolean(this.view.machine) && !before.machine;
    if (step) history.pushState({ depth: ++this.depth }, '', write(this.view));
    else this.replace();
    this.onChange(this.view, before);
  }

  replace() {
    // Some browsers refuse when it is called too often, as while typing a search; the next call writes it.
    try {
      history.replaceState({ depth: this.depth }, '', write(this.view));
    } catch {
      /* the view itself has changed all the same */
    }
  }

  /** Closes the open machine: a step back if that is where it came from. */
  close() {
    if (!this.view.machine) return;
    if (this.depth > 0) history.back();
    else this.go({ machine: '' });
  }
}
