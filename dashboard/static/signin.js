// What stands in place of the fleet while this browser isn't signed in.

import { byId, h, setAttribute, setText } from './dom.js';
import { tokenIn } from './credentials.js';

/** What to say of a token that does not open the fleet; `opened` says whether it did before. */
export function complaint(token, opened) {
  if (!token) return '';
  if (opened) return 'This token no longer opens the fleet: there is a new one.';
  if (token.startsWith('enrol-')) return 'This is the enrolment key, which is for machines. The token begins with admin-.';
  return 'This is not the admin token of this fleet.';
}

export class SignIn {
  /** @param {(token: string) => void} use tries a token */
  constructor(place, use) {
    this.place = place;
    this.use = use;
    this.input = h('input', {
      type: 'password',
      id: 'token',
      name: 'token',
      autocomplete: 'current-password',
      autocapitalize: 'none',
      spellcheck: 'false',
      maxlength: '300',
      'aria-describedby': 'signin-error',
    });
    this.reveal = h(
      'button',
      { type: 'button', class: 'button quiet', 'aria-pressed': 'false', onclick: () => this.toggle() },
      'Show',
    );
    this.error = h('p', { class: 'field-error', id: 'signin-error', role: 'alert' });
    this.submit = h('button', { type: 'submit', class: 'button primary' }, 'Sign in');
    this.form = h(
      'form',
      { class: 'signin', id: 'signin-form', novalidate: true, onsubmit: (event) => this.send(event) },
      h('h2', { id: 'signin-title' }, 'Sign in'),
      h('p', {}, 'This fleet asks for its admin token.'),
      // For the browser's own store of passwords.
      h('input', { class: 'unseen', type: 'text', value: 'admin', autocomplete: 'username', tabindex: '-1', 'aria-hidden': 'true', readonly: true }),
      h('label', { for: 'token' }, 'Admin token'),
      h('div', { class: 'signin-token' }, this.input, this.reveal),
      this.error,
      this.submit,
      h(
        'p',
        { class: 'signin-hint' },
        'wamp-dashboard printed it when it was first started. If it is lost, start it once with ',
        h('code', {}, '--new-admin-token'),
        '.',
      ),
    );
    this.input.addEventListener('input', () => this.complain(''));
    place.replaceChildren(this.form);
  }

  get isShown() {
    return !this.place.hidden;
  }

  /** Asks for a token. */
  ask(text) {
    const first = !this.isShown;
    this.place.hidden = false;
    document.body.dataset.signin = 'asked';
    this.busy(false);
    this.complain(text);
    if (first || text) this.input.focus({ preventScroll: true });
    if (text) this.input.select();
  }

  /** The fleet is open. */
  close() {
    this.place.hidden = true;
    delete document.body.dataset.signin;
    this.input.value = '';
    if (this.input.type === 'text') this.toggle();
  }

  /** The token could not be tried; it is, again and again. `reason` is the server's, if it gave one. */
  postpone(reason) {
    if (!this.isShown || !this.submit.disabled) return;
    this.busy(false);
    this.complain(`Not signed in yet: ${reason}`);
  }

  busy(busy) {
    this.submit.disabled = busy;
    setText(this.submit, busy ? 'Signing in …' : 'Sign in');
  }

  complain(text) {
    setText(this.error, text);
    setAttribute(this.input, 'aria-invalid', text ? 'true' : null);
  }

  toggle() {
    const shown = this.input.type === 'password';
    this.input.type = shown ? 'text' : 'password';
    setText(this.reveal, shown ? 'Hide' : 'Show');
    this.reveal.setAttribute('aria-pressed', String(shown));
  }

  send(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    const token = tokenIn(text) || text;
    if (!token) {
      this.complain('The token is missing.');
      this.input.focus();
      return;
    }
    this.busy(true);
    this.use(token);
  }
}
