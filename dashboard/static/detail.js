// One machine in full: charts over time, cores, disks, settings, facts.

import { h, icon, setAttribute, setIcon, setText } from './dom.js';
import { percent, rate } from './format.js';
import { stateWords } from './card.js';
import { gap } from './card-face.js';
import { requestFrame } from './frame.js';
import { countDrawn } from './stats.js';
import { Disks, Facts } from './facts.js';
import { Heat } from './heat.js';
import { Settings } from './settings.js';
import { TimeChart } from './timechart.js';
import { SPANS, TimeView } from './timeview.js';
import { CPU, IO, MEM, NET, READ, RX, SWAP, Track, TX, WRITE } from './track.js';

const MOST_TRACKS = 8;
const SHORT = 90_000;

const share = (value) => percent(value);

const CHARTS = [
  { part: 'cpu', title: 'CPU', top: 100, format: share, series: [{ at: CPU, label: 'use' }] },
  { part: 'memory', title: 'Memory', top: 100, format: share, series: [{ at: MEM, label: 'memory' }, { at: SWAP, label: 'swap', second: true }] },
  { part: 'network', title: 'Network', floor: 10_000, format: rate, series: [{ at: RX, label: 'in' }, { at: TX, label: 'out', second: true }, { at: NET, label: 'both', ground: true }] },
  { part: 'disks', title: 'Disk traffic', floor: 10_000, format: rate, series: [{ at: READ, label: 'read' }, { at: WRITE, label: 'written', second: true }, { at: IO, label: 'both', ground: true }] },
];

export class Detail {
  /** @param {HTMLElement} place @param {() => {clock: number, linked: boolean}} view */
  constructor(place, service, view) {
    this.place = place;
    this.view = view;
    this.machine = null;
    this.dirty = false;
    this.arrival = 0;
    this.tracks = new Map();
    this.times = new TimeView();
    this.times.onChange = () => this.timesChanged();
    const clock = () => this.view().clock;
    this.charts = CHARTS.map((shape) => {
      const chart = new TimeChart(shape, this.times, clock);
      chart.element.dataset.part = shape.part;
      return chart;
    });
    this.heat = new Heat(this.times, clock);
    for (const chart of [...this.charts, this.heat]) chart.onDirty = () => this.touch();
    this.disks = new Disks();
    this.facts = new Facts();
    this.settings = new Settings(service);
    this.build();
  }

  build() {
    this.onClose = () => {};
    this.onStep = () => {};
    this.mark = icon('mark-live', 'mark');
    this.title = h('h2', { id: 'detail-title', tabindex: '-1', dir: 'auto' });
    this.state = h('span', { class: 'detail-state' });
    this.badge = h('span', { class: 'badge' }, 'simulated');
    this.back = h('button', { type: 'button', class: 'button quiet back', onclick: () => this.onClose() }, icon('icon-back'), h('span', {}, 'Fleet'));
    this.previous = h('button', { type: 'button', class: 'button quiet square', 'aria-label': 'Previous machine', title: 'Previous machine  [', onclick: () => this.onStep(-1) }, icon('icon-back'));
    this.next = h('button', { type: 'button', class: 'button quiet square', 'aria-label': 'Next machine', title: 'Next machine  ]', onclick: () => this.onStep(1) }, icon('icon-next'));
    this.pauseIcon = icon('icon-pause');
    this.pauseText = h('span', {}, 'Pause');
    this.pause = h('button', { type: 'button', class: 'button pause', onclick: () => this.togglePause() }, this.pauseIcon, this.pauseText);
    this.spans = SPANS.map(([span, label]) => h('button', { type: 'button', 'data-span': span, onclick: () => this.chooseSpan(span) }, label));
    this.reset = h('button', { type: 'button', class: 'button quiet', hidden: true, onclick: () => this.times.reset() }, 'Reset zoom');
    this.body = h(
      'div',
      { class: 'detail-body' },
      h('div', { class: 'charts' }, ...this.charts.map((chart) => chart.element), this.heat.element, this.disks.element),
      h('aside', { class: 'side', 'aria-label': 'Settings and facts' }, this.settings.element, this.facts.element),
    );
    this.missing = h('div', { class: 'empty', hidden: true }, h('h2', {}, 'No such machine'), h('p', {}, 'It is not, or no longer, part of this fleet.'), h('button', { type: 'button', class: 'button', onclick: () => this.onClose() }, 'Back to the fleet'));
    this.head = h(
      'div',
      { class: 'detail-head' },
      this.back,
      h('div', { class: 'detail-name' }, this.mark, this.title, this.state, this.badge),
      h('div', { class: 'detail-tools' }, this.reset, h('div', { class: 'segments', role: 'group', 'aria-label': 'Stretch of time shown' }, ...this.spans), this.pause, this.previous, this.next),
    );
    this.place.replaceChildren(this.head, this.body, this.missing);
    this.place.setAttribute('aria-labelledby', 'detail-title');
    this.timesChanged();
  }

