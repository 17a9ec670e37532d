// Benchmark of the page in headless Chromium.
//
//   node page.mjs --modules DIR (--binary PATH | --url URL)
//     [--machines 1000,5000] [--seconds 10] [--loads 5] [--chromium PATH] [--json]
//
// --modules  folder whose node_modules has playwright-core
// --binary   a wamp-dashboard to start with --demo N for each N of --machines (build it with --release)
// --url      a running dashboard instead; --machines then says how many it has
//
// "Sample to draw" begins when a sample arrives in the page; "publish in one tab to draw in another" is the whole way of
// a sample, by router and fleet service, and has the same targets.
//
// Prints the figures beside their targets; exits with 1 if one is missed. Browser, router and all simulated machines
// share the processors of this computer, and nothing is drawn by a GPU: figures on a desktop are better, and figures
// taken while something else keeps the processors busy say little.

import { parseArgs } from 'node:util';
import { launch } from './browser.mjs';
import { load, median, quantile, rest, scroll, settle, throughService } from './measure.mjs';
import { serve } from './server.mjs';

const { values: options } = parseArgs({
  options: {
    modules: { type: 'string' },
    binary: { type: 'string' },
    url: { type: 'string' },
    machines: { type: 'string', default: '1000,5000' },
    seconds: { type: 'string', default: '10' },
    loads: { type: 'string', default: '5' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
    json: { type: 'boolean', default: false },
  },
});
if (!options.modules || !(options.binary || options.url)) {
  console.error('needs --modules DIR and --binary PATH or --url URL');
  process.exit(2);
}

const SCROLL_STEP = 12;

/** Smallest frame rate by number of machines. */
const frameTarget = (machines) => (machines <= 1000 ? 60 : 55);
/** A 60 Hz clock read over some seconds may come out a hair below. */
const CLOCK_ERROR = 0.5;

async function measure(url, machines) {
  const browser = await launch({ modules: options.modules, executable: options.chromium });
  try {
    const { context } = browser;
    await settle(context, url, machines);
    const loads = [];
    for (let round = 0; round < Number(options.loads); round++) loads.push(await load(context, url, machines));
    const page = await context.newPage();
    const errors = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(url);
    await page.waitForSelector('body[data-connection="open"]');
    await page.waitForTimeout(3000);
    const seconds = Number(options.seconds);
    const still = await rest(page, { seconds });
    const scrolling = await scroll(page, { seconds, step: SCROLL_STEP });
    await page.close();
    const whole = await throughService(context, url, { rounds: 60 });
    if (errors.length) throw new Error(`the page reported: ${errors.join('; ')}`);
    return report(machines, { loads, still, scrolling, whole });
  } finally {
    await browser.close();
  }
}

function report(machines, { loads, still, scrolling, whole }) {
  const figure = (name, value, unit, target, digits = 1) => {
    const good = unit === 'fps' ? value >= target - CLOCK_ERROR : value <= target;
    return { name, value: Number(value.toFixed(digits)), unit, target, met: target === undefined ? null : good };
  };
  return {
    machines,
    figures: [
      figure('whole fleet on screen, after load (median)', median(loads.map((time) => time.fromLoad)), 'ms', 300),
      figure(
        'whole fleet on screen, after navigation (median)',
        median(loads.map((time) => time.fromNavigation)),
        'ms',
      ),
      figure('samples received at rest', still.samples, '/s', undefined, 0),
      figure('sample to draw at rest, median', median(still.latency), 'ms', 20),
      figure('sample to draw at rest, p99', quantile(still.latency, 0.99), 'ms', 50),
      figure('scrolling: frames', scrolling.fps, 'fps', frameTarget(machines)),
      figure('scrolling: frame interval, p99', quantile(scrolling.frames, 0.99), 'ms'),
      figure('scrolling: script per frame, median', median(scrolling.work), 'ms', undefined, 2),
      figure('scrolling: script per frame, p99', quantile(scrolling.work, 0.99), 'ms'),
      figure('scrolling: samples received', scrolling.samples, '/s', undefined, 0),
      figure('scrolling: cards drawn', scrolling.cards, '/s', undefined, 0),
      figure('scrolling: sample to draw, median', median(scrolling.latency), 'ms', 20),
      figure('scrolling: sample to draw, p99', quantile(scrolling.latency, 0.99), 'ms', 50),
      figure('publish in one tab to draw in another, median', median(whole), 'ms', 20),
      figure('publish in one tab to draw in another, p95', quantile(whole, 0.95), 'ms', 50),
    ],
  };
}

function print({ machines, figures }) {
  console.log(`\n${machines} machines × 4 sparklines at 1 Hz, 1440×900`);
  for (const { name, value, unit, target, met } of figures) {
    const wanted = target === undefined ? '' : `${unit === 'fps' ? '≥' : '≤'} ${target}  ${met ? 'ok' : 'MISSED'}`;
    console.log(`  ${name.padEnd(50)} ${String(value).padStart(9)} ${unit.padEnd(4)} ${wanted}`);
  }
}

const reports = [];
for (const machines of options.machines.split(',').map(Number)) {
  const running = { url: options.url && new URL(options.url).href, close: async () => {} };
  const server = options.binary ? await serve(options.binary, machines) : running;
  try {
    reports.push(await measure(server.url, machines));
  } finally {
    await server.close();
  }
  if (!options.json) print(reports.at(-1));
}
if (options.json) console.log(JSON.stringify(reports, null, 2));
process.exitCode = reports.some(({ figures }) => figures.some(({ met }) => met === false)) ? 1 : 0;
