// The two dialogs and the empty page: what the keys do, and how a machine is added.

import { button, byId, h, icon, setText } from './dom.js';

const KEYS = [
  [['/'], 'Search'],
  [['←', '→', '↑', '↓'], 'Move between the cards'],
  [['Enter'], 'Open the machine'],
  [['Esc'], 'Back to the fleet, or clear the search'],
  [['1', '…', '5'], 'Show all, live, stale, offline, disabled'],
  [['['], 'Previous machine', [']'], 'next machine'],
  [['p'], 'Pause and resume the charts'],
  [['+', '−'], 'Zoom the charts', ['0'], 'reset'],
  [['e'], 'Edit the settings'],
  [['t'], 'Theme'],
  [['?'], 'This help'],
];

const caps = (keys) => keys.flatMap((key, index) => [index ? ' ' : '', key === '…' ? '…' : h('kbd', {}, key)]);

function fill(dialog, id, title, ...content) {
  const close = button('quiet square', () => dialog.close(), icon('icon-close'));
  close.setAttribute('aria-label', 'Close');
  dialog.replaceChildren(
    h('div', { class: 'dialog-head' }, h('h2', { id }, title), close),
    h('div', { class: 'dialog-body' }, ...content),
  );
  dialog.onclick = (event) => event.target === dialog && dialog.close();
}

export function openHelp(keyboard) {
  const dialog = byId('help-dialog');
  if (!dialog.firstChild) {
    const list = h('dl', { class: 'keys' });
    for (const [keys, meaning, more, moreMeaning] of KEYS) {
      list.append(
        h('dt', {}, ...caps(keys), ...(more ? [' ', ...caps(more)] : [])),
        h('dd', {}, more ? `${meaning}, ${moreMeaning}` : meaning),
      );
    }
    const letters = h('input', {
      type: 'checkbox',
      checked: keyboard.letters,
      onchange: (event) => keyboard.allowLetters(event.target.checked),
    });
    fill(
      dialog,
      'help-title',
      'Keyboard',
      list,
      h('label', { class: 'switch' }, letters, h('span', {}, 'Single-key shortcuts')),
    );
  }
  dialog.showModal();
}

/** The address an agent on another machine needs. */
export function agentUrl(location = window.location) {
  const url = new URL('ws', location.href.replace(/[?#].*$/, ''));
  url.protocol = url.protocol.replace('http', 'ws');
  return url.href;
}

const asksForKeys = () => document.body.dataset.authentication === 'yes';

/** What stands for the enrolment key, which this page does not know, where machines need it. */
const neededKey = () => (asksForKeys() ? 'KEY' : '');

const isLoopback = (host) => /^(localhost|127\.|\[::1\])/.test(host);

/** The commands that add a machine: with the agent installed, and from a copy of the sources, which needs no more. */
export function agentCommands(location = window.location, key = '') {
  const rest = `--url ${agentUrl(location)}${key ? ` --enrol ${key}` : ''}`;
  return { installed: `wamp-agent ${rest}`, sources: `cargo run --release -p wamp-agent -- ${rest}` };
}

const words = (text) =>
  text.split(' ').flatMap((word, index) => [index ? ' ' : '', h('span', { class: 'word' }, word)]);

/** A command with a button that copies it. */
function command(text) {
  const copy = button(
    'quiet',
    async () => {
      try {
        await navigator.clipboard.writeText(text);
        setText(copy, 'Copied');
      } catch {
        // No clipboard without a secure context: select it, so that one key copies it.
        getSelection().selectAllChildren(code);
        setText(copy, 'Selected');
      }
      setTimeout(() => setText(copy, 'Copy'), 2000);
    },
    'Copy',
  );
  const code = h('code', {}, ...words(text));
  return h('div', { class: 'command' }, code, copy);
}

/** The option that lets other machines reach a dashboard that serves only this computer. */
export function openTo(location = window.location) {
  return `--listen 0.0.0.0:${location.port || 80}`;
}

function instructions(key) {
  const { installed, sources } = agentCommands(location, key);
  return [
    h(
      'p',
      {},
      'Run the agent on the machine: it appears here within a second, and again after a restart',
      asksForKeys() ? '. It needs the enrolment key only the first time.' : '.',
    ),
    command(installed),
    h('p', {}, 'Where the agent is not installed, the same from a copy of this program’s sources:'),
    command(sources),
    isLoopback(location.host) && !asksForKeys()
      ? h(
          'p',
          {},
          'This page is served on this computer only. For other machines to reach it, start the dashboard with ',
          h('code', {}, ...words(openTo())),
          '. It asks for a token then, and prints it, with the line to run on the other machine.',
        )
      : null,
    asksForKeys()
      ? null
      : h('p', {}, 'Just looking? ', h('code', {}, ...words('--demo 50')), ' starts the dashboard with fifty simulated machines.'),
  ].filter(Boolean);
}

/** @param {{newEnrolmentKey()}} service */
export function openAdd(service) {
  const dialog = byId('add-dialog');
  const show = (key, ...more) => fill(dialog, 'add-title', 'Add a machine', ...instructions(key), ...more);
  if (asksForKeys()) show('KEY', ...lostKey(service, show));
  else if (!dialog.firstChild) show('');
  dialog.showModal();
}

/** Where the enrolment key is, and how to get another one. */
function lostKey(service, show) {
  const problem = h('p', { class: 'field-error', role: 'alert' });
  const make = async () => {
    if (!confirm('Make a new enrolment key? The one there is adds no more machines then. Those that have joined stay.'))
      return;
    try {
      const key = await service.newEnrolmentKey();
      show(key, h('p', { role: 'status' }, h('strong', {}, key), ' is the new enrolment key. It is shown this once.'));
    } catch (error) {
      setText(problem, error.message);
    }
  };
  return [
    h('p', {}, h('code', {}, 'KEY'), ' is the enrolment key, which wamp-dashboard printed when it was first started.'),
    button('', make, 'Make a new key'),
    problem,
  ];
}

/** Fills the line under a small fleet. */
export function showMore(place) {
  if (place.firstChild) return;
  const { installed, sources } = agentCommands(location, neededKey());
  place.append(
    h('span', {}, 'Another machine joins with'),
    command(installed),
    h('span', {}, 'or, from the sources,'),
    command(sources),
  );
}

/** Fills the place of the cards when there are none. */
export function showEmpty(place, kind, reset) {
  if (place.dataset.kind === kind) return;
  place.dataset.kind = kind;
  if (kind === 'fleet') {
    place.replaceChildren(h('h2', {}, 'No machines yet'), ...instructions(neededKey()));
  } else if (kind === 'filter') {
    place.replaceChildren(
      h('h2', {}, 'Nothing matches'),
      h('p', {}, 'No machine fits this search and filter.'),
      button('', reset, 'Show all machines'),
    );
  } else {
    place.replaceChildren();
  }
}
