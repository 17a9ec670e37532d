// The stretch of time the detail charts show together: following now, or held at a zoom; and the moment under the cursor.

export const SPANS = [
  [60_000, '1 min'],
  [300_000, '5 min'],
  [900_000, '15 min'],
  [3_600_000, '1 h'],
];

const SHORTEST = 5000;
const LONGEST = 3_600_000;

export class TimeView {
  constructor() {
    this.span = 300_000;
    /** Right edge when held; `null` follows the clock. */
    this.end = null;
    this.cursor = null;
    this.onChange = () => {};
  }

  get paused() {
    return this.end !== null;
  }

  window(now) {
    const to = this.end ?? now;
    return { from: to - this.span, to };
  }

  setSpan(span) {
    this.span = Math.min(Math.max(span, SHORTEST), LONGEST);
    this.onChange();
  }

  pause(now) {
    this.end = now;
    this.onChange();
  }

  follow() {
    this.end = null;
    this.onChange();
  }

  reset() {
    this.span = 300_000;
    this.follow();
  }

  /** Shows just this stretch, and holds it. */
  zoomTo(from, to) {
    this.span = Math.min(Math.max(to - from, SHORTEST), LONGEST);
    this.end = (from + to) / 2 + this.span / 2;
    this.onChange();
  }

  /** Zooms by a factor around a moment, which keeps its place; following goes on if the right edge is now. */
  zoom(factor, around, now) {
    const { to } = this.window(now);
    const span = Math.min(Math.max(this.span * factor, SHORTEST), LONGEST);
    const share = (to - around) / this.span;
    if (this.paused || share > 0.08) this.end = Math.min(around + span * share, now);
    if (this.end !== null && this.end >= now) this.end = null;
    this.span = span;
    this.onChange();
  }

  point(time) {
    if (this.cursor === time) return;
    this.cursor = time;
    this.onChange();
  }
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].map((seconds) => seconds * 1000);

/** Round wall-clock moments in a window, no more than `most`. */
export function ticks(from, to, origin, most) {
  const step = STEPS.find((candidate) => (to - from) / candidate <= most) ?? STEPS.at(-1);
  const marks = [];
  for (let wall = Math.ceil((from + origin) / step) * step; wall <= to + origin; wall += step)
    marks.push(wall - origin);
  return { step, marks };
}
