// The small pure parts: address, pauses, the charts' window, scales, words for a screen reader.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, write } from '../static/address.js';
import { sentence } from '../static/announce.js';
import { ceiling } from '../static/chart.js';
import { pause } from '../static/link.js';
import { complaint } from '../static/settings.js';
import { ticks, TimeView } from '../static/timeview.js';

test('the address holds what differs from the usual view, and reads back', () => {
  assert.equal(write(read('')), '.');
  const view = { search: 'web & <b>', state: 'offline', sort: 'cpu', machine: 'a/b' };
  assert.deepEqual(read(write(view)), view);
  assert.equal(read(`?q=${'x'.repeat(5000)}`).search.length, 200);
});

test('pauses grow to a ceiling and are spread', () => {
  assert.deepEqual(
    [0, 1, 2, 20].map((attempt) => pause(attempt, 1)),
    [400, 800, 1600, 15_000],
  );
  assert.equal(pause(3, 0), 1600);
});

test('a window follows the clock until it is held', () => {
  const view = new TimeView();
  assert.deepEqual(view.window(1_000_000), { from: 700_000, to: 1_000_000 });
  view.pause(1_000_000);
  assert.deepEqual(view.window(2_000_000), { from: 700_000, to: 1_000_000 });
  view.follow();
  assert.equal(view.window(2_000_000).to, 2_000_000);
});

test('zooming keeps the moment under the cursor in its place', () => {
  const view = new TimeView();
  const now = 1_000_000;
  view.zoom(0.5, 850_000, now);
  const { from, to } = view.window(now);
  assert.equal(to - from, 150_000);
  assert.equal((to - 850_000) / (to - from), 0.5);
  assert.ok(view.paused);
  view.zoom(0.0001, 850_000, now);
  assert.equal(view.span, 5000);
});

test('zooming at the right edge goes on following', () => {
  const view = new TimeView();
  view.zoom(0.5, 1_000_000, 1_000_000);
  assert.ok(!view.paused);
  view.zoom(100, 1_000_000, 1_000_000);
  assert.equal(view.span, 3_600_000);
});

test('ticks are round moments, few enough', () => {
  const { step, marks } = ticks(61_000, 361_000, 0, 6);
  assert.equal(step, 60_000);
  assert.deepEqual(marks, [120_000, 180_000, 240_000, 300_000, 360_000]);
});

test('scales end on a round number', () => {
  assert.deepEqual(
    [0, 7, 11, 130, 23_000, 99_000].map((value) => ceiling(value)),
    [1, 8, 12, 160, 24_000, 100_000],
  );
});

test('a few changes are told by name, many by number', () => {
  const of = (count, state) => Array.from({ length: count }, (_, at) => ({ name: `m${at}`, state }));
  assert.equal(sentence(of(2, 'offline')), 'm0 offline, m1 offline');
  assert.equal(sentence([...of(4, 'offline'), ...of(3, 'live')]), '4 machines now offline, 3 machines now live');
});

test('settings out of range are named before they are sent', () => {
  assert.equal(complaint('frequency', 0.25), '');
  for (const value of [0.2, 3601, NaN, -1]) assert.match(complaint('frequency', value), /0\.25.*3600/);
  assert.match(complaint('name', 'x'.repeat(65)), /64/);
  assert.equal(complaint('name', '😀'.repeat(64)), '');
  assert.equal(complaint('disabled', true), '');
});
