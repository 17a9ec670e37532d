// The list of cards: only those on screen exist, the rest is height. Cards keep their machine while it stays visible.

import { Card } from './card.js';
import { setAttribute } from './dom.js';
import { requestFrame } from './frame.js';
import { countDrawn } from './stats.js';

/** Must agree with cards.css. */
const GAP = 12;
const NARROWEST = 300;
const WIDEST = 460;
const HEAD = 54;
const BODY = 152;
const PADDING = 12;
const HEIGHT = HEAD + BODY + PADDING;
/** Rows kept ready above and below the screen, for scrolling that is ahead of the script. */
const OVERSCAN = 2;

export class Grid {
  /** @param {HTMLElement} list the list element, empty; the window scrolls */
  constructor(list, view) {
    this.list = list;
    this.view = view;
    /** Machines in the order shown. */
    this.order = [];
    this.at = new Map();
    /** Visible cards by machine id. */
    this.cards = new Map();
    this.spare = [];
    this.active = null;
    this.moved = true;
    /** False while another view is shown. */
    this.awake = true;
    this.columns = 1;
    this.onOpen = () => {};
    this.onVisible = () => {};
    addEventListener('scroll', () => this.relayout(), { passive: true });
    new ResizeObserver(() => this.relayout()).observe(list);
    list.addEventListener('click', (event) => this.click(event));
    list.addEventListener('focusin', (event) => this.activate(event.target.closest('.card')?.card.machine));
  }

  /** Shows these machines in this order. With `glide`, cards that stay travel to their new place. */
  show(order, glide = false) {
    this.order = order;
    this.at = new Map(order.map((machine, index) => [machine.id, index]));
    if (!this.at.has(this.active)) this.active = order[0]?.id ?? null;
    this.glide = glide;
    this.relayout();
  }

  relayout() {
    this.moved = true;
    requestFrame();
  }

  /** The machine changed; `arrival` is that of the sample that did it. */
  touch(machine, arrival = 0) {
    const card = this.cards.get(machine.id);
    if (!card) return;
    card.dirty = true;
    // The oldest sample not drawn yet: the page's figures are about the longest wait.
    if (!card.arrival) card.arrival = arrival;
    requestFrame();
  }

  /** Everything looks different: theme, link, units of time. */
  touchAll() {
    for (const card of this.cards.values()) card.dirty = true;
    requestFrame();
  }

  get visible() {
    return [...this.cards.values()].map((card) => card.machine);
  }

  frame() {
    if (!this.awake) return;
    if (this.moved) this.layout();
    const view = { ...this.view(), width: this.cardWidth - 2 * PADDING, height: BODY };
    let drawn = null;
    for (const card of this.cards.values()) {
      if (!card.dirty) continue;
      card.draw(view);
      (drawn ??= []).push(card);
    }
    if (!drawn) return;
    const now = performance.now();
    for (const card of drawn) {
      countDrawn(card.machine.id, card.arrival, now);
      card.arrival = 0;
    }
  }

  layout() {
    this.moved = false;
    // Reads first, writes after: one layout a frame.
    const top = this.list.getBoundingClientRect().top;
    const width = this.list.clientWidth;
    const screen = window.innerHeight;
    const fitting = Math.max(1, Math.floor((width + GAP) / (NARROWEST + GAP)));
    // Few machines get more room each, a single one not the whole screen.
    this.columns = Math.max(1, Math.min(fitting, this.order.length));
    const share = Math.floor((width - (this.columns - 1) * GAP) / this.columns);
    const cardWidth = this.columns < fitting ? Math.min(share, WIDEST) : share;
    const resized = cardWidth !== this.cardWidth;
    this.cardWidth = cardWidth;
    const pitch = HEIGHT + GAP;
    const rows = Math.ceil(this.order.length / this.columns);
    const firstRow = Math.max(0, Math.floor(-top / pitch) - OVERSCAN);
    const lastRow = Math.min(rows, Math.ceil((screen - top) / pitch) + OVERSCAN);
    const first = firstRow * this.columns;
    const last = Math.min(this.order.length, lastRow * this.columns);

    const tall = `${Math.max(0, rows * pitch - GAP)}px`;
    if (this.list.style.height !== tall) this.list.style.height = tall;
    for (const [id, card] of this.cards) {
      const index = this.at.get(id);
      // A focused card stays, or scrolling would throw the keyboard back to the top of the page.
      const kept =
        index >= first && index < last ? true : index !== undefined && card.element.contains(document.activeElement);
      if (!kept || this.order[index] !== card.machine) this.release(id, card);
    }
    for (let index = first; index < last; index++) this.place(index, resized);
    for (const [id, card] of this.cards) {
      const index = this.at.get(id);
      if (index < first || index >= last) this.put(card, index);
    }
    // Spare cards leave the page only here, so that a scroll reuses them where they are.
    for (const card of this.spare) card.element.hidden = true;
    this.glide = false;
    this.onVisible();
    this.tidySoon();
  }