  open(machine) {
    if (machine === this.machine && this.place.dataset.machine) return;
    this.machine = machine;
    this.missing.hidden = Boolean(machine);
    this.body.hidden = this.head.hidden = !machine;
    this.track = machine && this.trackOf(machine);
    if (!machine) {
      delete this.place.dataset.machine;
      return;
    }
    this.track.hear();
    this.times.cursor = null;
    this.times.end = null;
    // A short past fills a short chart better; a stretch somebody chose stays.
    const { ring } = machine;
    if (!this.chosen) this.times.span = ring.length && ring.lastTime - ring.time(0) < SHORT ? SPANS[0][0] : SPANS[1][0];
    this.place.dataset.machine = machine.id;
    this.settings.open(machine);
    this.timesChanged();
  }

  /** Machines looked at lately go on being followed in full, so that coming back shows no hole. */
  trackOf(machine) {
    const track = this.tracks.get(machine.id) ?? new Track(machine);
    this.tracks.delete(machine.id);
    this.tracks.set(machine.id, track);
    track.machine = machine;
    track.seed();
    if (this.tracks.size > MOST_TRACKS) this.tracks.delete(this.tracks.keys().next().value);
    return track;
  }

  close() {
    this.machine = null;
    this.track = null;
    delete this.place.dataset.machine;
  }

  /** A machine has sent a sample. */
  hear(machine) {
    this.tracks.get(machine.id)?.hear();
    if (machine !== this.machine) return;
    this.arrival ||= machine.heard;
    this.touch(true);
  }

  /** The past of the machine has come. */
  seed() {
    this.track?.seed();
    this.touch(true);
  }

  touch(all = false) {
    if (!this.machine) return;
    if (all) for (const chart of [...this.charts, this.heat]) chart.dirty = true;
    this.dirty = true;
    requestFrame();
  }

  chooseSpan(span) {
    this.chosen = true;
    this.times.end = null;
    this.times.setSpan(span);
  }

  togglePause() {
    if (this.times.paused) this.times.follow();
    else this.times.pause(this.view().clock);
  }

  editSettings() {
    this.settings.element.scrollIntoView({ block: 'center' });
    this.settings.fields.name.focus({ preventScroll: true });
  }

  zoom(factor) {
    const now = this.view().clock;
    this.times.zoom(factor, this.times.cursor ?? this.times.window(now).to, now);
  }

  timesChanged() {
    const { paused, span } = this.times;
    setIcon(this.pauseIcon, paused ? 'icon-play' : 'icon-pause');
    setText(this.pauseText, paused ? 'Resume' : 'Pause');
    setAttribute(this.pause, 'aria-label', paused ? 'Resume the charts' : 'Pause the charts');
    for (const button of this.spans) setAttribute(button, 'aria-pressed', String(Number(button.dataset.span) === span));
    this.reset.hidden = SPANS.some(([known]) => known === span);
    this.touch(true);
  }

  frame() {
    if (!this.machine || !this.dirty) return;
    this.dirty = false;
    const { machine, track } = this;
    const view = this.view();
    setAttribute(this.place, 'data-state', machine.state);
    setAttribute(this.place, 'data-known', view.linked ? 'yes' : 'no');
    setIcon(this.mark, view.linked ? `mark-${machine.state}` : 'mark-unknown');
    setText(this.title, machine.name);
    setText(this.state, stateWords(machine, view));
    this.badge.hidden = !machine.simulated;
    for (const chart of this.charts) {
      chart.element.hidden = !machine.shows(chart.shape.part);
      if (chart.dirty && !chart.element.hidden) chart.draw(track, machine, gap(machine));
    }
    const cores = machine.shows('cpu') && (machine.reading?.cores?.length ?? 0) > 1;
    this.heat.element.hidden = !cores;
    if (cores && this.heat.dirty) this.heat.draw(track, machine, gap(machine));
    this.disks.element.hidden = !machine.shows('disks') || !machine.reading?.disks?.length;
    if (!this.disks.element.hidden) this.disks.show(machine.reading.disks);
    this.facts.show(machine);
    this.settings.follow(view.linked);
    countDrawn(machine.id, this.arrival, performance.now());
    this.arrival = 0;
  }
}
