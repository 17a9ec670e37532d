// What a card's canvas shows: meters and sparklines, one row per visible part. Pure drawing.

import { bars, fit, ink, meter, palette, peak, trace, WARN } from './chart.js';
import { rate } from './format.js';
import { CPU, IO, MEM, NET } from './past.js';

export const PARTS = ['cpu', 'memory', 'disks', 'network'];
/** Share of the width that belongs to figures and meters; the sparkline has the rest. */
const FIGURES = 0.6;
const GUTTER = 12;
const METER_HEIGHT = 4;
const WINDOW = 300_000;
const SHORT_WINDOW = 60_000;
const MOST_METERS = 4;

const SERIES_OF = { cpu: CPU, memory: MEM, disks: IO, network: NET };

/** Stretch of time a machine's sparklines cover: five minutes, or sixty samples of a slow machine; less while less is known. */
export function span(machine) {
  const { ring, interval } = machine;
  const known = ring.length ? ring.lastTime - ring.time(0) : 0;
  return Math.max(Math.min(WINDOW, Math.max(known, SHORT_WINDOW)), interval * 60);
}

/** Silence that is a gap rather than a late sample. */
export function gap(machine) {
  return Math.max(machine.interval * 3.5, 3500);
}

export function drawFace(canvas, machine, parts, width, height) {
  const context = fit(canvas, width, height);
  if (!parts.length) return;
  const inks = palette();
  const tall = height / parts.length;
  const figures = Math.floor(width * FIGURES);
  const sparkX = figures + GUTTER;
  const to = machine.ring.lastTime;
  const from = to - span(machine);
  const first = machine.ring.rowAt(from);
  parts.forEach((part, index) => {
    const y = index * tall;
    // Figures stand on the row's first line; meters on a base line near its foot.
    drawMeter(context, part, machine.reading, 0, y + tall - 13, figures, inks);
    const box = { x: sparkX, y: y + 4, width: width - sparkX - 1, height: tall - 12 };
    context.fillStyle = inks.grid;
    context.fillRect(box.x, box.y + box.height + 0.5, box.width, 1);
    const series = SERIES_OF[part];
    const isShare = part === 'cpu' || part === 'memory';
    // Traffic has its own scale, with room above the peak for the figure that stands there.
    const top = isShare ? 100 : Math.max(peak(machine.ring, series, first), 10_000) * (part === 'disks' ? 1.7 : 1.15);
    const now = isShare ? machine.reading?.[part] : 0;
    const stroke = now >= WARN ? ink(now, inks) : inks.accent;
    trace(context, box, machine.ring, series, { from, to, top, gap: gap(machine), stroke, fill: stroke });
  });
}

function drawMeter(context, part, reading, x, y, width, inks) {
  if (part === 'cpu' && reading?.cores?.length) {
    bars(context, x, y - 5, width, METER_HEIGHT + 5, reading.cores, inks);
  } else if (part === 'memory') {
    meter(context, x, y, width, METER_HEIGHT, reading?.memory, inks);
  } else if (part === 'disks') {
    const disks = reading?.disks ?? [];
    const shown = Math.max(1, Math.min(disks.length, MOST_METERS));
    const each = (width - (shown - 1) * 4) / shown;
    for (let at = 0; at < shown; at++)
      meter(context, x + at * (each + 4), y, each, METER_HEIGHT, disks[at]?.percent, inks);
  }
}

/** The face in words. */
export function describeFace(machine, parts) {
  const { ring } = machine;
  if (!ring.length) return 'No history yet';
  const first = ring.rowAt(ring.lastTime - span(machine));
  const minutes = Math.max(1, Math.round((ring.lastTime - ring.time(first)) / 60_000));
  const pieces = parts.map((part) => {
    const most = peak(ring, SERIES_OF[part], first);
    if (part === 'cpu') return `CPU peak ${Math.round(most)} %`;
    if (part === 'memory') return `memory peak ${Math.round(most)} %`;
    return `${part === 'disks' ? 'disk' : 'network'} traffic peak ${rate(most)}`;
  });
  return `Last ${minutes} min: ${pieces.join(', ')}`;
}
