// What the page measures of itself, for the benchmark: read-only through `window.__fleet`.

const KEPT = 8192;

class Figures {
  constructor() {
    this.values = new Float32Array(KEPT);
    this.total = 0;
  }

  add(value) {
    this.values[this.total++ % KEPT] = value;
  }

  read() {
    return Array.from(this.values.subarray(0, Math.min(this.total, KEPT)));
  }
}

const drawn = new Figures();
const work = new Figures();
const counters = { samples: 0, frames: 0, cardsDrawn: 0, firstFleet: NaN, firstHistory: NaN };
const lastDrawn = new Map();

export function countSample() {
  counters.samples++;
}

/** A card (or chart) has been drawn that shows a sample which came at `arrival`. */
export function countDrawn(id, arrival, now) {
  counters.cardsDrawn++;
  if (!arrival) return;
  drawn.add(now - arrival);
  if (lastDrawn.size < 512 || lastDrawn.has(id)) lastDrawn.set(id, performance.timeOrigin + now);
}

export function countFrame(milliseconds) {
  counters.frames++;
  work.add(milliseconds);
}

/** Keeps the first time `what` happened, in ms since navigation began. */
export function mark(what) {
  if (Number.isNaN(counters[what])) counters[what] = performance.now();
}

export function expose(fleet, link) {
  const api = {
    /** Counters since load. */
    counters: () => ({
      ...counters,
      machines: fleet.machines.size,
      states: { ...fleet.counts },
      connection: link.state,
    }),
    /** Milliseconds from a sample's arrival in the page to the end of the drawing that shows it. */
    sampleToDraw: () => drawn.read(),
    /** Milliseconds of script per frame. */
    frameWork: () => work.read(),
    /** Unix ms at which a machine's newest sample was drawn. */
    drawnAt: (id) => lastDrawn.get(id) ?? null,
    reset() {
      drawn.total = 0;
      work.total = 0;
      counters.samples = counters.frames = counters.cardsDrawn = 0;
    },
  };
  Object.defineProperty(window, '__fleet', { value: Object.freeze(api) });
}
