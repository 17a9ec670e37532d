// The whole way: real agents, the real router and service, the real page.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { afterwards } from './support/afterwards.mjs';
import { UNREACHABLE, launch, open } from './support/browser.mjs';
import { Agent, Dashboard, folder } from './support/programs.mjs';

/** A dashboard with two agents, and a page that shows both live. */
async function twoMachines(t, options) {
  const dashboard = await Dashboard.start(t);
  const states = await folder(t);
  const first = { name: 'first', state: join(states, 'first') };
  const second = { name: 'second', state: join(states, 'second') };
  const agents = [first, second].map((machine) => Agent.start(t, dashboard, machine));
  const browser = await launch(t);
  const fleet = await open(t, browser, dashboard.url, options);
  await fleet.connection('open');
  const [one, two] = [await fleet.machine('first'), await fleet.machine('second')];
  await fleet.state(one, 'live');
  await fleet.state(two, 'live');
  return { dashboard, agents, browser, fleet, one, two, first };
}

test('shows the figures of two machines move', async (t) => {
  const { fleet, one, two } = await twoMachines(t);
  for (const id of [one, two]) {
    for (const part of ['cpu', 'memory', 'disks', 'network']) assert.ok(await fleet.part(id, part).isVisible());
    assert.match(await fleet.part(id, 'cpu').innerText(), /\d\s?%/);
    await fleet.samples(id, 3);
    const before = await fleet.card(id).innerText();
    await fleet.page.waitForFunction(
      ([id, before]) => document.querySelector(`#cards [data-machine="${id}"]`).innerText !== before,
      [id, before],
    );
  }
});

test('hides the processors of one machine, and changes nothing else', async (t) => {
  const { dashboard, browser, fleet, one, two } = await twoMachines(t);
  const other = await open(t, browser, dashboard.url);
  await other.state(one, 'live');

  await fleet.enter(one);
  await fleet.configure({ show_cpus: false });
  const start = performance.now();
  await other.part(one, 'cpu').waitFor({ state: 'hidden' });
  t.diagnostic(`the other page shows it ${Math.round(performance.now() - start)} ms after the first`);
  await fleet.leave();

  for (const view of [fleet, other]) {
    await view.part(one, 'cpu').waitFor({ state: 'hidden' });
    await view.samples(one, 2);
    assert.ok(await view.part(one, 'cpu').isHidden(), 'it stays hidden');
    for (const part of ['memory', 'disks', 'network']) assert.ok(await view.part(one, part).isVisible(), part);
    for (const part of ['cpu', 'memory', 'disks', 'network']) assert.ok(await view.part(two, part).isVisible(), part);
  }

  await fleet.enter(two);
  for (const name of ['show_cpus', 'show_memory', 'show_disk']) {
    assert.ok(await fleet.page.locator(`form#settings [name="${name}"]`).isChecked(), `${name} of the other machine`);
  }
  await fleet.leave();
  await fleet.enter(one);
  await fleet.configure({ show_cpus: true });
  await other.part(one, 'cpu').waitFor({ state: 'visible' });
});

test('disables a machine and enables it', async (t) => {
  const { fleet, one, two } = await twoMachines(t);
  await fleet.enter(one);
  await fleet.configure({ disabled: true });
  await fleet.leave();
  await fleet.state(one, 'disabled');
  const silent = await fleet.page.evaluate((id) => window.__fleet.drawnAt(id), one);
  await fleet.samples(two, 3);
  assert.equal(await fleet.page.evaluate((id) => window.__fleet.drawnAt(id), one), silent, 'it says nothing');

  await fleet.enter(one);
  await fleet.configure({ disabled: false });
  await fleet.leave();
  await fleet.state(one, 'live');
  await fleet.samples(one, 2);
});

test('changes how often a machine speaks, at once', async (t) => {
  const { fleet, one } = await twoMachines(t);
  await fleet.enter(one);
  await fleet.configure({ frequency: 3600 });
  // It now sleeps for an hour: whatever it says next, a change has woken it.
  await fleet.configure({ frequency: 0.25 });
  const start = performance.now();
  await fleet.samples(one, 8);
  const each = (performance.now() - start) / 8;
  t.diagnostic(`a sample every ${Math.round(each)} ms`);
  assert.ok(each < 1000, `8 samples at 0.25 s took ${Math.round(each * 8)} ms`);
});

