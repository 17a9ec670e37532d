// Keeps one session to the fleet service through the router: joins, notices when either is gone or deaf, tries again with
// growing, jittered pauses.

import { Session } from './wamp.js';

const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 15_000;
/** The service says something once a second at least. A link that is quiet for this long is dropped … */
const DEAD = 6000;
/** … but not because this page was deaf (a laptop slept, a tab was frozen), as a beat this late tells: then it has … */
const LATE = 2000;
/** … this long to hear something. */
const GRACE = 2500;
/** Silence that may be put down to the machines rather than to the link. */
const TRUSTED = 1000;

/** Pause before attempt `attempt` (from 0): doubles to a ceiling; the random half keeps a thousand pages from returning at once. */
export function pause(attempt, random = Math.random()) {
  const whole = Math.min(FIRST_PAUSE * 2 ** Math.min(attempt, 10), LONGEST_PAUSE);
  return whole / 2 + (whole / 2) * random;
}

export class Link {
  /** `prepare(session)` runs after every join; the link is open once it has resolved. */
  constructor(url, realm, prepare) {
    Object.assign(this, { url, realm, prepare });
    /** The admin token, if there is one. */
    this.token = '';
    /** @type {'connecting' | 'open' | 'closed' | 'refused'} refused: it takes another token */
    this.state = 'connecting';
    this.session = null;
    this.attempt = 0;
    this.retryAt = 0;
    this.lastHeard = this.beaten = this.awake = performance.now();
    this.reason = '';
    this.onChange = () => {};
    this.timer = 0;
  }

  start() {
    setInterval(() => this.beat(), 500);
    addEventListener('online', () => this.retry());
    addEventListener('pagehide', () => this.session?.close());
    addEventListener('pageshow', (event) => event.persisted && this.retry());
    document.addEventListener('visibilitychange', () => document.hidden || this.retry());
    this.connect();
  }

  /** Time up to which silence means something: never much past the last sign of life of the link itself. */
  clock(now = performance.now()) {
    if (this.state !== 'open') return this.lastHeard;
    return Math.min(now, this.session.heard + TRUSTED);
  }

  /** Tries now instead of at the end of the pause. */
  retry() {
    if (this.state === 'closed') this.connect();
  }

  /** Tries with this token. */
  use(token) {
    this.token = token;
    const { session } = this;
    this.session = null;
    session?.close();
    this.connect();
  }

  async connect() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.change('connecting');
    let session;
    const { token } = this;
    try {
      session = await Session.join(this.url, this.realm, { token, onClose: (error) => this.lost(session, error) });
      if (this.token !== token) {
        session.close();
        return;
      }
      this.session = session;
      await this.prepare(session);
      if (this.session !== session) return;
      this.joinedAt = performance.now();
      this.change('open');
    } catch (error) {
      if (session && this.session === session) {
        this.session = null;
        session.close();
      }
      if (this.token !== token) return;
      if (error.isRefusal) this.refused();
      else if (!session || !this.timer) this.later(error);
    }
  }

  lost(session, error) {
    if (this.session !== session) return;
    this.session = null;
    this.lastHeard = session.heard;
    // A link that held for a while earns a fresh start; one that fails right after joining does not.
    if (this.state === 'open' && performance.now() - this.joinedAt > 5000) this.attempt = 0;
    this.later(error);
  }

  /** Nothing changes by trying again. */
  refused() {
    this.attempt = 0;
    this.change('refused');
  }

  later(error) {
    const wait = pause(this.attempt++);
    this.reason = error?.message ?? '';
    this.retryAt = performance.now() + wait;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.connect();
    }, wait);
    this.change('closed');
  }

  beat(now = performance.now()) {
    if (now - this.beaten > LATE) this.awake = now;
    this.beaten = now;
    if (this.state !== 'open') return;
    if (now - this.session.heard > DEAD && now - this.awake > GRACE) this.session.close();
  }

  change(state) {
    this.state = state;
    this.onChange(state);
  }
}
