import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as format from '../static/format.js';

const plain = (text) => text.replaceAll('\u00a0', ' ');

test('sizes in binary units, rates in decimal ones', () => {
  const sizes = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [16 * 2 ** 30, '16 GiB'],
    [2 ** 40, '1 TiB'],
    [123 * 2 ** 30, '123 GiB'],
  ];
  for (const [value, text] of sizes) assert.equal(plain(format.bytes(value)), text);
  const rates = [
    [0, '0 B/s'],
    [999, '999 B/s'],
    [1200, '1.2 kB/s'],
    [9.999e6, '10 MB/s'],
    [310_000, '310 kB/s'],
    [1e12, '1 TB/s'],
  ];
  for (const [value, text] of rates) assert.equal(plain(format.rate(value)), text);
});

test('nonsense is a dash', () => {
  for (const value of [NaN, -1, Infinity, undefined]) {
    assert.equal(format.rate(value), format.NONE);
    assert.equal(format.duration(value), format.NONE);
  }
  assert.equal(format.percent(NaN), format.NONE);
  assert.equal(format.bytes(NaN), format.NONE);
  assert.equal(format.age(-Infinity), format.NONE);
});

test('a share is in the unit of the whole', () => {
  assert.equal(plain(format.share(5.2 * 2 ** 30, 16 * 2 ** 30)), '5.2 of 16 GiB');
  assert.equal(plain(format.share(20 * 2 ** 20, 4 * 2 ** 30)), '20 MiB of 4 GiB');
  assert.equal(plain(format.share(0, 4 * 2 ** 30)), '0 of 4 GiB');
  assert.equal(plain(format.ratio(58.4 * 2 ** 30, 64 * 2 ** 30)), '58/64 GiB');
  assert.equal(format.ratio(0, 0), '');
});

test('durations name two units, ages one', () => {
  const cases = [
    [5, '5 s'],
    [65, '1 min 5 s'],
    [3600, '1 h'],
    [90_000, '1 d 1 h'],
    [86_400 * 400, '400 d'],
  ];
  for (const [seconds, text] of cases) assert.equal(plain(format.duration(seconds)), text);
  assert.equal(plain(format.age(59_999)), '59 s');
  assert.equal(plain(format.age(7_300_000)), '2 h');
});

test('names are cut by code point and lose control characters', () => {
  assert.equal(format.brief('web-1'), 'web-1');
  assert.equal(format.brief('a\u0000b\nc'), 'a b c');
  assert.equal(format.brief(42), '');
  assert.equal([...format.brief('😀'.repeat(500), 10)].length, 10);
  assert.ok(format.brief('x'.repeat(10_000), 10).endsWith('…'));
  assert.equal(format.brief('😀'.repeat(500), 10), `${'😀'.repeat(9)}…`);
});

test('natural order: numbers by value', () => {
  const names = ['web-10', 'web-2', 'Web-1', 'web-02b', 'api'];
  names.sort((a, b) => (format.naturalKey(a) < format.naturalKey(b) ? -1 : 1));
  assert.deepEqual(names, ['api', 'Web-1', 'web-2', 'web-02b', 'web-10']);
});

test('counts have their thousands apart', () => {
  const counts = [0, 7, 999, 1000, 12_345, 1_234_567].map(format.count);
  assert.deepEqual(counts, ['0', '7', '999', '1,000', '12,345', '1,234,567']);
});
