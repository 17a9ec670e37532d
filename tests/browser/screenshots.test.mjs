// Pictures for people to look at: each view, light and dark, on a desktop and a phone, in SCREENSHOTS. The one
// README.md shows is made anew only when README_SCREENSHOT says where.

import assert from 'node:assert/strict';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { launch, open } from './support/browser.mjs';
import { Agent, Dashboard, folder } from './support/programs.mjs';

const FOLDER = process.env.SCREENSHOTS ?? 'target/screenshots';
const MACHINES = 12;
const SIZES = {
  desktop: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
};
/** Samples a machine needs for its sparklines to say something. */
const ENOUGH = process.env.README_SCREENSHOT ? 75 : 12;

/** Takes a picture, and makes sure there is one. */
async function shoot(target, path, options) {
  await target.screenshot({ path, animations: 'disabled', ...options });
  assert.ok((await stat(path)).size > 10_000, `${path} is nearly empty`);
}

test('pictures of signing in, and of what there is then', async (t) => {
  await mkdir(FOLDER, { recursive: true });
  const dashboard = await Dashboard.start(t, { args: ['--authentication', 'always', '--no-agent', '--demo', '2'] });
  const state = join(await folder(t), 'web-1');
  Agent.start(t, dashboard, { name: 'web-1', state }, '--enrol', dashboard.enrolmentKey);
  const browser = await launch(t);
  for (const colorScheme of ['light', 'dark']) {
    for (const [size, options] of Object.entries(SIZES)) {
      const fleet = await open(t, browser, dashboard.url, { ...options, colorScheme });
      const { page } = fleet;
      const picture = (view) => join(FOLDER, `${view}-${colorScheme}-${size}.png`);
      await fleet.connection('refused');
      await shoot(page, picture('signin'));
      await page.locator('#token').fill('admin-mistyped');
      await page.keyboard.press('Enter');
      await page.locator('#signin-error').getByText('not the admin token').waitFor();
      await shoot(page, picture('signin-wrong'));
      const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok((await overflow()) <= 0, `${size}: signing in is wider than the window`);
      await page.locator('#token').fill(dashboard.token);
      await page.keyboard.press('Enter');
      await fleet.state('demo-1', 'live');
      await shoot(page, picture('signed-in'));
      assert.ok((await overflow()) <= 0, `${size}: the page is wider than the window`);
      await page.locator('#add').click();
      await shoot(page, picture('add'));
      await page.keyboard.press('Escape');
      await fleet.enter(await fleet.machine('web-1'));
      await page.locator('.enrolment code').waitFor();
      await page.locator('.enrolment').scrollIntoViewIfNeeded();
      await shoot(page, picture('enrolment'));
      await page.context().close();
    }
  }
});

test('pictures of every view', async (t) => {
  await mkdir(FOLDER, { recursive: true });
  const dashboard = await Dashboard.start(t, { args: ['--no-agent', '--demo', String(MACHINES)] });
  const browser = await launch(t);
  const first = await open(t, browser, dashboard.url);
  await first.connection('open');
  await first.page.waitForFunction(
    (most) => window.__fleet.counters().machines >= most && window.__fleet.counters().states.live >= most / 2,
    MACHINES,
  );
  await first.page.waitForFunction((count) => window.__fleet.counters().samples >= count, MACHINES * ENOUGH, {
    timeout: 120_000,
  });
  const id = await first.page.locator('#cards [data-machine][data-state="live"]').first().getAttribute('data-machine');

  for (const colorScheme of ['light', 'dark']) {
    for (const [size, options] of Object.entries(SIZES)) {
      const fleet = await open(t, browser, dashboard.url, { ...options, colorScheme });
      const picture = (view) => join(FOLDER, `${view}-${colorScheme}-${size}.png`);
      await fleet.connection('open');
      await fleet.samples(id, 2);
      await shoot(fleet.page, picture('fleet'));
      await fleet.enter(id);
      await fleet.samples(id, 2);
      await shoot(fleet.page, picture('detail'), { fullPage: true });
      const form = fleet.page.locator('form#settings');
      await form.scrollIntoViewIfNeeded();
      await form.locator('[name="show_disk"]').setChecked(false, { force: true });
      await shoot(fleet.page, picture('settings'));
      const box = await form.locator('[name="show_disk"]').boundingBox();
      assert.ok(box.width > box.height, `${size}: a switch is ${box.width} px wide and ${box.height} px tall`);
      const overflow = await fleet.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${size}: the page is ${overflow} px wider than the window`);
      await fleet.page.context().close();
    }
  }
  if (process.env.README_SCREENSHOT) {
    const fleet = await open(t, browser, dashboard.url, { colorScheme: 'light' });
    await fleet.samples(id, 2);
    await shoot(fleet.page, process.env.README_SCREENSHOT);
  }
});
