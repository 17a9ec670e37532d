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
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
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

const isLoopback = (host) => /^(localhost|127\.|\[::1\])/.test(host);

/** The commands that add a machine: with the agent installed, and from a copy of the sources, which needs no more. */
export function agentCommands(location = window.location) {
  const rest = `--url ${agentUrl(location)}`;
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

function instructions() {
  const { installed, sources } = agentCommands();
  return [
    h('p', {}, 'Run the agent on the machine: it appears here within a second, and again after a restart.'),
    command(installed),
    h('p', {}, 'Where the agent is not installed, the same from a copy of this program’s sources:'),
    command(sources),
    isLoopback(location.host)
      ? h(
          'p',
          {},
          'This page is served on this computer only. For other machines to reach it, start the dashboard with ',
          h('code', {}, ...words(openTo())),
          ' and use this computer’s address in place of ',
          h('code', {}, location.host),
          '.',
        )
      : null,
    h('p', {}, 'Just looking? ', h('code', {}, ...words('--demo 50')), ' starts the dashboard with fifty simulated machines.'),
  ].filter(Boolean);
}

export function openAdd() {
  const dialog = byId('add-dialog');
  if (!dialog.firstChild) fill(dialog, 'add-title', 'Add a machine', ...instructions());
  dialog.showModal();
}

/** Fills the line under a small fleet. */
export function showMore(place) {
  if (place.firstChild) return;
  const { installed, sources } = agentCommands();
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
    place.replaceChildren(h('h2', {}, 'No machines yet'), ...instructions());
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
