import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Link } from '../static/link.js';

let sockets;

class FakeWebSocket {
  static OPEN = 1;
  readyState = 1;
  sent = [];
  constructor() {
    sockets.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
  welcome() {
    this.onopen();
    this.onmessage({ data: '[2,7,{}]' });
  }
  drop() {
    this.onclose?.({ code: 1006, reason: '' });
  }
}

const before = globalThis.WebSocket;
beforeEach(() => {
  sockets = [];
  globalThis.WebSocket = FakeWebSocket;
  mock.timers.enable({ apis: ['setTimeout'] });
});
afterEach(() => {
  globalThis.WebSocket = before;
  mock.timers.reset();
});

/** Lets what was settled take its course. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

async function opened(prepare = async () => {}) {
  const link = new Link('ws://x/ws', 'realm1', prepare);
  const states = [];
  link.onChange = (state) => states.push(state);
  link.connect();
  sockets[0].welcome();
  await settle();
  return { link, states };
}

test('is open once it is prepared, not before', async () => {
  let ready;
  const { link, states } = await opened(() => new Promise((resolve) => (ready = resolve)));
  assert.equal(link.state, 'connecting');
  ready();
  await settle();
  assert.deepEqual(states, ['connecting', 'open']);
});

test('comes back by itself after a loss, and prepares again', async () => {
  let prepared = 0;
  const { link, states } = await opened(async () => prepared++);
  sockets[0].drop();
  assert.equal(link.state, 'closed');
  mock.timers.tick(400);
  assert.equal(sockets.length, 2);
  sockets[1].welcome();
  await settle();
  assert.deepEqual(states, ['connecting', 'open', 'closed', 'connecting', 'open']);
  assert.equal(prepared, 2);
});

test('a preparation that fails is a link that failed', async () => {
  const { link } = await opened(async () => {
    throw new Error('no snapshot');
  });
  assert.deepEqual([link.state, link.reason, sockets[0].readyState], ['closed', 'no snapshot', 3]);
  mock.timers.tick(400);
  assert.equal(sockets.length, 2, 'one attempt, not one per reason to try');
});

test('a loss while preparing is tried again once', async () => {
  const { link } = await opened((session) => session.call('never answered'));
  sockets[0].drop();
  await settle();
  assert.equal(link.state, 'closed');
  mock.timers.tick(1000);
  await settle();
  assert.equal(sockets.length, 2);
});

test('time stands still while there is no link', async () => {
  const { link } = await opened();
  const { heard } = link.session;
  sockets[0].drop();
  assert.equal(link.clock(heard + 60_000), heard);
});

test('silence of the link is not silence of the machines', async () => {
  const { link } = await opened();
  const { heard } = link.session;
  assert.equal(link.clock(heard + 500), heard + 500);
  assert.equal(link.clock(heard + 60_000), heard + 1000);
});

test('a quiet link is dropped', async () => {
  const { link } = await opened();
  const { heard } = link.session;
  for (let quiet = 500; quiet <= 6000; quiet += 500) link.beat(heard + quiet);
  assert.equal(link.state, 'open');
  link.beat(heard + 6500);
  assert.equal(link.state, 'closed');
});

test('what peers say keeps a link, what the router says does not', async () => {
  const { link } = await opened((session) => session.subscribe('topic', () => {}).catch(() => {}));
  sockets[0].onmessage({ data: '[33,1,5]' });
  await settle();
  assert.equal(link.state, 'open');
  const { session } = link;
  session.heard = -Infinity;
  sockets[0].onmessage({ data: '[33,9,5]' });
  assert.equal(session.heard, -Infinity);
  sockets[0].onmessage({ data: '[36,5,1,{},[[]]]' });
  assert.ok(session.heard > 0);
  session.heard = -Infinity;
  sockets[0].onmessage({ data: '[50,9,{},[]]' });
  assert.ok(session.heard > 0);
});

test('a page that slept listens before it drops its link', async () => {
  const { link } = await opened();
  const woken = link.session.heard + 60_000;
  for (let later = 0; later <= 2500; later += 500) link.beat(woken + later);
  assert.equal(link.state, 'open');
  link.beat(woken + 3000);
  assert.equal(link.state, 'closed');
});

test('is refused until there is another token, and then tries that', async () => {
  const link = new Link('ws://x/ws', 'realm1', async () => {});
  link.connect();
  sockets[0].onopen();
  sockets[0].onmessage({ data: '[3,{"message":"who are you"},"wamp.error.no_matching_auth_method"]' });
  await settle();
  assert.equal(link.state, 'refused');
  mock.timers.tick(60_000);
  link.retry();
  assert.equal(sockets.length, 1, 'it does not try in vain');

  link.use('admin-token');
  assert.equal(sockets.length, 2);
  sockets[1].onopen();
  assert.equal(sockets[1].sent[0][2].authid, 'admin');
  sockets[1].onmessage({ data: '[2,7,{}]' });
  await settle();
  assert.equal(link.state, 'open');
});

test('a session that comes too late for a token is not kept', async () => {
  const link = new Link('ws://x/ws', 'realm1', async () => {});
  link.use('old-token');
  link.use('new-token');
  sockets[0].welcome();
  await settle();
  assert.equal(link.session, null);
  sockets[1].welcome();
  await settle();
  assert.equal(link.state, 'open');
});
