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
  const link = new Link('ws://x/ws', 'realm1', prepare, 'topic');
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

test('a quiet link is asked, a dead one dropped', async () => {
  const { link } = await opened();
  link.beat();
  assert.equal(sockets[0].sent.length, 1, 'only HELLO: nothing to ask yet');
  link.session.heard -= 3000;
  link.beat();
  link.beat();
  assert.deepEqual(sockets[0].sent.slice(1), [[32, 1, {}, 'topic']], 'asked once');
  link.session.heard -= 5000;
  link.beat();
  assert.equal(link.state, 'closed');
});

test('an answer keeps a quiet link', async () => {
  const { link } = await opened();
  link.session.heard -= 3000;
  link.beat();
  sockets[0].onmessage({ data: '[33,1,5]' });
  await settle();
  link.beat();
  assert.equal(link.state, 'open');
  assert.equal(sockets[0].sent.length, 2);
});
