// How a machine proves who it is, and what to do when it can't any more. Shown where there is authentication.

import { button, h, setText } from './dom.js';

/** As people compare it: the beginning of a key, in groups. */
export const brief = (key) => key.slice(0, 16).replace(/(.{4})(?=.)/g, '$1 ');

export class Enrolment {
  /** @param {{enrolment(id), revoke(id)}} service */
  constructor(service) {
    this.service = service;
    this.machine = null;
    this.state = h('p', { class: 'soft', role: 'status' });
    this.key = h('code');
    this.revoke = button('danger', () => this.askRevoke(), 'Let it enrol again');
    this.element = h(
      'section',
      { class: 'panel enrolment', hidden: true, 'aria-labelledby': 'enrolment-title' },
      h('h3', { id: 'enrolment-title' }, 'Enrolment'),
      this.state,
      this.key,
      this.revoke,
    );
  }

  /** Shows a machine from now on. */
  async open(machine) {
    this.machine = machine;
    this.element.hidden = document.body.dataset.authentication !== 'yes';
    if (this.element.hidden) return;
    try {
      const enrolment = await this.service.enrolment(machine.id);
      if (this.machine === machine) this.show(enrolment);
    } catch (error) {
      if (this.machine === machine) this.show(null, `Not known: ${error.message}`);
    }
  }

  show(enrolment, text = 'No key of its own: it runs inside of the dashboard, or has yet to enrol.') {
    this.key.hidden = this.revoke.hidden = !enrolment;
    if (!enrolment) {
      setText(this.state, text);
      return;
    }
    const since = new Date(enrolment.since).toLocaleDateString(undefined, { dateStyle: 'medium' });
    setText(this.state, `Since ${since} it proves who it is with the key`);
    setText(this.key, `${brief(enrolment.key)} …`);
    this.key.title = enrolment.key;
  }

  async askRevoke() {
    const { machine } = this;
    const question = `Let ${machine.name} enrol again? Its key is worth nothing then, and its agent is not let in until it is started with the enrolment key.`;
    if (!confirm(question)) return;
    try {
      await this.service.revoke(machine.id);
      this.open(machine);
    } catch (error) {
      setText(this.state, error.message);
    }
  }
}
