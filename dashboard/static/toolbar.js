// Search, state filter with counts, and sort: controls above the cards. Holds no state of its own; the address does.

import { byId, h, icon, setAttribute, setText } from './dom.js';
import { count } from './format.js';
import { STATES } from './machine.js';
import { SORTS } from './order.js';

const FILTERS = ['all', ...STATES];
const LABELS = { all: 'All', live: 'Live', stale: 'Stale', offline: 'Offline', disabled: 'Disabled' };

export class Toolbar {
  constructor(address) {
    this.address = address;
    this.search = byId('search');
    this.sort = byId('sort');
    this.filters = new Map();
    for (const [name, { label }] of Object.entries(SORTS)) this.sort.append(h('option', { value: name }, label));
    for (const state of FILTERS) byId('filters').append(this.buildFilter(state));
    this.search.addEventListener('input', () => address.go({ search: this.search.value }));
    this.sort.addEventListener('change', () => address.go({ sort: this.sort.value }));
  }

  buildFilter(state) {
    const number = h('span', { class: 'filter-count' }, '0');
    const button = h(
      'button',
      {
        type: 'button',
        class: 'filter',
        'data-filter': state,
        'aria-pressed': 'false',
        onclick: () => this.address.go({ state }),
      },
      state === 'all' ? null : icon(`mark-${state}`, 'mark'),
      LABELS[state],
      number,
    );
    this.filters.set(state, { button, number });
    return button;
  }

  /** Brings the controls in line with the address. */
  sync(view) {
    if (document.activeElement !== this.search) this.search.value = view.search;
    this.sort.value = view.sort in SORTS ? view.sort : 'worst';
    for (const [state, { button }] of this.filters) setAttribute(button, 'aria-pressed', String(state === view.state));
  }

  showCounts(counts, total) {
    for (const [state, { button, number }] of this.filters) {
      const value = state === 'all' ? total : counts[state];
      setText(number, count(value));
      setAttribute(button, 'data-none', value ? null : 'yes');
    }
  }
}
