import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Machine } from '../static/machine.js';
import { CPU, RX, SERIES, SWAP, TX } from '../static/past.js';
import { Track } from '../static/track.js';

const sample = (cpu) => ({ id: 'a', cpus: [cpu, cpu], net: [cpu, 1], swap: [0, 0] });

function machineWith(...times) {
  const machine = new Machine('a');
  for (const time of times) machine.hear(sample(time / 1000), time);
  return machine;
}

const times = (track) => Array.from(track.ring.rows().times);

test('starts from what the card knows, in all its lines', () => {
  const machine = machineWith(1000, 2000);
  const track = new Track(machine);
  machine.hear(sample(3), 3000);
  track.hear();
  assert.deepEqual(times(track), [1000, 2000, 3000]);
  assert.deepEqual([track.ring.value(RX, 0), track.ring.value(TX, 0), track.ring.value(SWAP, 0)], [1, 1, 0]);
  assert.deepEqual([track.ring.value(RX, 2), track.ring.value(CPU, 1)], [3, 2]);
});

test('a history that comes later fills before and between, and takes nothing away', () => {
  const machine = machineWith(10_000);
  const track = new Track(machine);
  for (const time of [11_000, 20_000]) {
    machine.hear(sample(5), time);
    track.hear();
  }
  const columns = SERIES.map((_, series) => Array(7).fill(series));
  machine.ring.merge([8000, 9000, 10_050, 11_050, 12_000, 13_000, 19_950], columns);
  track.seed();
  assert.deepEqual(times(track), [8000, 9000, 10_000, 11_000, 12_000, 13_000, 20_000]);
  assert.deepEqual([track.ring.value(RX, 0), track.ring.value(RX, 3), track.ring.value(TX, 4)], [RX, 5, TX]);
  track.seed();
  assert.equal(track.ring.length, 7, 'once is enough');
});

test('the same sample is taken once', () => {
  const machine = machineWith(1000);
  const track = new Track(machine);
  track.hear();
  track.hear();
  assert.equal(track.ring.length, 1);
});

test('many cores are gathered into rows, each the busiest of its cores', () => {
  const machine = new Machine('a');
  const track = new Track(machine);
  const cpus = Array.from({ length: 1000 }, (_, core) => (core === 999 ? 100 : 1));
  machine.hear({ id: 'a', cpus }, 1000);
  track.hear();
  assert.deepEqual(
    [track.cores, track.coreRows[0].length, track.coreRows[0][0], track.coreRows[0][63]],
    [1000, 64, 1, 100],
  );
  machine.hear({ id: 'a', cpus: [50] }, 2000);
  track.hear();
  assert.deepEqual([track.cores, track.coreRows.length], [1, 1], 'another number of cores starts anew');
});

test('the past of the cores fills before and between, and takes nothing away', () => {
  const machine = machineWith(10_000);
  const track = new Track(machine);
  track.hearCores(machine.reading.cores, 10_000);
  const levels = (value) => [value, value];
  const cores = [levels(8), null, levels(9), [1], levels(-3), 'x', levels(300), levels(7)];
  track.seedCores({ t: [2000, 1500, 50, 40, -1000, -1500, -2000, 'x'], cores }, 10_000);
  assert.deepEqual(track.coreTimes, [8000, 10_000, 11_000, 12_000]);
  assert.deepEqual(
    track.coreRows.map((row) => [...row]),
    [levels(8), levels(10), levels(0), levels(100)],
  );
  track.seedCores({ t: [2000], cores: [levels(1)] }, 10_000);
  assert.equal(track.coreRows.length, 4, 'once is enough');
  for (const nonsense of [null, 7, {}, { t: 1, cores: 2 }, { t: [1], cores: [] }]) track.seedCores(nonsense, 10_000);
  assert.equal(track.coreRows.length, 4);
});
