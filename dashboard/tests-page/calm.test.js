import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Calm } from '../static/calm.js';

globalThis.addEventListener ??= () => {};
globalThis.document ??= { activeElement: null };

function calm({ focused = false } = {}) {
  const list = new EventTarget();
  list.contains = () => focused;
  return { list, calm: new Calm(list) };
}

test('nothing holds an order nobody is looking for', () => {
  assert.equal(calm().calm.held(), false);
});

test('a pointer in use holds it, one that lies still does not for ever', () => {
  const { list, calm: order } = calm();
  list.dispatchEvent(new Event('pointermove'));
  const now = performance.now();
  assert.equal(order.held(now), true);
  assert.equal(order.held(now + 60_000), false);
  list.dispatchEvent(new Event('pointerleave'));
  assert.equal(order.held(now), false);
});

test('a focus in use holds it', () => {
  const { list, calm: order } = calm({ focused: true });
  assert.equal(order.held(), false, 'a focus of long ago does not');
  list.dispatchEvent(new Event('keydown'));
  assert.equal(order.held(), true);
});

test('an order lasts some seconds', () => {
  const { calm: order } = calm();
  assert.equal(order.due(0), true);
  order.ordered(1000);
  assert.equal(order.due(2000), false);
  assert.equal(order.due(6000), true);
});
