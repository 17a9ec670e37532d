// A headless Chromium that notices what a good page never does.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import { afterwards } from './afterwards.mjs';

const { chromium } = createRequire(import.meta.url)('playwright-core');

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Chromium's own word on a connection that could not be made. */
export const UNREACHABLE = /^WebSocket connection to 'ws:\/\/127\.0\.0\.1:\d+\/ws' failed/;

/** Starts a browser, which is ended after the test. */
export async function launch(t) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: FLAGS,
  });
  afterwards(t, () => browser.close());
  return browser;
}

/**
 * Opens the page, and after the test fails it if there was an error on the console, a violation of the
 * content security policy, a dialog, or a request to another host. `expected` are errors that may be; `dialogs` says
 * how dialogs are answered, if there may be any.
 */
export async function open(t, browser, url, { expected = [], dialogs = null, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await watched(t, context, url, expected, dialogs);
  await page.goto(url);
  return new Fleet(page, { t, url, expected, dialogs });
}

/** A page of this context that notices what it does wrong. */
async function watched(t, context, url, expected, dialogs) {
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const { host } = new URL(url);
  const faults = [];
  const requested = (address) => {
    const { protocol, host: other } = new URL(address);
    if (!['data:', 'blob:'].includes(protocol) && other !== host) faults.push(`request to ${address}`);
  };
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return;
    if (!expected.some((pattern) => pattern.test(message.text()))) faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`exception: ${error.stack}`));
  page.on('dialog', (dialog) => {
    if (dialogs) return dialog[dialogs.answer]();
    faults.push(`dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  page.on('request', (request) => requested(request.url()));
  page.on('websocket', (socket) => requested(socket.url()));
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  afterwards(t, async () => {
    await context.close();
    assert.deepEqual(faults, [], 'what the page did wrong');
  });
  return page;
}

/** The page, by its hooks (see the head of dashboard/static/app.js). */
export class Fleet {
  constructor(page, opened) {
    this.page = page;
    this.opened = opened;
  }

  /** Another tab of the same browser, at the same address. */
  async another() {
    const { t, url, expected, dialogs } = this.opened;
    const page = await watched(t, this.page.context(), url, expected, dialogs);
    await page.goto(url.replace(/#.*/, ''));
    return new Fleet(page, this.opened);
  }

  /** Waits until this browser's own link is `open`, `closed` … */
  async connection(state) {
    await this.page.waitForSelector(`body[data-connection="${state}"]`);
  }

  /** The id of the machine with this name, as soon as there is one. */
  async machine(name) {
    const card = this.page.locator('#cards [data-machine]').filter({ has: this.page.getByText(name, { exact: true }) });
    return card.first().getAttribute('data-machine');
  }

  card(id) {
    return this.page.locator(`#cards [data-machine="${id}"]`);
  }

  part(id, part) {
    return this.card(id).locator(`[data-part="${part}"]`);
  }

  /** Waits for a machine to be `live`, `offline` …; `known` is whether this browser is in touch. */
  async state(id, state, { known = true } = {}) {
    await this.page.waitForSelector(
      `#cards [data-machine="${id}"][data-state="${state}"][data-known="${known ? 'yes' : 'no'}"]`,
    );
  }

  /** Waits until `count` more samples of the machine have been drawn. */
  async samples(id, count) {
    await this.page.evaluate(
      ([id, count]) => {
        const drawnAt = () => window.__fleet.drawnAt(id);
        let last = drawnAt();
        return new Promise((resolve) => {
          const look = () => {
            if (drawnAt() !== last) {
              last = drawnAt();
              count -= 1;
            }
            if (count === 0) resolve();
            else requestAnimationFrame(look);
          };
          look();
        });
      },
      [id, count],
    );
  }

  /** Opens a machine's own view by its card. */
  async enter(id) {
    await this.card(id).locator('.card-name').click();
    await this.page.waitForSelector(`#detail[data-machine="${id}"]`);
  }

  async leave() {
    await this.page.locator('#home').click();
    await this.page.waitForSelector('body[data-view="fleet"]');
  }

  /** Changes fields of the settings form of the open machine, and waits until its agent has applied them. */
  async configure(changes) {
    const form = this.page.locator('form#settings');
    for (const [name, value] of Object.entries(changes)) {
      const field = form.locator(`[name="${name}"]`);
      if (typeof value === 'boolean') await field.setChecked(value, { force: true });
      else await field.fill(String(value));
    }
    await form.locator('button[type="submit"]').click();
    await this.page.waitForSelector('form#settings[data-applied="yes"][data-situation="applied"]');
  }
}
