import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fleet } from '../static/fleet.js';
import { CPU, NET, RX, TX } from '../static/past.js';

const NOW = 1_000_000;
const settings = (more = {}) => ({
  id: 'a',
  ip: '10.0.0.1',
  name: 'web-1',
  show_cpus: true,
  show_memory: true,
  show_disk: true,
  disabled: false,
  frequency: 1,
  rev: 1,
  ...more,
});
const entry = (more = {}) => ({
  id: 'a',
  online: true,
  since: 1000,
  settings: settings(),
  facts: {},
  age: 0,
  sample: { id: 'a', cpus: [5], rev: 1 },
  ...more,
});
const snapshot = (...machines) => ({ machines, now: 5000 });
const joined = () => {
  const fleet = new Fleet();
  fleet.begin();
  return fleet;
};
const loaded = (...machines) => {
  const fleet = joined();
  fleet.snapshot(snapshot(...machines), NOW);
  return fleet;
};

test('a snapshot fills the page', () => {
  const fleet = loaded(
    entry(),
    entry({ id: 'b', online: false }),
    entry({ id: 'c', settings: settings({ id: 'c', disabled: true }) }),
  );
  assert.deepEqual(fleet.counts, { live: 1, stale: 0, offline: 1, disabled: 1 });
  assert.equal(fleet.machines.get('a').name, 'web-1');
  assert.equal(fleet.machines.get('a').reading.cpu, 5);
});

test('states follow from silence', () => {
  const fleet = loaded(entry());
  const at = (seconds) => {
    fleet.tick(NOW + seconds * 1000);
    return fleet.machines.get('a').state;
  };
  assert.deepEqual([1.9, 2.2, 2.4, 5.2, 5.4].map(at), ['live', 'live', 'stale', 'stale', 'offline']);
  fleet.sample({ id: 'a' }, NOW + 6000);
  assert.equal(fleet.machines.get('a').state, 'live');
});

test('an old sample in a snapshot counts by its age', () => {
  const fleet = joined();
  fleet.snapshot({ machines: [entry({ age: 60_000 })], now: 100_000 }, NOW);
  assert.equal(fleet.machines.get('a').state, 'offline');
});

test('a machine that just joined has time for its first sample', () => {
  const fleet = loaded(entry({ sample: null, age: null, since: 4500 }));
  assert.equal(fleet.machines.get('a').state, 'live');
  fleet.tick(NOW + 10_000);
  assert.equal(fleet.machines.get('a').state, 'offline');
});

test('leaving is offline at once, and a straggling sample does not undo it', () => {
  const fleet = loaded(entry());
  fleet.machine({ id: 'a', online: false, since: 6000, settings: settings(), facts: {} }, NOW + 100);
  assert.equal(fleet.machines.get('a').state, 'offline');
  fleet.sample({ id: 'a' }, NOW + 300);
  assert.equal(fleet.machines.get('a').state, 'offline');
  fleet.machine({ id: 'a', online: true, since: 7000, settings: settings(), facts: {} }, NOW + 9000);
  assert.equal(fleet.machines.get('a').state, 'live');
});

test('disabled stands above all', () => {
  const fleet = loaded(entry({ online: false, settings: settings({ disabled: true }) }));
  fleet.tick(NOW + 100_000);
  assert.equal(fleet.machines.get('a').state, 'disabled');
});

test('enabling gives a machine time, and does not make a missing one live', () => {
  const fleet = loaded(entry({ age: 100_000, settings: settings({ disabled: true }) }));
  fleet.configured(settings({ rev: 2 }), NOW);
  assert.equal(fleet.machines.get('a').state, 'live');
  fleet.tick(NOW + 3000);
  assert.equal(fleet.machines.get('a').state, 'stale');
  fleet.tick(NOW + 9000);
  fleet.configured(settings({ rev: 3, name: 'other' }), NOW + 9000);
  assert.equal(fleet.machines.get('a').state, 'offline');
});

test('a shorter interval counts from when it was set', () => {
  const fleet = loaded(entry({ age: 600_000, settings: settings({ frequency: 3600 }) }));
  assert.equal(fleet.machines.get('a').state, 'live');
  fleet.configured(settings({ rev: 2, frequency: 1 }), NOW);
  assert.equal(fleet.machines.get('a').state, 'live');
});

test('events that come before the snapshot are newer than it', () => {
  const fleet = joined();
  fleet.sample({ id: 'a', cpus: [77], rev: 2 }, NOW - 5);
  fleet.configured(settings({ rev: 2, name: 'renamed' }), NOW - 4);
  fleet.machine({ id: 'b', online: true, since: 4999, settings: settings({ id: 'b' }), facts: {} }, NOW - 3);
  fleet.forgotten('c');
  fleet.snapshot(snapshot(entry({ age: 900 }), entry({ id: 'b', online: false, since: 1 }), entry({ id: 'c' })), NOW);
  assert.equal(fleet.machines.get('a').reading.cpu, 77);
  assert.equal(fleet.machines.get('a').name, 'renamed');
  assert.equal(fleet.machines.get('b').online, true);
  assert.deepEqual([...fleet.machines.keys()], ['a', 'b']);
});

