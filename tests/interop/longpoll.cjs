// autobahn-js over HTTP long-poll: WAMP_ROUTER=PATH node --test longpoll.cjs
//
// Starts the router, joins over long-poll and over WebSocket, and lets the two publish to and call
// each other. The transport is made for browsers; the part of one it needs is here. Needs
// NODE_PATH to name the folder with the npm packages.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const readline = require('node:readline');
const { test } = require('node:test');

// What autobahn-js uses of a browser's, on top of Node's fetch.
globalThis.XMLHttpRequest = class {
  #headers = {};

  open(method, url) {
    this.method = method;
    this.url = url;
  }

  setRequestHeader(name, value) {
    this.#headers[name] = value;
  }

  send(body) {
    const signal = this.timeout ? AbortSignal.timeout(this.timeout) : undefined;
    fetch(this.url, { method: this.method, headers: this.#headers, body, signal }).then(
      async (response) => {
        this.responseText = await response.text();
        this.#done(response.status, response.statusText);
      },
      () => this.#done(0, ''),
    );
  }

  #done(status, statusText) {
    this.readyState = 4;
    Object.assign(this, { status, statusText });
    this.onreadystatechange();
  }
};
globalThis.WebSocket ??= require('ws');

const PATIENCE = 20_000;

async function startRouter() {
  const options = ['--listen', '127.0.0.1:0', '--realm', 'realm1', '--longpoll-path', '/lp'];
  const router = spawn(process.env.WAMP_ROUTER, options, { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await once(readline.createInterface({ input: router.stdout }), 'line');
  return { router, host: new URL(line).host };
}

// Resolves once joined; `left` resolves with why the connection is closed.
function join(autobahn, transport) {
  return new Promise((resolve, reject) => {
    const connection = new autobahn.Connection({ realm: 'realm1', transports: [transport], max_retries: 0 });
    const left = new Promise((leave) => {
      connection.onclose = (reason, details) => {
        leave({ how: reason, why: details.reason });
        reject(new Error(`${reason} ${JSON.stringify(details)}`));
        return true;
      };
    });
    connection.onopen = (session) => resolve({ connection, session, left });
    connection.open();
  });
}

for (const name of ['autobahn', 'autobahn-22']) {
  test(`${name} over long-poll`, { timeout: PATIENCE }, async (context) => {
    const autobahn = require(name);
    const { router, host } = await startRouter();
    context.after(() => router.kill('SIGKILL'));
    const poll = await join(autobahn, { type: 'longpoll', url: `http://${host}/lp` });
    const socket = await join(autobahn, { type: 'websocket', url: `ws://${host}/ws` });

    const { transport } = await socket.session.call('wamp.session.get', [poll.session.id]);
    assert.equal(transport.type, 'longpoll');

    for (const [from, to] of [[poll, socket], [socket, poll], [poll, poll]]) {
      const events = [];
      let resolve;
      const all = new Promise((resolved) => {
        resolve = resolved;
      });
      const subscription = await to.session.subscribe('com.example.topic', (args) => {
        events.push(args[0]);
        if (events.length === 20) resolve();
      });
      const numbers = Array.from({ length: 20 }, (_, index) => index);
      const options = { acknowledge: true, exclude_me: false };
      // All at once: over long-poll, these are requests that overtake each other.
      await Promise.all(
        numbers.map((number) => from.session.publish('com.example.topic', [number, 'ünï'], {}, options)),
      );
      await all;
      assert.deepEqual(events.sort((a, b) => a - b), numbers);
      await to.session.unsubscribe(subscription);

      const registration = await to.session.register('com.example.add', ([a, b]) => a + b);
      assert.equal(await from.session.call('com.example.add', [2, 3]), 5);
      const sums = await Promise.all(numbers.map((number) => from.session.call('com.example.add', [number, 1])));
      assert.deepEqual(sums, numbers.map((number) => number + 1));
      await to.session.unregister(registration);
      await assert.rejects(
        async () => from.session.call('com.example.add', [2, 3]),
        ({ error }) => error === 'wamp.error.no_such_procedure',
      );
    }

    const { id } = poll.session;
    poll.connection.close();
    assert.deepEqual(await poll.left, { how: 'closed', why: 'wamp.close.goodbye_and_out' });
    await assert.rejects(
      async () => socket.session.call('wamp.session.get', [id]),
      ({ error }) => error === 'wamp.error.no_such_session',
    );

    // A router that goes down says so. Its port is closed by then, which autobahn-js, in trying to
    // close the transport, takes for a reason to never call `onclose`.
    const last = await join(autobahn, { type: 'longpoll', url: `http://${host}/lp` });
    const goodbye = new Promise((resolve) => {
      last.session.onleave = resolve;
    });
    router.kill('SIGINT');
    assert.equal(await goodbye, 'wamp.close.system_shutdown');
    const [code] = router.exitCode === null ? await once(router, 'exit') : [router.exitCode];
    assert.equal(code, 0);
  });
}