  place(index, resized) {
    const machine = this.order[index];
    let card = this.cards.get(machine.id);
    const fresh = !card;
    if (!card) {
      card = this.spare.pop();
      if (!card) {
        card = new Card();
        this.list.append(card.element);
      }
      card.element.hidden = false;
      card.bind(machine);
      this.cards.set(machine.id, card);
    }
    if (resized) {
      card.dirty = true;
      card.element.style.width = `${this.cardWidth}px`;
    } else if (fresh && card.width !== this.cardWidth) {
      card.element.style.width = `${this.cardWidth}px`;
    }
    card.width = this.cardWidth;
    card.element.classList.toggle('glides', this.glide && !fresh);
    this.put(card, index);
  }

  put(card, index) {
    const x = (index % this.columns) * (this.cardWidth + GAP);
    const y = Math.floor(index / this.columns) * (HEIGHT + GAP);
    if (card.x !== x || card.y !== y) {
      card.x = x;
      card.y = y;
      card.element.style.transform = `translate(${x}px, ${y}px)`;
    }
    if (card.index !== index || card.of !== this.order.length) {
      card.index = index;
      card.of = this.order.length;
      card.element.setAttribute('aria-posinset', index + 1);
      card.element.setAttribute('aria-setsize', this.order.length);
    }
    setAttribute(card.name, 'tabindex', card.machine.id === this.active ? '0' : '-1');
  }

  release(id, card) {
    this.cards.delete(id);
    card.machine = null;
    delete card.element.dataset.machine;
    this.spare.push(card);
  }

  /** Once scrolling rests, the DOM's order follows the order seen, for those who read it rather than look at it. */
  tidySoon() {
    clearTimeout(this.tidyTimer);
    this.tidyTimer = setTimeout(() => this.tidy(), 400);
  }

  tidy() {
    const focused = document.activeElement;
    const cards = [...this.cards.values()].sort((a, b) => a.index - b.index);
    let next = null;
    for (let at = cards.length - 1; at >= 0; at--) {
      const { element } = cards[at];
      // Moving the focused element would take the focus from it: the others are put around it.
      if (element.nextSibling !== next && !element.contains(focused)) this.list.insertBefore(element, next);
      next = element;
    }
  }

  activate(machine) {
    if (!machine || machine.id === this.active) return;
    const before = this.cards.get(this.active);
    if (before) before.name.setAttribute('tabindex', '-1');
    this.active = machine.id;
    this.cards.get(this.active)?.name.setAttribute('tabindex', '0');
  }

  /** Moves the focus by so many places in the order; scrolls it into view. */
  step(by) {
    const from = this.at.get(this.active) ?? 0;
    this.focus(Math.min(Math.max(from + by, 0), this.order.length - 1));
  }

  focus(index) {
    const machine = this.order[index];
    if (!machine) return;
    this.activate(machine);
    this.reveal(index);
    this.layout();
    this.cards.get(machine.id)?.name.focus({ preventScroll: true });
    requestFrame();
  }

  reveal(index) {
    const y = this.list.getBoundingClientRect().top + Math.floor(index / this.columns) * (HEIGHT + GAP);
    const under = document.querySelector('.top')?.getBoundingClientRect().bottom ?? 0;
    if (y < under + GAP) window.scrollBy(0, y - under - GAP);
    else if (y + HEIGHT > window.innerHeight - GAP) window.scrollBy(0, y + HEIGHT - window.innerHeight + GAP);
  }

  /** Cards in one screenful. */
  get page() {
    return Math.max(1, Math.floor((window.innerHeight - 120) / (HEIGHT + GAP))) * this.columns;
  }

  click(event) {
    const card = event.target.closest('.card')?.card;
    if (!card?.machine || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey)
      return;
    // Selecting the text of a card is not opening it.
    if (String(getSelection()) && !event.target.closest('a')) return;
    event.preventDefault();
    this.onOpen(card.machine.id);
  }
}
