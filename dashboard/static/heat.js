// Every core over time, as a picture: one row a core, one column a moment, busier is hotter.

import { fit, ink, palette } from './chart.js';
import { h, setAttribute, setText } from './dom.js';
import { percent } from './format.js';
import { clockTime, drawCursor, drawTimeAxis, plotBox, steer } from './timechart.js';

/** Room at the right for each core's bar, as far as there is. */
const BARS = 120;
const BARS_SHARE = 0.24;
const BETWEEN = 14;
/** Percent at which each step of the palette is reached. */
const STOPS = [0, 55, 85, 100];

function parse(colour) {
  const numbers = colour.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0];
  return colour.startsWith('color(') ? numbers.slice(0, 3).map((part) => part * 255) : numbers.slice(0, 3);
}

/** 101 colours as bytes. */
function table(colours) {
  const steps = colours.map(parse);
  const bytes = new Uint8Array(101 * 3);
  for (let level = 0; level <= 100; level++) {
    let stop = 0;
    while (stop < STOPS.length - 2 && level > STOPS[stop + 1]) stop++;
    const share = (level - STOPS[stop]) / (STOPS[stop + 1] - STOPS[stop]);
    for (let c = 0; c < 3; c++) bytes[level * 3 + c] = steps[stop][c] + (steps[stop + 1][c] - steps[stop][c]) * share;
  }
  return bytes;
}

