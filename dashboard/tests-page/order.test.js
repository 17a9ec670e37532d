import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fleet } from '../static/fleet.js';
import { arrange } from '../static/order.js';

const NOW = 1_000_000;

function fleetOf(...machines) {
  const fleet = new Fleet();
  fleet.begin();
  fleet.snapshot(
    {
      now: 5000,
      machines: machines.map(({ id, cpu, age = 0, online = true, ...settings }) => ({
        id,
        online,
        since: 1,
        age,
        facts: { os: 'Debian 12' },
        settings: {
          id,
          ip: `10.0.0.${id.length}`,
          name: id,
          show_cpus: true,
          show_memory: true,
          show_disk: true,
          disabled: false,
          frequency: 1,
          rev: 1,
          ...settings,
        },
        sample: cpu === undefined ? { id } : { id, cpus: [cpu] },
      })),
    },
    NOW,
  );
  return fleet;
}

const ids = (fleet, view) => arrange(fleet.machines.values(), view).map(({ id }) => id);

test('worst first: offline, stale, pressed, calm, disabled', () => {
  const fleet = fleetOf(
    { id: 'calm', cpu: 2 },
    { id: 'off', online: false },
    { id: 'rest', disabled: true },
    { id: 'busy', cpu: 97 },
    { id: 'late', age: 3500 },
  );
  assert.deepEqual(ids(fleet, {}), ['off', 'late', 'busy', 'calm', 'rest']);
});

test('worst first is calm: a few percent do not change it', () => {
  const fleet = fleetOf({ id: 'a', cpu: 41 }, { id: 'b', cpu: 42 });
  assert.deepEqual(ids(fleet, {}), ['a', 'b']);
  for (let at = 0; at < 20; at++) fleet.sample({ id: 'b', cpus: [44] }, NOW + at);
  assert.deepEqual(ids(fleet, {}), ['a', 'b']);
  for (let at = 0; at < 20; at++) fleet.sample({ id: 'b', cpus: [90] }, NOW + 100 + at);
  assert.deepEqual(ids(fleet, {}), ['b', 'a']);
});

test('names sort by number; unknown figures sort last', () => {
  const fleet = fleetOf({ id: 'web-10', cpu: 5 }, { id: 'web-9' }, { id: 'web-1', cpu: 50 });
  assert.deepEqual(ids(fleet, { sort: 'name' }), ['web-1', 'web-9', 'web-10']);
  assert.deepEqual(ids(fleet, { sort: 'cpu' }), ['web-1', 'web-10', 'web-9']);
  assert.deepEqual(ids(fleet, { sort: 'no such order' }), ids(fleet, { sort: 'worst' }));
});

test('a search wants every word somewhere; the state is one filter more', () => {
  const fleet = fleetOf({ id: 'web-1' }, { id: 'web-2', online: false }, { id: 'db-1', name: 'Primary' });
  assert.deepEqual(ids(fleet, { search: ' WEB  debian ' }).sort(), ['web-1', 'web-2']);
  assert.deepEqual(ids(fleet, { search: 'prim' }), ['db-1']);
  assert.deepEqual(ids(fleet, { search: 'web', state: 'offline' }), ['web-2']);
  assert.deepEqual(ids(fleet, { search: 'nothing' }), []);
});

test('any order is total and stable', () => {
  const fleet = fleetOf(
    ...Array.from({ length: 60 }, (_, at) => ({ id: `m${at}`, name: 'same', cpu: at % 3 ? at % 7 : undefined })),
  );
  for (const sort of ['worst', 'name', 'cpu', 'memory', 'disk', 'network', 'silent']) {
    const once = ids(fleet, { sort });
    const shuffled = [...fleet.machines.values()].reverse();
    assert.deepEqual(
      arrange(shuffled, { sort }).map(({ id }) => id),
      once,
      sort,
    );
  }
});
