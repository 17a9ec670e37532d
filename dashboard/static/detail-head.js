// The line above a machine's charts: its name and state, and the controls of the time shown.

import { button, h, icon, setAttribute, setIcon, setText } from './dom.js';
import { stateWords } from './card.js';
import { SPANS } from './timeview.js';

const labelled = (element, label, hint = label) => {
  element.setAttribute('aria-label', label);
  element.title = hint;
  return element;
};

export class DetailHead {
  /** @param {{close(), step(by: number), togglePause(), chooseSpan(span: number), reset()}} actions */
  constructor(actions) {
    this.mark = icon('mark-live', 'mark');
    this.title = h('h2', { id: 'detail-title', tabindex: '-1', dir: 'auto' });
    this.state = h('span', { class: 'detail-state' });
    this.badge = h('span', { class: 'badge' }, 'simulated');
    this.pauseIcon = icon('icon-pause');
    this.pauseText = h('span', {}, 'Pause');
    this.pause = button('pause', () => actions.togglePause(), this.pauseIcon, this.pauseText);
    this.reset = button('quiet', () => actions.reset(), 'Reset zoom');
    this.spans = SPANS.map(([span, label]) => {
      const choose = h('button', { type: 'button', 'data-span': span }, label);
      choose.addEventListener('click', () => actions.chooseSpan(span));
      return choose;
    });
    const back = button('quiet back', () => actions.close(), icon('icon-back'), h('span', {}, 'Fleet'));
    const previous = button('quiet square', () => actions.step(-1), icon('icon-back'));
    const next = button('quiet square', () => actions.step(1), icon('icon-next'));
    this.element = h(
      'div',
      { class: 'detail-head' },
      back,
      h('div', { class: 'detail-name' }, this.mark, this.title, this.state, this.badge),
      h(
        'div',
        { class: 'detail-tools' },
        this.reset,
        h('div', { class: 'segments', role: 'group', 'aria-label': 'Stretch of time shown' }, ...this.spans),
        this.pause,
        labelled(previous, 'Previous machine', 'Previous machine  ['),
        labelled(next, 'Next machine', 'Next machine  ]'),
      ),
    );
  }

  showTimes({ paused, span }) {
    setIcon(this.pauseIcon, paused ? 'icon-play' : 'icon-pause');
    setText(this.pauseText, paused ? 'Resume' : 'Pause');
    setAttribute(this.pause, 'aria-label', paused ? 'Resume the charts' : 'Pause the charts');
    for (const choose of this.spans) setAttribute(choose, 'aria-pressed', String(Number(choose.dataset.span) === span));
    this.reset.hidden = SPANS.some(([known]) => known === span);
  }

  showMachine(machine, view) {
    setIcon(this.mark, view.linked ? `mark-${machine.state}` : 'mark-unknown');
    setText(this.title, machine.name);
    setText(this.state, stateWords(machine, view));
    this.badge.hidden = !machine.simulated;
  }
}
