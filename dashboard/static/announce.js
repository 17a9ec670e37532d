// What a screen reader is told of the fleet's changes: politely, gathered, and not more often than one can listen.

import { setText } from './dom.js';

const EVERY = 5000;
const NAMED = 3;

export class Announcer {
  /** @param {HTMLElement} region an aria-live="polite" element */
  constructor(region) {
    this.region = region;
    this.changes = new Map();
    this.timer = 0;
    this.saidAt = -Infinity;
  }

  /** A machine changed its state. */
  state(machine) {
    this.changes.set(machine.id, machine);
    if (this.timer) return;
    const wait = Math.max(600, EVERY - (performance.now() - this.saidAt));
    this.timer = setTimeout(() => this.flush(), wait);
  }

  /** Something the user did or must know, said at once. */
  say(text) {
    this.saidAt = performance.now();
    setText(this.region, text);
  }

  flush() {
    this.timer = 0;
    const machines = [...this.changes.values()];
    this.changes.clear();
    this.say(sentence(machines));
  }

  drop() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.changes.clear();
  }
}

/** "web-1 offline, web-2 stale" for a few; numbers by state for many. */
export function sentence(machines) {
  if (machines.length <= NAMED) return machines.map(({ name, state }) => `${name} ${state}`).join(', ');
  const counts = new Map();
  for (const { state } of machines) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} machines now ${state}`).join(', ');
}
