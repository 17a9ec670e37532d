// The settings of one machine. Shows what the machine has applied, not what was sent.

import { button, h, icon, setAttribute, setIcon, setText } from './dom.js';

const SWITCHES = [
  ['show_cpus', 'CPU', 'cores and load'],
  ['show_memory', 'Memory', 'use and swap'],
  ['show_disk', 'Disks', 'mounts and disk traffic'],
];
const FIELDS = ['name', 'frequency', 'show_cpus', 'show_memory', 'show_disk', 'disabled'];
const SLOWEST = 3600;
const FASTEST = 0.25;
const LONGEST_NAME = 64;

/** What is wrong with a value, or ''. The service decides; this only saves a round trip. */
export function complaint(field, value) {
  if (field === 'frequency' && !(value >= FASTEST && value <= SLOWEST))
    return `Between ${FASTEST} and ${SLOWEST} seconds`;
  if (field === 'name' && [...value].length > LONGEST_NAME) return `At most ${LONGEST_NAME} characters`;
  return '';
}

export class Settings {
  /** @param {{configure(id, changes), forget(id)}} service */
  constructor(service) {
    this.service = service;
    this.machine = null;
    this.sending = false;
    this.linked = true;
    this.failure = '';
    this.onForget = () => {};
    this.fields = {};
    this.errors = {};
    this.mark = icon('mark-live', 'mark');
    this.words = h('span');
    this.status = h('p', { class: 'settings-status', role: 'status' }, this.mark, this.words);
    this.apply = h('button', { type: 'submit', class: 'button primary' }, 'Apply');
    this.discard = button('', () => this.reset(), 'Discard');
    this.forget = button('danger', () => this.askForget(), 'Forget this machine');
    this.element = h(
      'form',
      { class: 'panel settings', id: 'settings', novalidate: true, 'aria-labelledby': 'settings-title' },
      h('h3', { id: 'settings-title' }, 'Settings'),
      this.field(
        'name',
        'Name',
        h('input', { type: 'text', name: 'name', autocomplete: 'off', spellcheck: 'false', dir: 'auto' }),
      ),
      this.field(
        'frequency',
        'A sample every',
        h('input', {
          type: 'number',
          name: 'frequency',
          min: FASTEST,
          max: SLOWEST,
          step: 'any',
          inputmode: 'decimal',
        }),
        'seconds',
      ),
      h(
        'fieldset',
        {},
        h('legend', {}, 'Publish'),
        ...SWITCHES.map(([name, label, hint]) => this.toggle(name, label, hint)),
      ),
      h(
        'fieldset',
        {},
        h('legend', {}, 'Machine'),
        this.toggle('disabled', 'Disabled', 'publishes nothing until enabled'),
      ),
      this.status,
      h('div', { class: 'settings-actions' }, this.apply, this.discard, this.forget),
    );
    this.element.addEventListener('submit', (event) => {
      event.preventDefault();
      this.send();
    });
    this.element.addEventListener('input', (event) => {
      this.failure = '';
      this.complain(event.target.name, '');
      this.show();
    });
  }

  field(name, label, input, unit) {
    const id = `setting-${name}`;
    input.id = id;
    const error = h('p', { class: 'field-error', id: `${id}-error` });
    input.setAttribute('aria-describedby', error.id);
    this.fields[name] = input;
    this.errors[name] = error;
    return h(
      'div',
      { class: 'field' },
      h('label', { for: id }, label),
      h('span', { class: 'field-input' }, input, unit ? h('span', { class: 'unit' }, unit) : null),
      error,
    );
  }

  toggle(name, label, hint) {
    const error = h('p', { class: 'field-error', id: `setting-${name}-error` });
    const input = h('input', { type: 'checkbox', role: 'switch', name, 'aria-describedby': error.id });
    this.fields[name] = input;
    this.errors[name] = error;
    return h('div', {}, h('label', { class: 'switch' }, input, h('span', {}, label, ' ', h('small', {}, hint))), error);
  }

  open(machine) {
    this.machine = machine;
    this.failure = '';
    this.base = machine.settings;
    this.reset();
  }

  read(field) {
    const input = this.fields[field];
    if (input.type === 'checkbox') return input.checked;
    return field === 'frequency' ? (input.value.trim() === '' ? NaN : Number(input.value)) : input.value.trim();
  }

  write(field, value) {
    const input = this.fields[field];
    if (input.type === 'checkbox') input.checked = value;
    else input.value = String(value);
  }

