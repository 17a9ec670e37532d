// What is measured, each on a page that shows the whole fleet.

/** The value below which a share of the values lies. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] : NaN;
}

export const median = (values) => quantile(values, 0.5);

/** Opens the page anew and says when the whole fleet was drawn, in ms after navigation began and after the load event. */
export async function load(context, url, machines) {
  const page = await context.newPage();
  await page.goto(url, { waitUntil: 'load' });
  await page.waitForFunction(() => Number.isFinite(window.__fleet?.counters().firstFleet));
  const times = await page.evaluate(() => {
    const { firstFleet, machines } = window.__fleet.counters();
    const { loadEventEnd } = performance.getEntriesByType('navigation')[0];
    return { fromNavigation: firstFleet, fromLoad: firstFleet - loadEventEnd, machines };
  });
  await page.close();
  if (times.machines < machines) throw new Error(`the page shows ${times.machines} of ${machines} machines`);
  return times;
}

/** Waits until the fleet is complete and live, on a page that is thrown away. */
export async function settle(context, url, machines) {
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForFunction(
    (count) => {
      const counters = window.__fleet?.counters();
      return counters && counters.machines >= count && counters.states.live >= count * 0.99;
    },
    machines,
    { timeout: 120_000, polling: 500 },
  );
  await page.close();
}

/** Scrolls up and down for some seconds, a step a frame, and returns the page's figures of that time. */
export async function scroll(page, { seconds, step }) {
  return page.evaluate(
    async ({ seconds, step }) => {
      window.__fleet.reset();
      const begin = performance.now();
      const frames = [];
      let before = begin;
      let direction = 1;
      await new Promise((resolve) => {
        const frame = (now) => {
          frames.push(now - before);
          before = now;
          const { scrollHeight } = document.documentElement;
          if (window.scrollY + window.innerHeight >= scrollHeight - 2) direction = -1;
          else if (window.scrollY <= 0) direction = 1;
          window.scrollBy(0, step * direction);
          if (now - begin < seconds * 1000) requestAnimationFrame(frame);
          else resolve();
        };
        requestAnimationFrame(frame);
      });
      const elapsed = (performance.now() - begin) / 1000;
      frames.splice(0, 2);
      const { samples, cardsDrawn } = window.__fleet.counters();
      return {
        frames,
        fps: frames.length / elapsed,
        samples: samples / elapsed,
        cards: cardsDrawn / elapsed,
        work: window.__fleet.frameWork(),
        latency: window.__fleet.sampleToDraw(),
      };
    },
    { seconds, step },
  );
}

/** Looks at the page at rest for some seconds. */
export async function rest(page, { seconds }) {
  return page.evaluate(async (seconds) => {
    window.__fleet.reset();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    return { latency: window.__fleet.sampleToDraw(), samples: window.__fleet.counters().samples / seconds };
  }, seconds);
}

/** Publishes samples of a machine of its own from another tab; ms from there to the end of the drawing here, by router and fleet service. */
export async function throughService(context, url, { rounds }) {
  const id = `bench${Math.random().toString(36).slice(2, 7)}`;
  const publisher = await context.newPage();
  await publisher.goto(`${url}static/icon.svg`);
  const watcher = await context.newPage();
  await watcher.goto(`${url}?q=${id}`);
  await watcher.waitForSelector('body[data-connection="open"]');
  await publisher.evaluate(
    async ({ id, url }) => {
      const { Session } = await import(`${url}static/wamp.js`);
      const session = await Session.join(`${url.replace('http', 'ws')}ws`, 'realm1');
      window.publishOne = async (level) => {
        const at = performance.timeOrigin + performance.now();
        const sample = {
          id,
          ip: '127.0.0.99',
          name: id,
          cpus: [level, level],
          mem: [level, 100],
          net: [level, level],
          up: level,
        };
        await session.publish('clientstats', [sample]);
        return at;
      };
    },
    { id, url },
  );
  const drawnAfter = async (published, timeout) => {
    const drawn = await watcher.waitForFunction(
      ({ id, published }) => {
        const at = window.__fleet.drawnAt(id);
        return at > published && at;
      },
      { id, published },
      { polling: 20, timeout },
    );
    return drawn.jsonValue();
  };
  // A machine's first sample only makes its card: once that is there, the rest are drawn as they come.
  await publisher.evaluate(() => window.publishOne(0));
  await watcher.waitForSelector(`[data-machine="${id}"]`);
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const published = await publisher.evaluate((level) => window.publishOne(level), round % 100);
    times.push((await drawnAfter(published, 10_000)) - published);
  }
  await Promise.all([publisher.close(), watcher.close()]);
  return times;
}
