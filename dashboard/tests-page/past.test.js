import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CPU, IO, NET, Past, READ, recordOf, RX, SWAP, TX, WRITE } from '../static/past.js';
import { Reading } from '../static/reading.js';

test('a reading has a value for every column, and both directions add up', () => {
  const past = new Past();
  past.push(1, recordOf(new Reading({ cpus: [4, 8], swap: [1, 4], net: [5, 7], io: [1, 2] })));
  const at = (series) => past.value(series, 0);
  assert.deepEqual([CPU, SWAP, RX, TX, NET, READ, WRITE, IO].map(at), [6, 25, 5, 7, 12, 1, 2, 3]);
});

test('what is unknown in one direction is unknown in both together', () => {
  const past = new Past();
  past.push(1, recordOf(new Reading({ net: [null, 3] })));
  assert.deepEqual([past.value(TX, 0), past.value(NET, 0), past.value(IO, 0)], [3, NaN, NaN]);
});
