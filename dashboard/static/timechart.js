// One chart of the detail view: lines over time with axes, cursor, zoom and figures.

import { ceiling, fit, palette, trace } from './chart.js';
import { h, setAttribute, setText } from './dom.js';
import { ticks } from './timeview.js';

const LEFT = 58;
const RIGHT = 6;
const TOP = 8;
const BOTTOM = 22;
const DRAG = 6;

/** Made when first used: it takes milliseconds, and the fleet is to be on screen first. */
const clockFormat = (parts) => {
  let format;
  return (time) => {
    format ??= new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', ...parts, hourCycle: 'h23' });
    return format.format(performance.timeOrigin + time);
  };
};

export const clockTime = clockFormat({ second: '2-digit' });
const minuteTime = clockFormat({});

/** Lets pointer and keys on a canvas move the shared cursor and zoom the shared window; the plot ends `right()` pixels early. */
export function steer(canvas, view, clock, right = () => 0) {
  let drag = null;
  const timeAt = (event) => {
    const box = canvas.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT - right());
    const { from, to } = view.window(clock());
    return from + Math.min(Math.max(share, 0), 1) * (to - from);
  };
  canvas.addEventListener('pointermove', (event) => {
    const time = timeAt(event);
    if (drag && event.pointerType === 'mouse')
      canvas.selection = Math.abs(event.clientX - drag.x) > DRAG ? [drag.time, time] : null;
    view.point(time);
  });
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button === 0) drag = { x: event.clientX, time: timeAt(event) };
    canvas.setPointerCapture(event.pointerId);
    view.point(timeAt(event));
  });
  const drop = (event) => {
    const chosen = canvas.selection;
    drag = null;
    canvas.selection = null;
    if (chosen && event.type === 'pointerup') view.zoomTo(Math.min(...chosen), Math.max(...chosen));
  };
  canvas.addEventListener('pointerup', drop);
  canvas.addEventListener('pointercancel', drop);
  canvas.addEventListener('pointerleave', () => drag || view.point(null));
  canvas.addEventListener('blur', () => view.point(null));
  canvas.addEventListener('dblclick', () => view.reset());
  canvas.addEventListener(
    'wheel',
    (event) => {
      // Plain scrolling must go on scrolling the page; with Ctrl (a pinch on a touch pad says so too) it zooms.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      view.zoom(Math.exp(Math.min(Math.max(event.deltaY, -60), 60) / 120), timeAt(event), clock());
    },
    { passive: false },
  );
  canvas.addEventListener('keydown', (event) => {
    const { from, to } = view.window(clock());
    const step = (to - from) / (event.shiftKey ? 10 : 100);
    const at = view.cursor ?? to;
    const move = { ArrowLeft: at - step, ArrowRight: at + step, Home: from, End: to }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    view.point(Math.min(Math.max(move, from), to));
  });
}

/** Places of a canvas' plot, in CSS pixels. */
export function plotBox(width, height) {
  return { x: LEFT, y: TOP, width: width - LEFT - RIGHT, height: height - TOP - BOTTOM };
}

/** Times along the bottom. */
export function drawTimeAxis(context, box, { from, to }, inks) {
  const { step, marks } = ticks(
    from,
    to,
    performance.timeOrigin - new Date().getTimezoneOffset() * 60_000,
    Math.max(2, box.width / 76),
  );
  const format = step < 60_000 ? clockTime : minuteTime;
  context.font = `11px ${inks.font}`;
  context.textBaseline = 'alphabetic';
  for (const time of marks) {
    const x = box.x + ((time - from) / (to - from)) * box.width;
    context.fillStyle = inks.grid;
    context.fillRect(Math.round(x), box.y, 1, box.height);
    const text = format(time);
    const half = context.measureText(text).width / 2;
    context.fillStyle = inks.text;
    context.textAlign = 'center';
    context.fillText(text, Math.min(Math.max(x, box.x + half), box.x + box.width - half), box.y + box.height + 16);
  }
}

export function drawCursor(context, box, { from, to }, cursor, selection, inks) {
  const at = (time) => box.x + ((time - from) / (to - from)) * box.width;
  if (selection) {
    context.fillStyle = inks.accent;
    context.globalAlpha = 0.18;
    context.fillRect(at(selection[0]), box.y, at(selection[1]) - at(selection[0]), box.height);
    context.globalAlpha = 1;
  }
  if (cursor !== null && cursor >= from && cursor <= to) {
    context.fillStyle = inks.text;
    context.fillRect(Math.round(at(cursor)), box.y, 1, box.height);
  }
}

export class TimeChart {
  /**
   * @param {{part: string, title: string, series: {at: number, label: string, second?: boolean, ground?: boolean}[], format: (value: number) => string, top?: number, floor?: number}} shape
   * `top` fixes the scale, else it follows the data; a `ground` is a quiet area under the others.
   */
  constructor(shape, view, clock) {
    Object.assign(this, { shape, view, clock });
    this.dirty = true;
    this.legend = shape.series.map(({ label, second, ground }) => {
      const value = h('span', { class: 'legend-value' });
      return {
        value,
        item: h(
          'span',
          { class: `legend${second ? ' second' : ''}${ground ? ' ground' : ''}` },
          shape.series.length > 1 ? h('span', { class: 'legend-label' }, label) : null,
          value,
        ),
      };
    });
    this.note = h('span', { class: 'chart-note' });
    this.canvas = h('canvas', {
      tabindex: '0',
      role: 'slider',
      'aria-orientation': 'horizontal',
      'aria-valuemin': '0',
      'aria-valuemax': '100',
    });
    this.element = h(
      'figure',
      { class: 'panel chart', 'data-part': shape.part },
      h('figcaption', {}, h('h3', {}, shape.title), ...this.legend.map(({ item }) => item), this.note),
      h('div', { class: 'plot' }, this.canvas),
    );
    steer(this.canvas, view, clock);
    new ResizeObserver(() => this.touch()).observe(this.canvas);
  }

