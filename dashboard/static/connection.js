// This browser's own connection, shown so that nobody takes it for the machines'.

import { byId, setText } from './dom.js';
import { age } from './format.js';

export class Connection {
  /** @param {(text: string) => void} say tells a screen reader */
  constructor(link, say) {
    this.link = link;
    this.say = say;
    this.told = false;
    this.text = byId('link-text');
    this.mark = byId('link-state').querySelector('use');
    this.banner = byId('banner');
    this.wasOpen = false;
    this.waiting = false;
    byId('retry').addEventListener('click', () => link.retry());
  }

  /** The link's state, or the time since, changed. */
  show() {
    const { link } = this;
    const { state } = link;
    document.body.dataset.connection = state;
    if (state === 'open') {
      if (this.told) this.say('Connected again.');
      this.wasOpen = true;
      this.waiting = this.told = false;
    }
    setText(
      this.text,
      this.waiting && state === 'connecting'
        ? 'waiting for the fleet service'
        : { open: 'connected', connecting: 'connecting', closed: 'disconnected', refused: 'signed out' }[state],
    );
    this.mark.setAttribute('href', state === 'open' ? '#mark-live' : '#mark-unknown');
    this.banner.hidden = ['open', 'refused'].includes(state) || (state === 'connecting' && !this.wasOpen && !link.reason);
    if (this.banner.hidden) return;
    const title = this.wasOpen ? 'This browser is disconnected.' : 'This browser cannot reach the server.';
    // Said once; the banner's seconds are for the eye.
    if (!this.told) this.say(title);
    this.told = true;
    const now = performance.now();
    setText(byId('banner-title'), title);
    const old = this.wasOpen ? `What you see is ${age(now - link.lastHeard)} old; the machines may be fine. ` : '';
    const wait = Math.max(0, Math.ceil((link.retryAt - now) / 1000));
    setText(
      byId('banner-text'),
      `${old}${state === 'connecting' ? 'Connecting …' : wait ? `Trying again in ${wait} s.` : 'Trying again.'}`,
    );
    byId('retry').disabled = state === 'connecting';
  }
}
