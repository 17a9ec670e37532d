import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ring } from '../static/ring.js';

const fill = (ring, times) => times.forEach((time) => ring.push(time, [time * 10, time * 100]));
const times = (ring) => Array.from(ring.rows().times);
const column = (ring, series) => Array.from(ring.rows().columns[series]);

test('keeps rows in order and grows while they are young', () => {
  const ring = new Ring(2, 1000, 64);
  fill(
    ring,
    Array.from({ length: 50 }, (_, at) => at),
  );
  assert.equal(ring.length, 50);
  assert.equal(ring.capacity, 64);
  assert.deepEqual([ring.time(0), ring.value(0, 7), ring.value(1, 49)], [0, 70, 4900]);
});

test('overwrites the oldest once they are older than its span', () => {
  const ring = new Ring(1, 10, 1024);
  for (let time = 0; time < 1000; time++) ring.push(time, [time]);
  assert.equal(ring.capacity, 16);
  assert.deepEqual(
    times(ring),
    Array.from({ length: 16 }, (_, at) => 984 + at),
  );
  assert.deepEqual(column(ring, 0), times(ring));
});

test('grows in the middle of having wrapped', () => {
  const ring = new Ring(1, 100, 64);
  for (let time = 0; time < 2000; time += 200) ring.push(time, [time]);
  assert.equal(ring.capacity, 8);
  for (let time = 2000; time < 2060; time += 4) ring.push(time, [time]);
  assert.deepEqual(
    times(ring),
    [...times(ring)].sort((a, b) => a - b),
  );
  assert.deepEqual(column(ring, 0), times(ring));
  assert.equal(ring.lastTime, 2056);
});

test('never has more rows than allowed', () => {
  const ring = new Ring(1, Infinity, 32);
  for (let time = 0; time < 100; time++) ring.push(time, [time]);
  assert.equal(ring.length, 32);
  assert.equal(ring.time(0), 68);
});

test('moves a time that does not advance', () => {
  const ring = new Ring(1);
  ring.push(5, [1]);
  ring.push(5, [2]);
  ring.push(3, [3]);
  assert.deepEqual(times(ring), [5, 6, 7]);
});

test('finds the first row at or after a time', () => {
  const ring = new Ring(1);
  for (const time of [10, 20, 30]) ring.push(time, [0]);
  assert.deepEqual(
    [5, 10, 11, 30, 31].map((time) => ring.rowAt(time)),
    [0, 0, 1, 2, 3],
  );
});

test('merge: foreign rows stand for their stretch, own rows for the rest', () => {
  const ring = new Ring(1);
  for (const time of [0, 100, 200, 300, 400]) ring.push(time, [-1]);
  ring.merge([95, 150, 205], [[1, 2, 3]]);
  assert.deepEqual(times(ring), [0, 95, 150, 205, 300, 400]);
  assert.deepEqual(column(ring, 0), [-1, 1, 2, 3, -1, -1]);
});

test('merge: unknown columns become NaN, nothing changes nothing', () => {
  const ring = new Ring(2);
  ring.merge([], []);
  assert.equal(ring.length, 0);
  ring.merge([1, 2], [[5, 6]]);
  assert.deepEqual(column(ring, 0), [5, 6]);
  assert.ok(column(ring, 1).every(Number.isNaN));
});
