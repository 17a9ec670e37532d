// The page: makes the parts and tells each what concerns it.
//
// Hooks that tests and scripts may rely on:
//   body[data-connection="connecting|open|closed"]    this browser's own link; open = figures are true
//   body[data-view="fleet|machine"]
//   [data-machine="<id>"]                             li.card of a visible machine; also section#detail of the open one
//     [data-state="live|stale|offline|disabled"]      its state, frozen while [data-known="no"] (this browser is disconnected)
//     [data-part="cpu|memory|disks|network"]          in a card, hidden (attribute `hidden`) when its settings hide it
//     .card-name  .card-state  .part-value  .part-note
//   #search  #sort  [data-filter="all|live|stale|offline|disabled"] with .filter-count
//   form#settings[data-applied="yes|pending|unknown"] fields by name: name frequency show_cpus show_memory show_disk disabled;
//     button[type=submit] applies, #setting-<field>-error holds a field's message, .settings-status the rest
//   #banner                                           shown while disconnected
//   /?machine=<id>&q=…&state=…&sort=…                 the address
//   window.__fleet                                    figures for the benchmark, see stats.js

import { Address } from './address.js';
import { Announcer } from './announce.js';
import { Calm } from './calm.js';
import { Connection } from './connection.js';
import { Detail } from './detail.js';
import { byId, setText } from './dom.js';
import { Feed, PROBE_TOPIC } from './feed.js';
import { Fleet } from './fleet.js';
import { count } from './format.js';
import { onFrame, requestFrame } from './frame.js';
import { Grid } from './grid.js';
import { agentUrl, openAdd, openHelp, showEmpty, showMore } from './help.js';
import { Keyboard } from './keyboard.js';
import { Link } from './link.js';
import { STATES } from './machine.js';
import { arrange } from './order.js';
import { countFrame, countSample, expose, mark } from './stats.js';
import { Summary } from './summary.js';
import { Theme } from './theme.js';
import { Toolbar } from './toolbar.js';

const TICK = 500;
/** A fleet that may want to know how it grows. */
const SMALL = 3;

const fleet = new Fleet();
const feed = new Feed(fleet);
const link = new Link(agentUrl(), 'realm1', (session) => feed.prepare(session), PROBE_TOPIC);
const address = new Address();
const view = () => ({ clock: link.clock(), now: performance.now(), linked: link.state === 'open' });
const grid = new Grid(byId('cards'), view);
const calm = new Calm(byId('cards'));
const detail = new Detail(byId('detail'), feed, view);
const toolbar = new Toolbar(address);
const summary = new Summary();
const announcer = new Announcer(byId('live'));
const connection = new Connection(link, (text) => announcer.say(text));
const theme = new Theme(byId('theme'));
const keyboard = new Keyboard();

expose(fleet, link);

// What the fleet tells.
let reorder = false;
fleet.onSample = (machine) => {
  grid.touch(machine, machine.heard);
  detail.hear(machine);
};
fleet.onPast = (machine) => grid.touch(machine);
fleet.onMachine = (machine) => {
  reorder = true;
  grid.touch(machine);
  if (machine === detail.machine) detail.touch();
};
fleet.onState = (machine) => {
  reorder = true;
  grid.touch(machine);
  if (machine === detail.machine) detail.touch();
  if (fleet.loaded && link.state === 'open') announcer.state(machine);
};
fleet.onMembership = () => {
  reorder = true;
  membersChanged = true;
};
let membersChanged = false;

// What the service sends, and what is asked of it.
feed.onSample = countSample;
feed.onWaiting = () => {
  connection.waiting = true;
  connection.show();
};
feed.onLoaded = () => {
  announcer.drop();
  order(false);
  openFromAddress();
};
feed.onHistory = () => {
  mark('firstHistory');
  detail.seed();
};
feed.wanted = () => (detail.machine ? [detail.machine, ...grid.visible] : grid.visible);
grid.onVisible = () => feed.wantHistory();
link.onChange = (state) => {
  connection.show();
  if (state === 'open') fleet.tick(link.clock());
  grid.touchAll();
  detail.touch(true);
};

// Frames.
let fleetShown = false;
onFrame(() => {
  const begin = performance.now();
  grid.frame();
  detail.frame();
  if (fleet.loaded && !fleetShown) {
    fleetShown = true;
    mark('firstFleet');
  }
  countFrame(performance.now() - begin);
});

/** Puts the cards in order and shows which there are. */
function order(glide) {
  reorder = false;
  membersChanged = false;
  calm.ordered();
  const shown = arrange(fleet.machines.values(), address.view);
  grid.show(shown, glide);
  byId('held').hidden = true;
  showCounts();
  const kind = !fleet.loaded || shown.length ? '' : fleet.machines.size ? 'filter' : 'fleet';
  byId('empty').hidden = !kind;
  byId('more').hidden = !fleet.loaded || !shown.length || fleet.machines.size > SMALL;
  showMore(byId('more'));
  showEmpty(byId('empty'), kind, () => address.go({ search: '', state: 'all' }));
}

function showCounts() {
  toolbar.showCounts(fleet.counts, fleet.machines.size);
  summary.show(fleet.machines.values());
  const { offline } = fleet.counts;
  const subject = detail.machine ? detail.machine.name : link.state === 'open' && offline ? `${count(offline)} offline` : '';
  document.title = subject ? `${subject} · Fleet` : 'Fleet';
}