export class Heat {
  constructor(view, clock) {
    Object.assign(this, { view, clock });
    this.dirty = true;
    this.bars = BARS;
    this.picture = document.createElement('canvas');
    this.value = h('span', { class: 'legend-value' });
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
      { class: 'panel chart heat', 'data-part': 'cores' },
      h('figcaption', {}, h('h3', {}, 'Cores'), h('span', { class: 'legend plain' }, this.value), this.note),
      h('div', { class: 'plot' }, this.canvas),
    );
    steer(this.canvas, view, clock, () => this.bars + BETWEEN);
    new ResizeObserver(() => this.touch()).observe(this.canvas);
  }

  touch() {
    this.dirty = true;
    this.onDirty?.();
  }

  draw(track, gap) {
    this.dirty = false;
    const { canvas, view } = this;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!width || !height) return;
    const inks = palette();
    const context = fit(canvas, width, height);
    this.bars = Math.min(BARS, Math.round(width * BARS_SHARE));
    const box = plotBox(width - this.bars - BETWEEN, height);
    const window = view.window(this.clock());
    const rows = track.coreRows.at(-1)?.length ?? 0;
    // Ground for what isn't known.
    context.globalAlpha = 0.4;
    context.fillStyle = inks.track;
    context.fillRect(box.x, box.y, box.width, box.height);
    context.globalAlpha = 1;
    if (rows) this.paint(context, box, window, track, rows, gap, inks);
    this.drawCores(context, box, track.cores, inks);
    drawTimeAxis(context, { ...box, y: box.y + box.height, height: 0 }, window, inks);
    drawCursor(context, box, window, view.cursor, canvas.selection, inks);
    const { levels, time } = this.moment(track, gap);
    if (levels) this.drawBars(context, box, levels, inks);
    this.describe(track, window, levels, time);
  }

  paint(context, box, { from, to }, track, rows, gap, inks) {
    const columns = Math.max(1, Math.round(box.width));
    if (this.inks !== inks) {
      this.inks = inks;
      this.colours = table(inks.heat);
    }
    const { picture, colours } = this;
    picture.width = columns;
    picture.height = rows;
    const pen = picture.getContext('2d');
    const image = pen.createImageData(columns, rows);
    const { coreTimes, coreRows } = track;
    let at = 0;
    for (let column = 0; column < columns; column++) {
      const time = from + ((column + 0.5) / columns) * (to - from);
      // The sample that covers this moment is the first at or after it.
      while (at < coreTimes.length && coreTimes[at] < time) at++;
      const found = at < coreTimes.length ? at : coreTimes.length - 1;
      if (Math.abs(coreTimes[found] - time) > gap || time > coreTimes[found] + gap) continue;
      if (found === 0 && coreTimes[0] - time > gap / 3) continue;
      const levels = coreRows[found];
      for (let row = 0; row < rows; row++) {
        const to = (row * columns + column) * 4;
        const of = levels[row] * 3;
        image.data[to] = colours[of];
        image.data[to + 1] = colours[of + 1];
        image.data[to + 2] = colours[of + 2];
        image.data[to + 3] = 255;
      }
    }
    pen.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(picture, box.x, box.y, box.width, box.height);
    if (box.height / rows >= 5) {
      context.fillStyle = inks.surface;
      for (let row = 1; row < rows; row++)
        context.fillRect(box.x, Math.round(box.y + (row * box.height) / rows), box.width, 1);
    }
  }

  drawCores(context, box, cores, inks) {
    context.font = `11px ${inks.font}`;
    context.fillStyle = inks.text;
    context.textAlign = 'right';
    context.textBaseline = 'top';
    if (cores) context.fillText('0', box.x - 8, box.y);
    context.textBaseline = 'bottom';
    if (cores > 1) context.fillText(String(cores - 1), box.x - 8, box.y + box.height);
  }

  /** Each core's bar beside its row: now, or at the cursor. */
  drawBars(context, box, levels, inks) {
    const x = box.x + box.width + BETWEEN;
    const pitch = box.height / levels.length;
    const tall = Math.max(1, Math.min(pitch - (pitch > 3 ? 1 : 0), 14));
    const figures = pitch >= 13 && this.bars > 100;
    const width = this.bars - (figures ? 42 : 0);
    context.font = `11px ${inks.font}`;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (let row = 0; row < levels.length; row++) {
      const y = box.y + row * pitch + (pitch - tall) / 2;
      context.fillStyle = inks.track;
      context.fillRect(x, y, width, tall);
      context.fillStyle = ink(levels[row], inks);
      context.fillRect(x, y, (width * levels[row]) / 100, tall);
      if (!figures) continue;
      context.fillStyle = inks.strong;
      context.fillText(percent(levels[row]), x + this.bars, y + tall / 2 + 0.5);
    }
  }

  /** The row of the moment shown: at the cursor, else the newest. */
  moment(track, gap) {
    const { cursor } = this.view;
    const { coreTimes, coreRows } = track;
    if (cursor === null || !coreTimes.length) return { levels: coreRows.at(-1), time: null };
    let at = coreTimes.findIndex((other) => other >= cursor);
    if (at < 0) at = coreTimes.length - 1;
    if (Math.abs(coreTimes[at] - cursor) > gap) return { levels: null, time: cursor };
    return { levels: coreRows[at], time: coreTimes[at] };
  }

  describe(track, { from, to }, levels, time) {
    const { cursor } = this.view;
    if (!levels) {
      setText(this.value, '');
      setText(this.note, time === null ? 'from the next sample on' : clockTime(time));
      return;
    }
    let busiest = 0;
    for (let row = 1; row < levels.length; row++) if (levels[row] > levels[busiest]) busiest = row;
    const core = Math.floor((busiest * track.cores) / levels.length);
    const words = `busiest: core ${core}, ${percent(levels[busiest])}`;
    setText(this.value, words);
    const [first] = track.coreTimes;
    const since = first > from ? ` · followed since ${clockTime(first)}` : '';
    setText(this.note, time === null ? `${track.cores} cores${since}` : clockTime(time));
    setAttribute(this.canvas, 'aria-valuetext', time === null ? words : `${clockTime(time)}: ${words}`);
    setAttribute(this.canvas, 'aria-valuenow', String(Math.round((((cursor ?? to) - from) / (to - from)) * 100)));
    setAttribute(
      this.canvas,
      'aria-label',
      `Use of each of ${track.cores} cores over time. Arrow keys move the cursor.`,
    );
  }
}
