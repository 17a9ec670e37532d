// The page: makes the parts and tells each what concerns it.
//
// Hooks that tests and scripts may rely on:
//   body[data-connection="connecting|open|closed|refused"]  this browser's own link; open = figures are true, refused =
//     it takes a token: form#signin-form with #token
//   body[data-authentication="yes|no"]               whether this server asks for a token; #signout then
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
import { Connection } from './connection.js';
import { Credentials } from './credentials.js';
import { Detail } from './detail.js';
import { byId } from './dom.js';
import { Feed } from './feed.js';
import { Fleet } from './fleet.js';
import { FleetView } from './fleet-view.js';
import { count } from './format.js';
import { onFrame, requestFrame } from './frame.js';
import { agentUrl, openAdd, openHelp } from './help.js';
import { Keyboard } from './keyboard.js';
import { Link } from './link.js';
import { bindKeys } from './shortcuts.js';
import { SignIn, complaint } from './signin.js';
import { countFrame, countSample, expose, mark } from './stats.js';
import { Theme } from './theme.js';

const TICK = 500;

const fleet = new Fleet();
const feed = new Feed(fleet);
const link = new Link(agentUrl(), 'realm1', (session) => {
  document.body.dataset.authentication = session.isKnown ? 'yes' : 'no';
  return feed.prepare(session);
});
const address = new Address();
const view = () => ({ clock: link.clock(), now: performance.now(), linked: link.state === 'open' });
const fleetView = new FleetView(fleet, address, view);
const { grid } = fleetView;
const detail = new Detail(byId('detail'), feed, view);
const announcer = new Announcer(byId('live'));
const connection = new Connection(link, (text) => announcer.say(text));
const theme = new Theme(byId('theme'));
const credentials = new Credentials();
const signIn = new SignIn(byId('signin'), useToken);
const keyboard = new Keyboard();

expose(fleet, link);
bindKeys({ keyboard, address, fleetView, detail, theme });

// What the fleet tells.
fleet.onSample = (machine) => {
  grid.touch(machine, machine.heard);
  detail.hear(machine);
};
fleet.onPast = (machine) => grid.touch(machine);
fleet.onMachine = (machine) => {
  fleetView.changed = true;
  grid.touch(machine);
  if (machine === detail.machine) detail.touch();
};
fleet.onState = (machine) => {
  fleet.onMachine(machine);
  if (fleet.loaded && link.state === 'open') announcer.state(machine);
};
fleet.onMembership = () => (fleetView.membersChanged = true);

// What the service sends, and what is asked of it.
feed.onSample = countSample;
feed.onWaiting = () => {
  connection.waiting = true;
  connection.show();
};
feed.onLoaded = () => {
  announcer.drop();
  fleetView.order(false);
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
  if (state === 'open') {
    fleet.tick(link.clock());
    welcome();
  } else if (state === 'refused') askForToken();
  else if (state === 'closed') signIn.postpone(link.reason);
  repaint();
};
theme.onChange = repaint;

// Who may look.
let wasOpen = false;
function useToken(token) {
  wasOpen = false;
  credentials.token = token;
  link.use(token);
}

function welcome() {
  wasOpen = true;
  signIn.close();
  if (link.session.isKnown) credentials.remember();
}

function askForToken() {
  const text = complaint(credentials.token, wasOpen);
  credentials.forget();
  wasOpen = false;
  signIn.ask(text);
}

/** Nothing of the fleet stays in the page. */
function signOut() {
  credentials.forget();
  location.reload();
}
credentials.onArrival = useToken;
credentials.onForgotten = () => location.reload();

function repaint() {
  grid.touchAll();
  detail.touch(true);
}

onFrame(() => {
  const begin = performance.now();
  grid.frame();
  detail.frame();
  if (fleet.loaded) mark('firstFleet');
  countFrame(performance.now() - begin);
});

/** Time passes: states follow, ages grow, and now and then the order is brought up to date. */
function tick() {
  if (link.state === 'open') fleet.tick(link.clock());
  else connection.show();
  fleetView.showCounts();
  showTitle();
  if (!fleet.loaded) return;
  if (address.view.machine) {
    reopen();
    if (!detail.times.paused) detail.touch(true);
  } else {
    for (const machine of grid.visible) if (machine.state !== 'live') grid.touch(machine);
    fleetView.keepOrder();
  }
}
setInterval(tick, TICK);

function showTitle() {
  const { offline } = fleet.counts;
  const subject = detail.machine
    ? detail.machine.name
    : link.state === 'open' && offline
      ? `${count(offline)} offline`
      : '';
  document.title = subject ? `${subject} · Fleet` : 'Fleet';
}

// The address.
let scrolled = 0;
address.onChange = (now, before) => {
  fleetView.toolbar.sync(now);
  if (now.machine !== before.machine) {
    openFromAddress(before.machine);
    return;
  }
  window.scrollTo(0, 0);
  fleetView.order(false);
  if (now.search !== before.search || now.state !== before.state) {
    const { length } = grid.order;
    announcer.say(`${count(length)} ${length === 1 ? 'machine' : 'machines'} shown`);
  }
};

function openFromAddress(before = '') {
  if (!fleet.loaded) return;
  const wasOpen = document.body.dataset.view === 'machine';
  const isOpen = Boolean(address.view.machine);
  if (!wasOpen) scrolled = window.scrollY;
  document.body.dataset.view = isOpen ? 'machine' : 'fleet';
  byId('detail').hidden = !isOpen;
  grid.awake = !isOpen;
  if (isOpen) showMachine(!wasOpen || before);
  else if (wasOpen) showFleet(before);
}

function showMachine(byStep) {
  reopen();
  feed.wantHistory(0);
  if (byStep) {
    window.scrollTo(0, 0);
    detail.title.focus({ preventScroll: true });
  }
  requestFrame();
}

/** The open machine may be another, may have been forgotten, or have come only now; and the link may be a new one. */
function reopen() {
  const machine = fleet.machines.get(address.view.machine) ?? null;
  if (!machine || machine !== detail.machine) detail.open(machine);
  if (detail.track) feed.followCores(detail.track);
}

function showFleet(before) {
  detail.close();
  window.scrollTo(0, scrolled);
  fleetView.order(false);
  const index = grid.at.get(before);
  if (index !== undefined) grid.focus(index);
}

grid.onOpen = (machine) => address.go({ machine });
detail.onClose = () => address.close();
detail.onStep = (by) => {
  const { order } = grid;
  const at = grid.at.get(address.view.machine) ?? 0;
  const next = order[(at + by + order.length) % order.length];
  if (next) address.go({ machine: next.id });
};
detail.settings.onSaved = (settings) => fleet.configured(settings, performance.now());
detail.settings.onForget = (id) => {
  fleet.forgotten(id);
  address.close();
};

// Controls.
byId('help').addEventListener('click', () => openHelp(keyboard));
byId('add').addEventListener('click', () => openAdd(feed));
byId('signout').addEventListener('click', signOut);
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

connection.show();
link.token = credentials.token;
link.start();
requestFrame();