/** Time passes: states follow, ages grow, and now and then the order is brought up to date. */
function tick() {
  if (link.state === 'open') fleet.tick(link.clock());
  else connection.show();
  showCounts();
  for (const machine of grid.visible) if (machine.state !== 'live') grid.touch(machine);
  if (detail.machine && !detail.times.paused) detail.touch(true);
  if (!fleet.loaded) return;
  const { machine } = address.view;
  if (machine) {
    // It may have been forgotten, or have come only now.
    if (detail.machine !== (fleet.machines.get(machine) ?? null)) detail.open(fleet.machines.get(machine) ?? null);
    return;
  }
  if (membersChanged && (grid.order.length < 2 || !calm.held())) order(true);
  else if (calm.due()) {
    const held = calm.held();
    byId('held').hidden = !(held && reorder);
    if (!held) order(true);
  }
}
setInterval(tick, TICK);

// The address.
let scrolled = 0;
address.onChange = (now, before) => {
  toolbar.sync(now);
  if (now.machine !== before.machine) openFromAddress(before.machine);
  else if (now.search !== before.search || now.state !== before.state || now.sort !== before.sort) {
    window.scrollTo(0, 0);
    order(false);
    if (now.search !== before.search || now.state !== before.state) {
      announcer.say(`${count(grid.order.length)} ${grid.order.length === 1 ? 'machine' : 'machines'} shown`);
    }
  }
};

function openFromAddress(before = '') {
  const id = address.view.machine;
  const wasOpen = document.body.dataset.view === 'machine';
  if (!fleet.loaded) return;
  if (!id) {
    if (!wasOpen) return;
    detail.close();
    document.body.dataset.view = 'fleet';
    grid.awake = true;
    byId('detail').hidden = true;
    window.scrollTo(0, scrolled);
    order(false);
    const index = grid.at.get(before);
    if (index !== undefined) grid.focus(index);
    return;
  }
  if (!wasOpen) scrolled = window.scrollY;
  document.body.dataset.view = 'machine';
  grid.awake = false;
  byId('detail').hidden = false;
  detail.open(fleet.machines.get(id) ?? null);
  feed.wantHistory(0);
  if (!wasOpen || before) {
    window.scrollTo(0, 0);
    detail.title.focus({ preventScroll: true });
  }
  requestFrame();
}

grid.onOpen = (machine) => address.go({ machine });
detail.onClose = () => address.close();
detail.onStep = (by) => {
  const at = grid.at.get(address.view.machine) ?? 0;
  const next = grid.order[(at + by + grid.order.length) % grid.order.length];
  if (next) address.go({ machine: next.id });
};
detail.settings.onSaved = (settings) => fleet.configured(settings, performance.now());
detail.settings.onForget = (id) => {
  fleet.forgotten(id);
  address.close();
};
theme.onChange = () => {
  grid.touchAll();
  detail.touch(true);
};

// Controls and keys.
const inFleet = (action) => () => (address.view.machine ? false : action());
const inDetail = (action) => () => (address.view.machine ? action() : false);
byId('help').addEventListener('click', () => openHelp(keyboard));
byId('add').addEventListener('click', openAdd);
byId('tools').addEventListener('submit', (event) => {
  event.preventDefault();
  grid.focus(0);
});
byId('home').addEventListener('click', (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (address.view.machine) address.close();
  else address.go({ search: '', state: 'all', sort: 'worst' });
});
keyboard
  .on('/', inFleet(() => toolbar.search.select()))
  .on('?', () => openHelp(keyboard))
  .on('t', () => theme.next())
  .on('Escape', () => {
    if (address.view.machine) address.close();
    else if (address.view.search) {
      toolbar.search.value = '';
      address.go({ search: '' });
    } else return false;
  })
  .on('ArrowRight l', inFleet(() => grid.step(1)))
  .on('ArrowLeft h', inFleet(() => grid.step(-1)))
  .on('ArrowDown j', inFleet(() => grid.step(grid.columns)))
  .on('ArrowUp k', inFleet(() => grid.step(-grid.columns)))
  .on('PageDown', inFleet(() => (grid.list.contains(document.activeElement) ? grid.step(grid.page) : false)))
  .on('PageUp', inFleet(() => (grid.list.contains(document.activeElement) ? grid.step(-grid.page) : false)))
  .on('Home', inFleet(() => (grid.list.contains(document.activeElement) ? grid.focus(0) : false)))
  .on('End', inFleet(() => (grid.list.contains(document.activeElement) ? grid.focus(grid.order.length - 1) : false)))
  .on('[', inDetail(() => detail.onStep(-1)))
  .on(']', inDetail(() => detail.onStep(1)))
  .on('p', inDetail(() => detail.togglePause()))
  .on('+ =', inDetail(() => detail.zoom(0.5)))
  .on('- −', inDetail(() => detail.zoom(2)))
  .on('0', inDetail(() => detail.times.reset()))
  .on('e', inDetail(() => {
    detail.settings.element.scrollIntoView({ block: 'center' });
    detail.settings.fields.name.focus({ preventScroll: true });
  }));
['all', ...STATES].forEach((state, index) => keyboard.on(String(index + 1), inFleet(() => address.go({ state }))));

toolbar.sync(address.view);
setText(byId('heading'), 'Machines');
connection.show();
link.start();
requestFrame();