test('refuses a setting beside its field, and keeps the machine as it was', async (t) => {
  const { fleet, one } = await twoMachines(t);
  await fleet.enter(one);
  const { page } = fleet;
  await page.locator('form#settings [name="frequency"]').fill('0.1');
  await page.locator('form#settings button[type="submit"]').click();
  await page.waitForSelector('#setting-frequency-error:not(:empty)');
  await fleet.samples(one, 2);
});

test('shows a killed agent offline, and the same machine when it is back', async (t) => {
  const { dashboard, agents, fleet, one, two, first } = await twoMachines(t);
  const start = performance.now();
  await agents[0].end('SIGKILL');
  await fleet.state(one, 'offline');
  const took = performance.now() - start;
  t.diagnostic(`offline ${Math.round(took)} ms after kill -9`);
  assert.ok(took < 3000, `it took ${Math.round(took)} ms`);
  await fleet.state(two, 'live');

  const again = Agent.start(t, dashboard, first);
  await fleet.state(one, 'live');
  await fleet.samples(one, 2);
  assert.equal(await fleet.page.locator('#cards [data-machine]').count(), 2, 'no third card');
  assert.equal(await again.end('SIGINT'), 0);
  await fleet.state(one, 'offline');
});

test('tells a machine that fell silent from one that is gone', async (t) => {
  const { agents, fleet, one, two } = await twoMachines(t);
  const { process: agent } = agents[0];
  afterwards(t, () => agent.kill('SIGCONT'));
  agent.kill('SIGSTOP');
  await fleet.state(one, 'stale');
  await fleet.state(one, 'offline');
  await fleet.state(two, 'live');
  agent.kill('SIGCONT');
  await fleet.state(one, 'live');
});

for (const signal of ['SIGINT', 'SIGKILL']) {
  test(`comes back by itself after the router ended by ${signal}`, async (t) => {
    // There is no way to try a connection that Chromium would not report.
    const { dashboard, fleet, one, two } = await twoMachines(t, { expected: [UNREACHABLE] });
    await fleet.enter(one);
    await fleet.configure({ show_memory: false });
    await fleet.leave();
    await fleet.page.evaluate(() => (window.sameDocument = true));

    const code = await dashboard.end(signal);
    assert.equal(code, signal === 'SIGINT' ? 0 : signal);
    await fleet.connection('closed');
    await fleet.page.waitForSelector('#banner', { state: 'visible' });
    // This browser knows nothing now: that is no news about the machines.
    await fleet.state(one, 'live', { known: false });
    await fleet.state(two, 'live', { known: false });

    await Dashboard.start(t, { port: dashboard.port, data: dashboard.data });
    const start = performance.now();
    await fleet.connection('open');
    await fleet.state(one, 'live');
    await fleet.state(two, 'live');
    t.diagnostic(`all back ${Math.round(performance.now() - start)} ms after the new start`);
    await fleet.samples(one, 2);
    await fleet.samples(two, 2);
    await fleet.page.waitForSelector('#banner', { state: 'hidden' });
    assert.ok(await fleet.page.evaluate(() => window.sameDocument), 'the page was not loaded anew');
    assert.ok(await fleet.part(one, 'memory').isHidden(), 'the settings are kept');
    assert.equal(await fleet.page.locator('#cards [data-machine]').count(), 2);
  });
}

test('shows a hostile name as text', async (t) => {
  const dashboard = await Dashboard.start(t);
  const name = '<script>window.hacked=1</script><img src=x onerror=hacked=1>';
  Agent.start(t, dashboard, { name, state: join(await folder(t), 'state') });
  const fleet = await open(t, await launch(t), dashboard.url);
  const id = await fleet.machine(name);
  await fleet.state(id, 'live');
  assert.equal(await fleet.card(id).locator('.card-name').innerText(), name);
  await fleet.enter(id);
  assert.ok(await fleet.page.locator('#detail').getByText(name).first().isVisible());
  assert.equal(await fleet.page.evaluate(() => window.hacked), undefined);
});

test('is used with the keyboard alone', async (t) => {
  const { fleet, two } = await twoMachines(t);
  const { page } = fleet;
  await page.keyboard.press('/');
  await page.keyboard.type('second');
  await page.waitForFunction(() => document.querySelectorAll('#cards [data-machine]').length === 1);
  assert.match(page.url(), /[?&]q=second/);
  await page.keyboard.press('Tab');
  await page.locator('#cards [data-machine] .card-name').focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector(`#detail[data-machine="${two}"]`);
  await page.goBack();
  await page.waitForSelector('body[data-view="fleet"]');
});
