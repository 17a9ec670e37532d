// One card's DOM, built once and bound to one machine after another as the list scrolls.

import { h, icon, setAttribute, setIcon, setText } from './dom.js';
import { age, brief, percent, rate, ratio } from './format.js';
import { BAD, WARN } from './chart.js';
import { describeFace, drawFace, PARTS } from './card-face.js';

const LABELS = { cpu: 'CPU', memory: 'Memory', disks: 'Disks', network: 'Network' };
/** The words for the face change at most this often; a screen reader need not hear every peak. */
const WORDS_EVERY = 10_000;

export class Card {
  constructor() {
    this.machine = null;
    this.dirty = false;
    this.arrival = 0;
    this.wordsAt = -Infinity;
    this.mark = icon('mark-live', 'mark');
    this.name = h('a', { class: 'card-name', dir: 'auto', tabindex: '-1' });
    this.stateText = h('span', { class: 'card-state' });
    this.where = h('span', { class: 'card-where' });
    this.simulated = h('span', { class: 'badge', hidden: true }, 'simulated');
    this.pending = h('span', { class: 'badge badge-pending', hidden: true }, 'pending');
    this.canvas = h('canvas', { class: 'card-canvas', role: 'img' });
    this.parts = Object.fromEntries(PARTS.map((part) => [part, this.buildPart(part)]));
    this.rest = h('p', { class: 'card-rest', hidden: true });
    this.body = h('div', { class: 'card-body' }, this.canvas, ...PARTS.map((part) => this.parts[part].row), this.rest);
    this.element = h(
      'li',
      { class: 'card' },
      h('div', { class: 'card-head' }, this.mark, this.name, this.stateText),
      h('div', { class: 'card-sub' }, this.where, this.pending, this.simulated),
      this.body,
    );
    this.element.card = this;
  }

  buildPart(part) {
    const value = h('span', { class: 'part-value' });
    const note = h('span', { class: 'part-note' });
    const aside = h('span', { class: 'part-aside' });
    const label = h('span', { class: 'part-label' }, LABELS[part]);
    return { value, note, aside, row: h('div', { class: 'part', 'data-part': part }, label, value, note, aside) };
  }

  /** Shows `machine` from now on. */
  bind(machine) {
    if (this.machine === machine) return;
    this.machine = machine;
    this.arrival = 0;
    this.wordsAt = -Infinity;
    this.element.dataset.machine = machine.id;
    this.name.setAttribute('href', `?machine=${encodeURIComponent(machine.id)}`);
    this.dirty = true;
  }

  /** Writes figures and face. `view` is `{clock, linked, width, height}`: the size of the body and the state of this page's link. */
  draw(view) {
    const { machine, element } = this;
    const { reading, state } = machine;
    this.dirty = false;
    const shown = PARTS.filter((part) => machine.shows(part));
    setAttribute(element, 'data-state', state);
    setAttribute(element, 'data-known', view.linked ? 'yes' : 'no');
    setIcon(this.mark, view.linked ? `mark-${state}` : 'mark-unknown');
    setText(this.name, machine.name);
    setText(this.stateText, stateWords(machine, view));
    const os = brief(machine.facts.os, 24);
    setText(
      this.where,
      [machine.ip, os, reading?.up >= 0 && state !== 'offline' ? `up ${age(reading.up * 1000)}` : '']
        .filter(Boolean)
        .join(' · ') || machine.id,
    );
    this.simulated.hidden = !machine.simulated;
    this.pending.hidden = machine.isApplied !== false;
    for (const part of PARTS) this.parts[part].row.hidden = !shown.includes(part);
    if (shown.includes('cpu')) this.drawCpu(reading);
    if (shown.includes('memory')) this.drawMemory(reading);
    if (shown.includes('disks')) this.drawDisks(reading);
    this.drawNetwork(reading);
    drawFace(this.canvas, machine, shown, view.width, view.height);
    if (view.now - this.wordsAt > WORDS_EVERY) {
      this.wordsAt = view.now;
      setAttribute(this.canvas, 'aria-label', describeFace(machine, shown));
    }
  }

  drawCpu(reading) {
    const { value, note } = this.parts.cpu;
    const cores = reading?.cores?.length ?? 0;
    figure(value, percent(reading?.cpu), reading?.cpu);
    setText(note, cores ? `${cores} ${cores === 1 ? 'core' : 'cores'}` : '');
  }

  drawMemory(reading) {
    const { value, note } = this.parts.memory;
    figure(value, percent(reading?.memory), reading?.memory);
    setText(note, reading?.mem ? ratio(reading.mem[0], reading.mem[1]) : '');
  }

  drawDisks(reading) {
    const { value, note, aside } = this.parts.disks;
    const disks = reading?.disks ?? [];
    figure(value, percent(reading?.disk), reading?.disk);
    const more = disks.length > 1 ? ` +${disks.length - 1}` : '';
    setText(note, disks.length ? brief(disks[0].mount, 40) + more : '');
    setText(aside, reading?.hasIo ? rate(reading.io) : '');
  }

  drawNetwork(reading) {
    const { value, note } = this.parts.network;
    setText(value, `↓ ${rate(reading?.rx)}`);
    setText(note, `↑ ${rate(reading?.tx)}`);
  }
}

function figure(element, text, level) {
  setText(element, text);
  setAttribute(element, 'data-level', level >= BAD ? 'bad' : level >= WARN ? 'warn' : null);
}

/** "live", "stale 4 s", "offline 3 min": the state and, where it matters, its age. */
export function stateWords(machine, { clock, linked }) {
  const last = machine.heard > -Infinity ? machine.heard : machine.turned;
  const ago = last > -Infinity ? age(clock - last) : '';
  if (!linked) return `unknown · was ${machine.state}`;
  switch (machine.state) {
    case 'live':
      return machine.reading ? 'live' : 'waiting';
    case 'disabled':
      return 'disabled';
    default:
      return `${machine.state}${ago ? ` ${ago}` : ''}`;
  }
}