test('after a reconnect the snapshot overrides what an earlier link said', () => {
  const fleet = loaded(entry({ settings: settings({ rev: 9, name: 'old' }) }), entry({ id: 'b' }));
  fleet.begin();
  fleet.sample({ id: 'n' }, NOW + 100);
  fleet.snapshot(snapshot(entry({ settings: settings({ rev: 1, name: 'new' }) })), NOW + 200);
  assert.equal(fleet.machines.get('a').name, 'new');
  assert.deepEqual([...fleet.machines.keys()], ['a', 'n'], 'b is gone, n is newer than the snapshot');
});

test('settings of an older revision do not come back', () => {
  const fleet = loaded(entry({ settings: settings({ rev: 5, name: 'now' }) }));
  fleet.configured(settings({ rev: 4, name: 'then' }), NOW);
  assert.equal(fleet.machines.get('a').name, 'now');
});

test('applied is what the machine says, not what was sent', () => {
  const fleet = loaded(entry());
  const machine = fleet.machines.get('a');
  assert.equal(machine.isApplied, true);
  fleet.configured(settings({ rev: 2, show_cpus: false }), NOW);
  assert.equal(machine.isApplied, false);
  assert.equal(machine.shows('cpu'), true, 'still shown: the machine still sends it');
  fleet.sample({ id: 'a', rev: 2, net: [1, 2] }, NOW + 50);
  assert.equal(machine.isApplied, true);
  assert.equal(machine.shows('cpu'), false);
  assert.deepEqual(
    ['memory', 'disks', 'network'].map((part) => machine.shows(part)),
    [true, true, true],
  );
});

test('an agent that does not tell its revision is neither', () => {
  assert.equal(loaded(entry({ sample: { id: 'a' } })).machines.get('a').isApplied, null);
});

test('the last word of a disabled machine keeps its figures', () => {
  const fleet = loaded(entry());
  fleet.sample({ id: 'a', cpus: [5], rev: 1 }, NOW + 5);
  fleet.sample({ id: 'a', disabled: true, rev: 2 }, NOW + 10);
  const machine = fleet.machines.get('a');
  assert.deepEqual([machine.reading.cpu, machine.applied, machine.ring.length], [5, 2, 1]);
});

test('samples without an id go by their address', () => {
  const fleet = loaded();
  fleet.sample({ ip: '10.0.0.9', cpus: [1] }, NOW);
  assert.equal(fleet.machines.get('10.0.0.9').reading.cpu, 1);
});

test('history lies under the live samples', () => {
  const fleet = loaded(entry());
  const past = { t: [3000, 2000, 0], cpu: [1, 2, 3], rx: [null, 5, 6], tx: [4, 1, 1] };
  fleet.history({ a: past, nobody: { t: [1] }, b: null }, NOW);
  const { ring } = fleet.machines.get('a');
  assert.deepEqual(Array.from(ring.rows().times), [NOW - 3000, NOW - 2000, NOW]);
  assert.deepEqual(Array.from(ring.rows().columns[CPU]), [1, 2, 3]);
  assert.deepEqual([ring.value(RX, 1), ring.value(TX, 1), ring.value(NET, 1), ring.value(NET, 0)], [5, 1, 6, NaN]);
});

test('nonsense changes nothing', () => {
  const fleet = loaded(entry());
  for (const nonsense of [null, 7, 'x', [], {}, { id: 7 }, { id: '' }]) {
    fleet.sample(nonsense, NOW);
    fleet.machine(nonsense, NOW);
    fleet.configured(nonsense, NOW);
    fleet.history(nonsense, NOW);
  }
  fleet.sample({ id: '__proto__', cpus: [1] }, NOW);
  fleet.machine({ id: 'a', settings: { frequency: -1, name: 5, rev: 'x' }, facts: 'x', online: 'yes' }, NOW);
  assert.deepEqual([...fleet.machines.keys()], ['a', '__proto__']);
  assert.equal(fleet.machines.get('a').interval, 1000);
  fleet.snapshot(null, NOW);
  fleet.snapshot({ machines: [null, 5, {}] }, NOW);
});

test('tells of changed states once, with counts that add up', () => {
  const fleet = joined();
  const told = [];
  fleet.onState = (machine, before) => told.push(`${machine.id} ${before} ${machine.state}`);
  fleet.snapshot(snapshot(entry()), NOW);
  for (const second of [1, 3, 4, 6, 7]) fleet.tick(NOW + second * 1000);
  assert.deepEqual(told, ['a live stale', 'a stale offline']);
  fleet.forgotten('a');
  assert.deepEqual(fleet.counts, { live: 0, stale: 0, offline: 0, disabled: 0 });
});
