// One WAMP session over one WebSocket, JSON only: caller, publisher and subscriber. Staying connected is link.js.

import { Scram } from './scram.js';

const [HELLO, WELCOME, ABORT, CHALLENGE, AUTHENTICATE, GOODBYE, ERROR] = [1, 2, 3, 4, 5, 6, 8];
const [PUBLISH, PUBLISHED, SUBSCRIBE, SUBSCRIBED, UNSUBSCRIBE, UNSUBSCRIBED, EVENT] = [16, 17, 32, 33, 34, 35, 36];
const [CALL, RESULT] = [48, 50];

const ROLES = { caller: {}, publisher: {}, subscriber: { features: { pattern_based_subscription: true } } };

/** Why a router lets nobody in who does not prove who he is. */
const REFUSALS = ['authentication_denied', 'authentication_required', 'no_matching_auth_method'];

/** An ERROR or ABORT from the router, or its absence (`page.timeout`, `page.closed`). */
export class WampError extends Error {
  constructor(uri, args = [], kwargs = {}) {
    super(typeof args?.[0] === 'string' ? args[0] : uri);
    this.name = 'WampError';
    this.uri = uri;
    this.args = args;
    this.kwargs = kwargs ?? {};
  }

  /** Whether it takes another token to be let in. */
  get isRefusal() {
    return REFUSALS.some((reason) => this.uri === `wamp.error.${reason}`);
  }
}

export class Session {
  /** Connects and joins, by the admin token if there is one; resolves when the router has said WELCOME. */
  static join(url, realm, { token = '', timeout = 8000, onClose = () => {} } = {}) {
    return new Promise((resolve, reject) => new Session(url, realm, token, timeout, resolve, reject, onClose));
  }

  constructor(url, realm, token, timeout, resolve, reject, onClose) {
    this.realm = realm;
    this.id = 0;
    this.scram = token ? new Scram('admin', token) : null;
    /** Whether the token was asked for. */
    this.isKnown = false;
    /** When last a peer was heard through the router: an event or a result. What the router itself says does not count. */
    this.heard = performance.now();
    this.request = 0;
    this.waiting = new Map();
    this.handlers = new Map();
    this.opened = { resolve, reject };
    this.onClose = onClose;
    this.socket = new WebSocket(url, 'wamp.2.json');
    this.socket.onopen = () => this.send([HELLO, realm, { roles: ROLES, ...this.scram?.hello }]);
    this.socket.onmessage = (event) => this.receive(event.data);
    this.socket.onclose = (event) =>
      this.end(new WampError('page.closed', [event.reason || `connection closed (${event.code})`]));
    this.patience = setTimeout(() => this.end(new WampError('page.timeout', ['no WELCOME in time'])), timeout);
  }

  /** Resolves with the subscription's id. `handler` gets (args, kwargs, details). */
  async subscribe(topic, handler, options = {}) {
    const [, , subscription] = await this.ask(SUBSCRIBE, options, topic);
    const handlers = this.handlers.get(subscription);
    if (handlers) handlers.add(handler);
    else this.handlers.set(subscription, new Set([handler]));
    return subscription;
  }

  async unsubscribe(subscription) {
    this.handlers.delete(subscription);
    await this.ask(UNSUBSCRIBE, subscription);
  }

  publish(topic, args = [], kwargs, { acknowledge = false } = {}) {
    const rest = kwargs ? [topic, args, kwargs] : [topic, args];
    if (acknowledge) return this.ask(PUBLISH, { acknowledge }, ...rest);
    this.send([PUBLISH, ++this.request, {}, ...rest]);
    return Promise.resolve();
  }

  /** Resolves with the first positional result. */
  async call(procedure, args = [], kwargs, { timeout = 15_000 } = {}) {
    const answer = await this.within(timeout, CALL, {}, procedure, args, ...(kwargs ? [kwargs] : []));
    return answer[3]?.[0];
  }

  close() {
    if (this.socket.readyState === WebSocket.OPEN) {
      if (this.id) this.send([GOODBYE, {}, 'wamp.close.goodbye_and_out']);
    }
    this.end(new WampError('page.closed', ['closed by this page']));
  }

  ask(type, ...rest) {
    return this.within(0, type, ...rest);
  }

  within(timeout, type, ...rest) {
    return new Promise((resolve, reject) => {
      if (this.ended) {
        reject(new WampError('page.closed', ['not connected']));
        return;
      }
      const request = ++this.request;
      const wait = { resolve, reject, timer: 0 };
      if (timeout) {
        wait.timer = setTimeout(
          () => this.settle(request)?.reject(new WampError('page.timeout', [`no answer in ${timeout / 1000} s`])),
          timeout,
        );
      }
      this.waiting.set(request, wait);
      this.send([type, request, ...rest]);
    });
  }

  settle(request) {
    const wait = this.waiting.get(request);
    if (!wait) return null;
    clearTimeout(wait.timer);
    this.waiting.delete(request);
    return wait;
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  receive(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      message = null;
    }
    if (!Array.isArray(message)) {
      this.violate('a frame that is no WAMP message');
      return;
    }
    switch (message[0]) {
      case EVENT: {
        this.heard = performance.now();
        const handlers = this.handlers.get(message[1]);
        if (!handlers) return;
        for (const handler of handlers) handler(message[4] ?? [], message[5] ?? {}, message[3] ?? {});
        return;
      }
      case RESULT:
        this.heard = performance.now();
        this.settle(message[1])?.resolve(message);
        return;
      case SUBSCRIBED:
      case UNSUBSCRIBED:
      case PUBLISHED:
        this.settle(message[1])?.resolve(message);
        return;
      case ERROR:
        this.settle(message[2])?.reject(new WampError(message[4], message[5], message[6]));
        return;
      case CHALLENGE:
        this.prove(message[1], message[2]);
        return;
      case WELCOME:
        if (this.scram && !this.scram.isProved(message[2]?.authextra?.verifier)) {
          this.violate('no proof that this is the server that knows the token');
          return;
        }
        clearTimeout(this.patience);
        this.id = message[1];
        this.opened.resolve(this);
        return;
      case GOODBYE:
        this.send([GOODBYE, {}, 'wamp.close.goodbye_and_out']);
        this.end(new WampError(message[2], [message[1]?.message ?? 'the router said goodbye']));
        return;
      case ABORT:
        this.end(new WampError(message[2], [message[1]?.message ?? message[2]]));
        return;
      default:
        this.violate(`unexpected message type ${message[0]}`);
    }
  }

  /** Answers a challenge. */
  prove(method, extra) {
    try {
      this.send([AUTHENTICATE, ...this.scram.answer(method, extra)]);
      this.isKnown = true;
    } catch (error) {
      this.violate(`a challenge that this page does not answer: ${error.message}`);
    }
  }

  violate(what) {
    this.send([ABORT, { message: what }, 'wamp.error.protocol_violation']);
    this.end(new WampError('wamp.error.protocol_violation', [what]));
  }

  end(error) {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.patience);
    this.socket.onmessage = null;
    this.socket.onclose = null;
    this.socket.close();
    const joined = this.id !== 0;
    this.opened.reject(error);
    for (const request of [...this.waiting.keys()]) this.settle(request).reject(error);
    if (joined) this.onClose(error);
  }
}
