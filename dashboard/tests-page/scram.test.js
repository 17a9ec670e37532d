import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import { Scram } from '../static/scram.js';
import { hmac, pbkdf2, sha256 } from '../static/sha256.js';

const bytes = (length, seed = 7) => Uint8Array.from({ length }, (_, at) => (at * 31 + seed * 17) % 256);
const same = (ours, theirs, what) => assert.equal(Buffer.from(ours).toString('hex'), theirs.toString('hex'), what);

test('hashes and signatures are those of Node, at every length around a block’s end', () => {
  for (let length = 0; length <= 200; length++) {
    const message = bytes(length);
    same(sha256(message), createHash('sha256').update(message).digest(), `${length} bytes`);
    const key = bytes(length, 3);
    same(hmac(key)(message), createHmac('sha256', key).update(message).digest(), `a key of ${length} bytes`);
  }
});

test('derived keys are those of Node', () => {
  for (const iterations of [1, 2, 1000]) {
    const [password, salt] = [bytes(38), bytes(16, 5)];
    same(pbkdf2(password, salt, iterations), pbkdf2Sync(password, salt, iterations, 32, 'sha256'), `${iterations}`);
  }
});

// RFC 7677; in WAMP the nonces are what they are there.
const challenge = {
  nonce: 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
  kdf: 'pbkdf2',
  iterations: 4096,
};
const user = () => new Scram('user', 'pencil', 'rOprNGfwEbeRWgbNEkqO');

test('the exchange of RFC 7677', () => {
  const scram = user();
  assert.deepEqual(scram.hello, {
    authid: 'user',
    authmethods: ['wamp-scram'],
    authextra: { nonce: 'rOprNGfwEbeRWgbNEkqO', channel_binding: null },
  });
  const [proof, extra] = scram.answer('wamp-scram', challenge);
  assert.equal(proof, 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=');
  assert.deepEqual(extra, { nonce: challenge.nonce, channel_binding: null, cbind_data: null });
  assert.ok(scram.isProved('6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='));
  assert.ok(!scram.isProved('6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5='));
  assert.ok(!scram.isProved(undefined));
});

test('a server that asks for nothing has nothing to prove', () => assert.ok(user().isProved(undefined)));

test('a challenge that would give the token away, or keep the page busy, is not answered', () => {
  const wrong = [
    ['ticket', {}],
    ['wamp-scram', { kdf: 'argon2id13' }],
    ['wamp-scram', { iterations: 1 }],
    ['wamp-scram', { iterations: 1e9 }],
    ['wamp-scram', { iterations: 'many' }],
    ['wamp-scram', { nonce: 'another' }],
    ['wamp-scram', { salt: '§' }],
  ];
  for (const [method, change] of wrong)
    assert.throws(() => user().answer(method, { ...challenge, ...change }), JSON.stringify(change));
  assert.throws(() => user().answer('wamp-scram', undefined));
});
