// Things about the files themselves that are easily forgotten.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const folder = new URL('../static/', import.meta.url);
const files = readdirSync(folder);
const read = (name) => readFileSync(new URL(name, folder), 'utf8');
const modules = files.filter((name) => name.endsWith('.js') && name !== 'early.js');
const index = read('index.html');

test('every module is preloaded, or it would cost a round trip more', () => {
  const preloaded = [...index.matchAll(/modulepreload" href="static\/([^"]+)"/g)].map(([, name]) => name);
  assert.deepEqual(preloaded, modules.filter((name) => name !== 'app.js').sort());
});

test('every file that is named exists', () => {
  for (const [, name] of index.matchAll(/(?:src|href)="static\/([^"]+)"/g)) assert.ok(files.includes(name), name);
  for (const name of modules) {
    for (const [, other] of read(name).matchAll(/from '\.\/([^']+)'/g))
      assert.ok(files.includes(other), `${name} imports ${other}`);
  }
});

test('nothing needs more than the content security policy gives', () => {
  assert.doesNotMatch(index, /\sstyle=|<style|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:/);
  for (const name of modules) {
    assert.doesNotMatch(
      read(name),
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\('style'/,
      name,
    );
  }
});

test('nothing is fetched from another host', () => {
  for (const name of files) {
    const outside = [...read(name).matchAll(/https?:\/\/[^\s'"`)]+/g)]
      .map(([url]) => url)
      .filter((url) => !url.startsWith('http://www.w3.org/'));
    assert.deepEqual(outside, [], name);
  }
});