  /** Fields that differ from what the service has. */
  changes() {
    const changes = {};
    for (const field of FIELDS) {
      const value = this.read(field);
      if (!Object.is(value, this.base[field])) changes[field] = value;
    }
    return changes;
  }

  reset() {
    this.base = this.machine.settings;
    for (const field of FIELDS) {
      this.write(field, this.base[field]);
      this.complain(field, '');
    }
    this.failure = '';
    this.show();
  }

  /** The machine (or the link to it) changed: fields nobody is editing here follow it. */
  follow(linked = this.linked) {
    this.linked = linked;
    const { settings } = this.machine;
    if (settings !== this.base) {
      const edited = this.changes();
      this.base = settings;
      for (const field of FIELDS) if (!(field in edited)) this.write(field, settings[field]);
    }
    this.show();
  }

  complain(field, text) {
    if (!(field in this.errors)) return;
    setText(this.errors[field], text);
    setAttribute(this.fields[field], 'aria-invalid', text ? 'true' : null);
  }

  async send() {
    const changes = this.changes();
    if (this.sending || !Object.keys(changes).length) return;
    let wrong = null;
    for (const [field, value] of Object.entries(changes)) {
      const text = complaint(field, value);
      this.complain(field, text);
      if (text) wrong ??= this.fields[field];
    }
    if (wrong) {
      wrong.focus();
      return;
    }
    const { machine } = this;
    this.sending = true;
    this.failure = '';
    this.show();
    try {
      const settings = await this.service.configure(machine.id, changes);
      // The event may be on its way still; the answer says the same.
      this.onSaved?.(settings);
    } catch (error) {
      if (this.machine === machine) this.blame(error, changes);
    } finally {
      this.sending = false;
      if (this.machine === machine) this.follow();
    }
  }

  /** Puts the service's words beside the field they are about. */
  blame(error, changes) {
    const text = error.message;
    const named = error.kwargs?.field ?? Object.keys(changes).find((field) => new RegExp(`\\b${field}\\b`).test(text));
    if (error.uri === 'wamp.error.invalid_argument' && named in this.errors) {
      this.complain(named, text);
      this.fields[named].focus();
    } else {
      this.failure = text;
    }
  }

  async askForget() {
    const { machine } = this;
    if (
      !confirm(
        `Forget ${machine.name}? Its settings are deleted. If its agent runs again, it comes back with default settings${document.body.dataset.authentication === 'yes' ? ', once it has enrolled again' : ''}.`,
      )
    )
      return;
    try {
      await this.service.forget(machine.id);
      this.onForget(machine.id);
    } catch (error) {
      this.failure = error.message;
      this.show();
    }
  }

  /** The state of things in one line. */
  get situation() {
    const { machine } = this;
    const changed = Object.keys(this.changes()).length;
    if (!this.linked) return ['unknown', 'mark-unknown', 'Not known: this browser is disconnected'];
    if (this.sending) return ['sending', 'mark-unknown', 'Sending …'];
    if (this.failure) return ['failed', 'mark-offline', `Not saved: ${this.failure}`];
    if (changed) return ['edited', 'mark-stale', `${changed} ${changed === 1 ? 'change' : 'changes'} not sent yet`];
    const { rev } = machine.settings;
    if (!(rev >= 0)) return ['unknown', 'mark-unknown', 'Settings not known yet'];
    switch (machine.isApplied) {
      case true:
        return ['applied', 'mark-live', `Applied by the machine (revision ${rev})`];
      case false:
        return machine.state === 'offline'
          ? ['pending', 'mark-unknown', `Saved as revision ${rev}; the machine applies it when it is back`]
          : ['pending', 'mark-unknown', `Sent as revision ${rev}, not confirmed by the machine yet`];
      default:
        return ['unknown', 'mark-unknown', 'Saved; this agent does not say what it has applied'];
    }
  }

  show() {
    const { machine, element } = this;
    if (!machine) return;
    const [kind, mark, words] = this.situation;
    setAttribute(
      element,
      'data-applied',
      machine.isApplied === null ? 'unknown' : machine.isApplied ? 'yes' : 'pending',
    );
    setAttribute(element, 'data-situation', kind);
    setIcon(this.mark, mark);
    setText(this.words, words);
    const changed = kind === 'edited' || (kind === 'failed' && Object.keys(this.changes()).length > 0);
    this.apply.disabled = !changed || this.sending;
    this.discard.disabled = !changed || this.sending;
    this.forget.hidden = machine.state !== 'offline' || machine.online;
  }
}