  touch() {
    this.dirty = true;
    this.onDirty?.();
  }

  draw(track, gap) {
    this.dirty = false;
    const { shape, view, canvas } = this;
    const { ring } = track;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!width || !height) return;
    const inks = palette();
    const context = fit(canvas, width, height);
    const box = plotBox(width, height);
    const window = view.window(this.clock());
    const first = Math.max(0, ring.rowAt(window.from) - 1);
    const last = ring.rowAt(window.to);
    const statistics = shape.series.map((series) => this.measure(ring, series, first, last));
    const top = shape.top ?? ceiling(Math.max(...statistics.map(({ most }) => most), shape.floor ?? 1) * 1.08);
    this.drawScale(context, box, top, inks);
    drawTimeAxis(context, box, window, inks);
    const grounded = shape.series.some(({ ground }) => ground);
    // Grounds first, then from the last line to the first, so that the first lies on top.
    for (const index of [...shape.series.keys()].sort(
      (a, b) => Number(Boolean(shape.series[b].ground)) - Number(Boolean(shape.series[a].ground)) || b - a,
    )) {
      const { at, second, ground } = shape.series[index];
      const stroke = ground ? inks.ground : second ? inks.second : inks.accent;
      const fill = ground ? inks.accent : second || grounded ? undefined : stroke;
      trace(context, box, ring, at, { ...window, top, gap, stroke, fill, thickness: ground ? 1 : 1.6 });
      statistics[index].stroke = stroke;
    }
    drawCursor(context, box, window, view.cursor, canvas.selection, inks);
    this.drawFigures(context, box, window, ring, statistics, top, gap, inks);
    this.describe(window, statistics);
  }

  measure(ring, { at }, first, last) {
    let most = 0;
    let least = Infinity;
    let sum = 0;
    let known = 0;
    for (let row = first; row < last; row++) {
      const value = ring.value(at, row);
      if (!(value >= 0)) continue;
      if (value > most) most = value;
      if (value < least) least = value;
      sum += value;
      known++;
    }
    return { most, least, mean: sum / known, now: last > 0 ? ring.value(at, last - 1) : NaN };
  }

  drawScale(context, box, top, inks) {
    const lines = box.height > 110 ? 4 : 2;
    context.font = `11px ${inks.font}`;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (let line = 0; line <= lines; line++) {
      const y = Math.round(box.y + box.height - (box.height * line) / lines);
      context.fillStyle = inks.grid;
      context.fillRect(box.x, y, box.width, 1);
      context.fillStyle = inks.text;
      context.fillText(this.shape.format((top * line) / lines), box.x - 8, y);
    }
  }

  /** Legend values: at the cursor, else the newest; and a dot on each line there. */
  drawFigures(context, box, { from, to }, ring, statistics, top, gap, inks) {
    const { cursor } = this.view;
    let row = -1;
    if (cursor !== null && ring.length) {
      row = Math.min(ring.rowAt(cursor), ring.length - 1);
      if (row > 0 && cursor - ring.time(row - 1) < ring.time(row) - cursor) row--;
    }
    // Where nothing was heard there is nothing to say.
    const far = row >= 0 && Math.abs(ring.time(row) - cursor) > gap;
    this.shape.series.forEach(({ at }, index) => {
      const value = row < 0 ? statistics[index].now : far ? NaN : ring.value(at, row);
      statistics[index].shown = value;
      setText(this.legend[index].value, this.shape.format(value));
      if (row < 0 || !(value >= 0)) return;
      const x = box.x + ((ring.time(row) - from) / (to - from)) * box.width;
      if (x < box.x || x > box.x + box.width) return;
      context.beginPath();
      context.arc(x, box.y + box.height - (Math.min(value, top) / top) * box.height, 3.5, 0, 7);
      context.fillStyle = statistics[index].stroke;
      context.strokeStyle = inks.surface;
      context.lineWidth = 1.5;
      context.fill();
      context.stroke();
    });
    this.at = row < 0 ? null : far ? cursor : ring.time(row);
  }

  /** The picture in words: a summary as its name, the cursor as its value. */
  describe({ from, to }, statistics) {
    const { shape } = this;
    const { most, mean, least } = statistics.at(shape.series.at(-1).ground ? -1 : 0);
    const known = mean >= 0;
    setText(
      this.note,
      this.at !== null
        ? clockTime(this.at)
        : known
          ? shape.series.length > 2
            ? ''
            : `mean ${shape.format(mean)} · peak ${shape.format(most)}`
          : 'no data in this stretch',
    );
    const words = shape.series
      .map(({ label }, index) => `${label} ${shape.format(statistics[index].shown)}`)
      .join(', ');
    setAttribute(this.canvas, 'aria-valuetext', this.at !== null ? `${clockTime(this.at)}: ${words}` : words);
    setAttribute(
      this.canvas,
      'aria-valuenow',
      String(Math.round((((this.view.cursor ?? to) - from) / (to - from)) * 100)),
    );
    if (performance.now() - (this.namedAt ?? -Infinity) < 10_000) return;
    this.namedAt = performance.now();
    const summary = known
      ? `mean ${shape.format(mean)}, lowest ${shape.format(least)}, highest ${shape.format(most)}`
      : 'no data';
    setAttribute(
      this.canvas,
      'aria-label',
      `${shape.title} from ${clockTime(from)} to ${clockTime(to)}: ${summary}. Arrow keys move the cursor.`,
    );
  }
}
