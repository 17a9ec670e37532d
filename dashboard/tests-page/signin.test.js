import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenIn } from '../static/credentials.js';
import { complaint } from '../static/signin.js';
import { brief } from '../static/enrolment.js';

test('a token is found behind the # of an address, wherever that was pasted', () => {
  assert.equal(tokenIn('#token=admin-abc'), 'admin-abc');
  assert.equal(tokenIn('http://10.0.0.5:8080/#token=admin-abc'), 'admin-abc');
  assert.equal(tokenIn('#token=a%2Fb%25&x=1'), 'a/b%');
  assert.equal(tokenIn('#token=100%'), '100%');
  for (const text of ['', '#', '#token=', '?token=admin-abc', 'admin-abc']) assert.equal(tokenIn(text), '');
});

test('what is wrong with a token is said', () => {
  assert.equal(complaint('', false), '');
  assert.match(complaint('admin-x', false), /not the admin token/);
  assert.match(complaint('admin-x', true), /there is a new one/);
  assert.match(complaint('enrol-x', false), /enrolment key/);
});

test('a key is shown by its beginning', () => assert.equal(brief('0123456789abcdef0123'), '0123 4567 89ab cdef'));
