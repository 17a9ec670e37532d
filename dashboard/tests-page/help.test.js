import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentCommands, openTo } from '../static/help.js';

test('the commands that add a machine name this page’s own address, whatever view it shows', () => {
  assert.deepEqual(agentCommands(new URL('http://10.0.0.5:8080/?q=web#m/abc')), {
    installed: 'wamp-agent --url ws://10.0.0.5:8080/ws',
    sources: 'cargo run --release -p wamp-agent -- --url ws://10.0.0.5:8080/ws',
  });
  assert.equal(agentCommands(new URL('http://a/'), 'KEY').installed, 'wamp-agent --url ws://a/ws --enrol KEY');
  assert.equal(agentCommands(new URL('https://fleet.example/')).installed, 'wamp-agent --url wss://fleet.example/ws');
});

test('a page only for this computer names the option that opens its own port', () => {
  assert.equal(openTo(new URL('http://127.0.0.1:9000/')), '--listen 0.0.0.0:9000');
  assert.equal(openTo(new URL('http://localhost/')), '--listen 0.0.0.0:80');
});
