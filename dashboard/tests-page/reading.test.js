import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reading } from '../static/reading.js';

test('a whole sample', () => {
  const reading = new Reading({
    cpus: [10, 30],
    mem: [1, 4],
    swap: [0, 2],
    disks: { '/': [1, 10], '/home': [9, 10] },
    net: [5, 7],
    io: [1, 2],
    load: [1, 2, 3],
    up: 60,
    rev: 3,
  });
  assert.equal(reading.cpu, 20);
  assert.equal(reading.memory, 25);
  assert.deepEqual(
    reading.disks.map(({ mount, percent }) => [mount, percent]),
    [
      ['/home', 90],
      ['/', 10],
    ],
  );
  assert.equal(reading.disk, 90);
  assert.deepEqual([reading.net, reading.io, reading.up, reading.rev, reading.pressure], [12, 3, 60, 3, 90]);
});

test('parts that are hidden are null, not zero', () => {
  const reading = new Reading({ net: [1, 2] });
  assert.deepEqual(
    [reading.cores, reading.mem, reading.disks, reading.load, reading.hasIo],
    [null, null, null, null, false],
  );
  assert.ok(Number.isNaN(reading.cpu) && Number.isNaN(reading.rev));
  assert.equal(reading.pressure, 0);
});

test('nonsense becomes unknown, and only itself', () => {
  const reading = new Reading({
    cpus: [null, -5, 1e9, 'x', {}, 40],
    mem: [-1, 0],
    swap: 'x',
    disks: { '/': [null, 'a'], '/b': [5, 10] },
    net: [null, 3],
    io: 7,
    load: {},
    up: -1,
    rev: 'x',
  });
  assert.deepEqual(Array.from(reading.cores), [NaN, NaN, 100, NaN, NaN, 40]);
  assert.equal(reading.cpu, 70);
  assert.ok(Number.isNaN(reading.memory));
  assert.equal(reading.disk, 50);
  assert.ok(Number.isNaN(reading.rx) && reading.tx === 3 && Number.isNaN(reading.net));
  assert.ok(Number.isNaN(reading.up) && Number.isNaN(reading.rev));
});

test('a mount called __proto__ is a mount', () => {
  const reading = new Reading(JSON.parse('{"disks":{"__proto__":[5,10]}}'));
  assert.deepEqual(
    reading.disks.map(({ mount }) => mount),
    ['__proto__'],
  );
});

test('a machine without swap uses none of it, one that hides it does not say', () => {
  const swapped = (sample) => new Reading(sample).swapped;
  assert.deepEqual([{ swap: [0, 0] }, { swap: [1, 4] }, { swap: 'x' }, {}].map(swapped), [0, 25, NaN, NaN]);
});

test('more used than there is stays within the whole', () => {
  assert.equal(new Reading({ mem: [20, 10] }).memory, 100);
});
