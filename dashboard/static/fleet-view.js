// The view of the whole fleet: which cards there are and in which order, and what is said above and below them.

import { Calm } from './calm.js';
import { byId } from './dom.js';
import { Grid } from './grid.js';
import { showEmpty, showMore } from './help.js';
import { arrange } from './order.js';
import { Summary } from './summary.js';
import { Toolbar } from './toolbar.js';

/** A fleet that may want to know how it grows. */
const SMALL = 3;

export class FleetView {
  constructor(fleet, address, view) {
    Object.assign(this, { fleet, address });
    this.grid = new Grid(byId('cards'), view);
    this.calm = new Calm(byId('cards'));
    this.toolbar = new Toolbar(address);
    this.summary = new Summary();
    /** What has happened since the cards were put in order: states or settings changed; machines came or went. */
    this.changed = false;
    this.membersChanged = false;
    this.toolbar.sync(address.view);
  }

  /** Puts the cards in order and shows which there are. With `glide`, those that stay travel. */
  order(glide) {
    const { fleet, address } = this;
    this.changed = this.membersChanged = false;
    this.calm.ordered();
    this.grid.show(arrange(fleet.machines.values(), address.view), glide);
    byId('held').hidden = true;
    this.showCounts();
    this.showSurroundings();
  }

  showSurroundings() {
    const { fleet, grid } = this;
    const shown = grid.order.length > 0;
    const kind = !fleet.loaded || shown ? '' : fleet.machines.size ? 'filter' : 'fleet';
    byId('empty').hidden = !kind;
    showEmpty(byId('empty'), kind, () => this.address.go({ search: '', state: 'all' }));
    byId('more').hidden = !fleet.loaded || !shown || fleet.machines.size > SMALL;
    showMore(byId('more'));
  }

  showCounts() {
    this.toolbar.showCounts(this.fleet.counts, this.fleet.machines.size);
    this.summary.show(this.fleet.machines.values());
  }

  /** Brings the order up to date when it is time and nobody is in the middle of using it. */
  keepOrder() {
    const { calm } = this;
    if (!calm.held()) {
      if (this.membersChanged || calm.due()) this.order(true);
      return;
    }
    byId('held').hidden = !this.changed || !calm.due();
    if (this.membersChanged) this.addNew();
  }

  /** While the order is held, machines that are new stand at its end, where they move nothing. */
  addNew() {
    const { grid } = this;
    this.membersChanged = false;
    this.changed = true;
    const fresh = arrange(this.fleet.machines.values(), this.address.view).filter(
      (machine) => !grid.at.has(machine.id),
    );
    if (!fresh.length) return;
    grid.show([...grid.order, ...fresh]);
    this.showSurroundings();
  }
}
