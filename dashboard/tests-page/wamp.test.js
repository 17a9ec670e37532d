import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Session, WampError } from '../static/wamp.js';

let socket;

class FakeWebSocket {
  static OPEN = 1;
  readyState = 1;
  sent = [];
  constructor(url, protocol) {
    Object.assign(this, { url, protocol });
    socket = this;
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
  answer(...message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

const before = globalThis.WebSocket;
beforeEach(() => (globalThis.WebSocket = FakeWebSocket));
afterEach(() => (globalThis.WebSocket = before));

async function joined(options) {
  const joining = Session.join('ws://x/ws', 'realm1', options);
  socket.onopen();
  socket.answer(2, 77, { roles: {} });
  return joining;
}

test('says HELLO in JSON and joins on WELCOME', async () => {
  const session = await joined();
  assert.equal(socket.protocol, 'wamp.2.json');
  assert.deepEqual(socket.sent[0].slice(0, 2), [1, 'realm1']);
  assert.equal(session.id, 77);
});

test('request ids count from one over all kinds of requests', async () => {
  const session = await joined();
  const waiting = [
    session.subscribe('a', () => {}),
    session.call('b'),
    session.publish('c', [1]),
    session.subscribe('d', () => {}, { match: 'prefix' }),
  ];
  assert.deepEqual(socket.sent.slice(1), [
    [32, 1, {}, 'a'],
    [48, 2, {}, 'b', []],
    [16, 3, {}, 'c', [1]],
    [32, 4, { match: 'prefix' }, 'd'],
  ]);
  session.close();
  const ends = await Promise.allSettled(waiting);
  assert.deepEqual(
    ends.map(({ status }) => status),
    ['rejected', 'rejected', 'fulfilled', 'rejected'],
  );
});

test('events reach their handlers with args, kwargs and details', async () => {
  const session = await joined();
  const heard = [];
  const subscribing = session.subscribe('a', (...event) => heard.push(event));
  socket.answer(33, 1, 900);
  await subscribing;
  socket.answer(36, 900, 1, { topic: 'a' }, ['x'], { y: 1 });
  socket.answer(36, 900, 2, {});
  socket.answer(36, 901, 3, {}, ['not ours']);
  assert.deepEqual(heard, [
    [['x'], { y: 1 }, { topic: 'a' }],
    [[], {}, {}],
  ]);
});

test('results and errors settle their calls', async () => {
  const session = await joined();
  const good = session.call('good', [1]);
  const bad = session.call('bad');
  socket.answer(8, 48, 2, {}, 'wamp.error.invalid_argument', ['frequency: too small'], { field: 'frequency' });
  socket.answer(50, 1, {}, ['yes']);
  assert.equal(await good, 'yes');
  await assert.rejects(
    bad,
    (error) =>
      error instanceof WampError &&
      error.uri === 'wamp.error.invalid_argument' &&
      error.message === 'frequency: too small' &&
      error.kwargs.field === 'frequency',
  );
});

test('a call without an answer times out', async () => {
  const session = await joined();
  await assert.rejects(session.call('slow', [], undefined, { timeout: 1 }), { uri: 'page.timeout' });
  socket.answer(50, 1, {}, ['late']);
});

test('a lost connection rejects what waits and tells once', async () => {
  let told = 0;
  const session = await joined({ onClose: () => told++ });
  const waiting = session.call('x');
  const { onclose } = socket;
  onclose({ code: 1006, reason: '' });
  onclose({ code: 1006, reason: '' });
  await assert.rejects(waiting, { uri: 'page.closed' });
  await assert.rejects(session.call('y'), { uri: 'page.closed' });
  assert.equal(told, 1);
});

test('ABORT refuses the join', async () => {
  const joining = Session.join('ws://x/ws', 'nope');
  socket.onopen();
  socket.answer(3, { message: 'no such realm' }, 'wamp.error.no_such_realm');
  await assert.rejects(joining, { uri: 'wamp.error.no_such_realm', message: 'no such realm' });
});

test('GOODBYE is answered', async () => {
  let reason;
  await joined({ onClose: (error) => (reason = error.uri) });
  socket.answer(6, {}, 'wamp.close.system_shutdown');
  assert.deepEqual(socket.sent.at(-1), [6, {}, 'wamp.close.goodbye_and_out']);
  assert.equal(reason, 'wamp.close.system_shutdown');
});

test('what is no WAMP message ends the session with ABORT', async () => {
  for (const data of ['{', '5', '[]', '[99]']) {
    const session = await joined();
    socket.onmessage({ data });
    assert.equal(socket.sent.at(-1)[0], 3, data);
    assert.ok(session.ended);
  }
});

test('proves that it knows the token, and wants the same of the server', async () => {
  const joining = Session.join('ws://x/ws', 'realm1', { token: 'admin-token' });
  socket.onopen();
  const [, , { authid, authmethods, authextra }] = socket.sent[0];
  assert.deepEqual([authid, authmethods], ['admin', ['wamp-scram']]);
  const nonce = `${authextra.nonce}more`;
  socket.answer(4, 'wamp-scram', { nonce, salt: 'c2FsdA==', kdf: 'pbkdf2', iterations: 4096 });
  assert.equal(socket.sent[1][0], 5);
  assert.ok(!JSON.stringify(socket.sent).includes('admin-token'), 'it is not sent');
  socket.answer(2, 77, { authextra: { verifier: 'c29tZXRoaW5n' } });
  await assert.rejects(joining, { uri: 'wamp.error.protocol_violation' });
  assert.equal(socket.sent.at(-1)[0], 3);
});

test('a server that lets everybody in is not asked for a proof', async () => {
  const session = await joined({ token: 'admin-token' });
  assert.equal(session.isKnown, false);
});

test('a challenge without a token, or one that makes no sense, ends the session', async () => {
  for (const options of [{}, { token: 'x' }]) {
    const joining = Session.join('ws://x/ws', 'realm1', options);
    socket.onopen();
    socket.answer(4, 'ticket', {});
    await assert.rejects(joining, { uri: 'wamp.error.protocol_violation' });
  }
});

test('knows which errors another token would help against', () => {
  assert.ok(new WampError('wamp.error.authentication_denied').isRefusal);
  assert.ok(new WampError('wamp.error.no_matching_auth_method').isRefusal);
  assert.ok(!new WampError('wamp.error.authentication_failed').isRefusal);
  assert.ok(!new WampError('page.closed').isRefusal);
});
