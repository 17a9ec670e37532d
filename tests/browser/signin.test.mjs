// Where the dashboard asks who somebody is: signing in and out, and machines that enrol.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { UNREACHABLE, launch, open } from './support/browser.mjs';
import { Agent, Dashboard, folder } from './support/programs.mjs';

const GUARDED = ['--no-agent', '--authentication', 'always'];

const remembered = (fleet) => fleet.page.evaluate(() => localStorage.getItem('token'));

async function signIn(fleet, token) {
  await fleet.page.locator('#token').fill(token);
  await fleet.page.keyboard.press('Enter');
}

test('the address that was printed opens the fleet, shows no token, and is needed once', async (t) => {
  const dashboard = await Dashboard.start(t, { args: GUARDED });
  const browser = await launch(t);
  const fleet = await open(t, browser, `${dashboard.url}?sort=name#token=${dashboard.token}`);
  await fleet.connection('open');
  assert.equal(fleet.page.url(), `${dashboard.url}?sort=name`);
  assert.ok(await fleet.page.locator('#signin').isHidden());
  await fleet.page.goto(dashboard.url);
  await fleet.connection('open');

  await fleet.page.locator('#signout').click();
  await fleet.connection('refused');
  assert.equal(await remembered(fleet), null);
  assert.ok(await fleet.page.locator('#signin').isVisible());
  assert.ok(await fleet.page.locator('#tools').isHidden());
});

test('signs in with the keyboard alone, and says what is wrong', async (t) => {
  const dashboard = await Dashboard.start(t, { args: GUARDED });
  const browser = await launch(t);
  const fleet = await open(t, browser, dashboard.url);
  await fleet.connection('refused');
  const { page } = fleet;
  const error = page.locator('#signin-error');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'token');
  assert.equal(await error.innerText(), '');

  await page.keyboard.press('Enter');
  assert.match(await error.innerText(), /missing/);
  await signIn(fleet, 'admin-aaaabbbbccccddddeeeeffffgggghhhh');
  await error.getByText('not the admin token').waitFor();
  await signIn(fleet, dashboard.enrolmentKey);
  await error.getByText('enrolment key').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'token');
  assert.equal(await remembered(fleet), null);

  // What was printed may be pasted as a whole.
  await signIn(fleet, ` ${dashboard.url}#token=${dashboard.token} `);
  await fleet.connection('open');
  assert.equal(await remembered(fleet), dashboard.token);
  assert.ok(await page.locator('#signin').isHidden());
});

test('asks again when the token was replaced, in every tab', async (t) => {
  const data = await folder(t);
  const dashboard = await Dashboard.start(t, { args: GUARDED, data });
  const browser = await launch(t);
  const fleet = await open(t, browser, `${dashboard.url}#token=${dashboard.token}`, { expected: [UNREACHABLE] });
  await fleet.connection('open');
  await dashboard.end('SIGINT');
  await fleet.connection('closed');
  const args = [...GUARDED, '--new-admin-token'];
  const again = await Dashboard.start(t, { port: dashboard.port, data, args });
  assert.notEqual(again.token, dashboard.token);
  await fleet.connection('refused');
  await fleet.page.locator('#signin-error').getByText('there is a new one').waitFor();
  assert.equal(await remembered(fleet), null);
  await signIn(fleet, again.token);
  await fleet.connection('open');

  const other = await fleet.another();
  await other.connection('open');
  await fleet.page.locator('#signout').click();
  await other.connection('refused');
});

test('a machine enrols, is shown, and enrols again only when it may', async (t) => {
  const dashboard = await Dashboard.start(t, { args: GUARDED });
  const states = await folder(t);
  const machine = { name: 'first', state: join(states, 'first') };
  const stranger = Agent.start(t, dashboard, machine);
  assert.equal(await stranger.ended, 1);
  assert.match(stranger.complaint, /--enrol KEY/);
  const mistaken = Agent.start(t, dashboard, machine, '--enrol', `${dashboard.enrolmentKey}x`);
  assert.equal(await mistaken.ended, 1);
  assert.match(mistaken.complaint, /does not know this enrolment key/);

  let agent = Agent.start(t, dashboard, machine, '--enrol', dashboard.enrolmentKey);
  const browser = await launch(t);
  const dialogs = { answer: 'accept' };
  const fleet = await open(t, browser, `${dashboard.url}#token=${dashboard.token}`, { dialogs });
  const id = await fleet.machine('first');
  await fleet.state(id, 'live');
  // From now on without the key.
  await agent.end();
  await fleet.state(id, 'offline');
  agent = Agent.start(t, dashboard, machine);
  await fleet.state(id, 'live');

  await fleet.enter(id);
  const enrolment = fleet.page.locator('.enrolment');
  assert.match(await enrolment.locator('code').innerText(), /^([0-9a-f]{4} ){4}…$/);
  await enrolment.getByRole('button').click();
  assert.equal(await agent.ended, 1);
  assert.match(agent.complaint, /does not know this machine's key/);
  await enrolment.getByText('has yet to enrol').waitFor();

  // The key is made anew on the page, and the old one is worth nothing.
  await fleet.page.locator('#add').click();
  await fleet.page.getByRole('button', { name: 'Make a new key' }).click();
  await fleet.page.getByText('shown this once').waitFor();
  const command = await fleet.page.locator('#add-dialog code').first().innerText();
  const key = /--enrol (enrol-\S+)/.exec(command.replace(/\s+/g, ' '))[1];
  const late = Agent.start(t, dashboard, machine, '--enrol', dashboard.enrolmentKey);
  assert.equal(await late.ended, 1);
  Agent.start(t, dashboard, machine, '--enrol', key);
  await fleet.page.keyboard.press('Escape');
  await fleet.leave();
  await fleet.state(id, 'live');
});

test('without authentication nothing of it is shown', async (t) => {
  const dashboard = await Dashboard.start(t, { args: ['--no-agent', '--demo', '1'] });
  const browser = await launch(t);
  const fleet = await open(t, browser, `${dashboard.url}#token=left-over-from-another-time`);
  await fleet.state('demo-1', 'live');
  assert.ok(await fleet.page.locator('#signout').isHidden());
  await fleet.enter('demo-1');
  assert.ok(await fleet.page.locator('.enrolment').isHidden());
  assert.equal(await remembered(fleet), null);
});
