// One machine in full: charts over time, cores, disks, settings, facts.

import { button, h, setAttribute } from './dom.js';
import { percent, rate } from './format.js';
import { gap } from './card-face.js';
import { DetailHead } from './detail-head.js';
import { Enrolment } from './enrolment.js';
import { requestFrame } from './frame.js';
import { countDrawn } from './stats.js';
import { Disks, Facts } from './facts.js';
import { Heat } from './heat.js';
import { CPU, IO, MEM, NET, READ, RX, SWAP, TX, WRITE } from './past.js';
import { Settings } from './settings.js';
import { TimeChart } from './timechart.js';
import { SPANS, TimeView } from './timeview.js';
import { Track } from './track.js';

const MOST_TRACKS = 8;
/** A past that fills a chart of one minute better than one of five. */
const SHORT = 90_000;

const share = (value) => percent(value);
const flow = { floor: 10_000, format: rate };

const CHARTS = [
  { part: 'cpu', title: 'CPU', top: 100, format: share, series: [{ at: CPU, label: 'use' }] },
  {
    part: 'memory',
    title: 'Memory',
    top: 100,
    format: share,
    series: [
      { at: MEM, label: 'memory' },
      { at: SWAP, label: 'swap', second: true },
    ],
  },
  {
    part: 'network',
    title: 'Network',
    ...flow,
    series: [
      { at: RX, label: 'in' },
      { at: TX, label: 'out', second: true },
      { at: NET, label: 'both', ground: true },
    ],
  },
  {
    part: 'disks',
    title: 'Disk traffic',
    ...flow,
    series: [
      { at: READ, label: 'read' },
      { at: WRITE, label: 'write', second: true },
      { at: IO, label: 'both', ground: true },
    ],
  },
];

export class Detail {
  /**
   * @param {HTMLElement} place
   * @param {{configure(id, changes), forget(id), enrolment(id), revoke(id)}} service
   * @param {() => {clock: number, linked: boolean}} view
   */
  constructor(place, service, view) {
    Object.assign(this, { place, view });
    this.onClose = () => {};
    this.onStep = () => {};
    this.machine = null;
    this.track = null;
    /** Tracks of the machines looked at lately, by id, the latest last. */
    this.tracks = new Map();
    this.dirty = false;
    /** Arrival of the oldest sample not drawn yet. */
    this.arrival = 0;
    this.times = new TimeView();
    this.times.onChange = () => this.timesChanged();
    const clock = () => this.view().clock;
    this.charts = CHARTS.map((shape) => new TimeChart(shape, this.times, clock));
    this.heat = new Heat(this.times, clock);
    for (const chart of [...this.charts, this.heat]) chart.onDirty = () => this.touch();
    this.disks = new Disks();
    this.facts = new Facts();
    this.settings = new Settings(service);
    this.enrolment = new Enrolment(service);
    this.head = new DetailHead({
      close: () => this.onClose(),
      step: (by) => this.onStep(by),
      togglePause: () => this.togglePause(),
      chooseSpan: (span) => this.chooseSpan(span),
      reset: () => this.times.reset(),
    });
    this.build();
  }

  build() {
    this.body = h(
      'div',
      { class: 'detail-body' },
      h(
        'div',
        { class: 'charts' },
        ...this.charts.map((chart) => chart.element),
        this.heat.element,
        this.disks.element,
      ),
      h('aside', { class: 'side', 'aria-label': 'Settings and facts' }, this.settings.element, this.enrolment.element, this.facts.element),
    );
    this.missing = h(
      'div',
      { class: 'empty', hidden: true },
      h('h2', {}, 'No such machine'),
      h('p', {}, 'It is not, or no longer, part of this fleet.'),
      button('', () => this.onClose(), 'Back to the fleet'),
    );
    this.place.replaceChildren(this.head.element, this.body, this.missing);
    this.place.setAttribute('aria-labelledby', 'detail-title');
    this.timesChanged();
  }

  get title() {
    return this.head.title;
  }

  /** Shows a machine from now on; `null` says that there is none. */
  open(machine) {
    if (machine && machine === this.machine) return;
    this.machine = machine;
    this.missing.hidden = Boolean(machine);
    this.body.hidden = this.head.element.hidden = !machine;
    if (!machine) {
      this.close();
      return;
    }
    this.track = this.trackOf(machine);
    this.track.hear();
    this.times.cursor = null;
    this.times.end = null;
    // A stretch somebody chose stays.
    const { ring } = machine;
    const short = ring.length > 0 && ring.lastTime - ring.time(0) < SHORT;
    if (!this.chosen) this.times.span = SPANS[short ? 0 : 1][0];
    this.place.dataset.machine = machine.id;
    this.settings.open(machine);
    this.enrolment.open(machine);
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

  zoom(factor) {
    const now = this.view().clock;
    this.times.zoom(factor, this.times.cursor ?? this.times.window(now).to, now);
  }

  timesChanged() {
    this.head.showTimes(this.times);
    this.touch(true);
  }

  editSettings() {
    this.settings.element.scrollIntoView({ block: 'center' });
    this.settings.fields.name.focus({ preventScroll: true });
  }

  frame() {
    if (!this.machine || !this.dirty) return;
    this.dirty = false;
    const { machine } = this;
    const view = this.view();
    setAttribute(this.place, 'data-state', machine.state);
    setAttribute(this.place, 'data-known', view.linked ? 'yes' : 'no');
    this.head.showMachine(machine, view);
    this.drawCharts(machine);
    const disks = machine.shows('disks') ? (machine.reading?.disks ?? []) : [];
    this.disks.element.hidden = !disks.length;
    this.disks.show(disks);
    this.facts.show(machine);
    this.settings.follow(view.linked);
    countDrawn(machine.id, this.arrival, performance.now());
    this.arrival = 0;
  }

  drawCharts(machine) {
    const silence = gap(machine);
    for (const chart of this.charts) {
      chart.element.hidden = !machine.shows(chart.shape.part);
      if (chart.dirty && !chart.element.hidden) chart.draw(this.track, silence);
    }
    // A picture of one core is the chart of the processor again.
    const cores = machine.shows('cpu') && machine.reading?.cores?.length > 1;
    this.heat.element.hidden = !cores;
    if (cores && this.heat.dirty) this.heat.draw(this.track, silence);
  }
}
