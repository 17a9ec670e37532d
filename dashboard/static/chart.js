// Drawing on canvas: what sparklines and time charts share. Knows boxes, scales and colours, no DOM and no machines.

/** Gives a canvas the size of its box in device pixels; returns its context, scaled to CSS pixels, and whether it was cleared. */
export function fit(canvas, width, height) {
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  const w = Math.max(1, Math.round(width * ratio));
  const h = Math.max(1, Math.round(height * ratio));
  const context = canvas.getContext('2d');
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

let colours = null;

/** The theme's colours for canvases, read once per theme from the registered custom properties `--ink-…`. */
export function palette() {
  if (colours) return colours;
  const style = getComputedStyle(document.documentElement);
  const ink = (name) => style.getPropertyValue(`--ink-${name}`).trim();
  colours = {
    accent: ink('accent'),
    second: ink('second'),
    warn: ink('warn'),
    bad: ink('bad'),
    ground: ink('ground'),
    track: ink('track'),
    grid: ink('grid'),
    text: ink('text'),
    strong: ink('strong'),
    surface: ink('surface'),
    heat: ['cool', 'mild', 'warm', 'hot'].map((step) => ink(step)),
    font: style.getPropertyValue('--font').trim() || 'sans-serif',
  };
  return colours;
}

/** Forgets the colours: the theme changed. */
export function forgetPalette() {
  colours = null;
}

export const WARN = 85;
export const BAD = 95;

/** The ink of a percentage. */
export function ink(percent, inks = palette()) {
  if (percent >= BAD) return inks.bad;
  return percent >= WARN ? inks.warn : inks.accent;
}

/** Smallest round number that is not below `value` and whose quarters are round too. */
export function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8]) {
    if (step * power >= value * 0.9999) return step * power;
  }
  return 10 * power;
}

/** Largest known value of a series among rows [first, last). */
export function peak(ring, series, first = 0, last = ring.length) {
  let most = 0;
  for (let row = first; row < last; row++) {
    const value = ring.value(series, row);
    if (value > most) most = value;
  }
  return most;
}

/**
 * Draws one series of a ring as a line, filled below when `fill` is given.
 * Rows that fall on one pixel column are drawn as that column's range; silence longer than `gap` and unknown values break the line.
 *
 * @param {{x: number, y: number, width: number, height: number}} box
 * @param {{from: number, to: number, top: number, gap: number, stroke: string, fill?: string | CanvasGradient, thickness?: number}} how
 */
export function trace(context, box, ring, series, { from, to, top, gap, stroke, fill, thickness = 1.25 }) {
  const first = Math.max(0, ring.rowAt(from) - 1);
  const last = Math.min(ring.length, ring.rowAt(to) + 1);
  if (last <= first) return;
  const perMs = box.width / (to - from);
  const perUnit = box.height / top;
  const floor = box.y + box.height;
  const dense = last - first > box.width * 2;
  context.save();
  context.beginPath();
  context.rect(box.x, box.y - 1, box.width + 1, box.height + 2);
  context.clip();
  context.beginPath();
  context.lineWidth = thickness;
  context.lineJoin = 'round';
  context.strokeStyle = stroke;

  let begin = NaN;
  let x = NaN;
  let y = NaN;
  let runRows = 0;
  let earlier = NaN;
  const area = fill ? new Path2D() : null;
  const finish = () => {
    if (!(begin >= 0 || begin < 0)) return;
    // A lone sample between gaps would be a line of no length: show it as a short dash.
    if (runRows === 1) {
      context.moveTo(x - 1, y);
      context.lineTo(x + 1, y);
    }
    if (area) {
      area.lineTo(x, floor);
      area.lineTo(begin, floor);
      area.closePath();
    }
    begin = NaN;
    runRows = 0;
  };
  for (let row = first; row < last; row++) {
    const time = ring.time(row);
    let value = ring.value(series, row);
    if (!(value >= 0)) {
      finish();
      earlier = NaN;
      continue;
    }
    if (time - earlier > gap) finish();
    earlier = time;
    const atX = box.x + (time - from) * perMs;
    if (dense) {
      // The tallest of the rows on this pixel: a peak must not vanish because many rows share a column.
      while (row + 1 < last && (ring.time(row + 1) - from) * perMs < Math.floor((time - from) * perMs) + 1) {
        const next = ring.value(series, row + 1);
        if (!(next >= 0) || ring.time(row + 1) - earlier > gap) break;
        earlier = ring.time(row + 1);
        if (next > value) value = next;
        row++;
      }
    }
    x = atX;
    y = floor - Math.min(value, top) * perUnit;
    if (runRows === 0) {
      begin = x;
      context.moveTo(x, y);
      area?.moveTo(x, y);
    } else {
      context.lineTo(x, y);
      area?.lineTo(x, y);
    }
    runRows++;
  }
  finish();
  if (area) {
    context.fillStyle = fill;
    context.globalAlpha = 0.16;
    context.fill(area);
    context.globalAlpha = 1;
  }
  context.stroke();
  context.restore();
}

/** A horizontal meter with round ends. */
export function meter(context, x, y, width, height, percent, inks = palette()) {
  const radius = height / 2;
  context.fillStyle = inks.track;
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
  context.fill();
  if (!(percent >= 0)) return;
  context.fillStyle = ink(percent, inks);
  context.beginPath();
  context.roundRect(x, y, Math.max(height, (width * Math.min(percent, 100)) / 100), height, radius);
  context.fill();
}

const WIDEST_BAR = 24;

/** One upright bar per core; cores that share a pixel show the busiest of them. */
export function bars(context, x, y, width, height, values, inks = palette()) {
  const slots = Math.min(values.length, Math.max(1, Math.floor(width / 2)));
  if (!slots) return;
  const pitch = Math.min(width / slots, WIDEST_BAR);
  const bar = Math.max(1, pitch - (pitch > 3 ? 2 : pitch > 1.5 ? 0.5 : 0));
  const floor = y + height;
  context.fillStyle = inks.track;
  for (let slot = 0; slot < slots; slot++) context.fillRect(x + slot * pitch, y, bar, height);
  for (let slot = 0; slot < slots; slot++) {
    let most = NaN;
    const end = Math.max(Math.floor(((slot + 1) * values.length) / slots), slot + 1);
    for (let core = Math.floor((slot * values.length) / slots); core < end; core++) {
      if (!(values[core] <= most)) most = values[core];
    }
    if (!(most >= 0)) continue;
    const tall = Math.max(1, (height * most) / 100);
    context.fillStyle = ink(most, inks);
    context.fillRect(x + slot * pitch, floor - tall, bar, tall);
  }
}
