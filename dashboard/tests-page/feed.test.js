import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Feed } from '../static/feed.js';
import { Fleet } from '../static/fleet.js';

const settle = () => new Promise((resolve) => setImmediate(resolve));
const settings = (id, more = {}) => ({
  id,
  ip: '',
  name: id,
  show_cpus: true,
  show_memory: true,
  show_disk: true,
  disabled: false,
  frequency: 1,
  rev: 1,
  ...more,
});
const entry = (id, more) => ({
  id,
  online: true,
  since: 1,
  age: 10,
  facts: {},
  settings: settings(id, more),
  sample: { id, cpus: [1] },
});

/** A session that answers from a table and lets the test publish. */
class FakeSession {
  heard = 1000;
  ended = false;
  log = [];
  topics = new Map();
  answers = { 'fleet.snapshot': () => ({ now: 5, machines: [] }), 'fleet.history': () => ({}) };
  async subscribe(topic, handler, options) {
    this.log.push(`subscribe ${topic}${options?.match ? ` ${options.match}` : ''}`);
    this.topics.set(topic, handler);
  }
  async call(procedure, args) {
    this.log.push(`call ${procedure}`);
    return this.answers[procedure](...(args ?? []));
  }
  publish(topic, argument) {
    this.topics.get(topic)([argument], {}, {});
  }
}

let feed, fleet, session;
beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  fleet = new Fleet();
  feed = new Feed(fleet);
  session = new FakeSession();
});
afterEach(() => mock.timers.reset());

test('events are subscribed before the snapshot, so that nothing falls between', async () => {
  session.answers['fleet.snapshot'] = () => {
    session.heard = 1001;
    session.publish('fleet.samples', [{ id: 'a', cpus: [2] }, { id: 'b', cpus: [3] }]);
    return { now: 5, machines: [entry('a'), entry('b')] };
  };
  await feed.prepare(session);
  assert.deepEqual(session.log, [
    'subscribe clientconfig. prefix',
    'subscribe fleet.machine',
    'subscribe fleet.forgotten',
    'subscribe fleet.samples',
    'call fleet.snapshot',
  ]);
  assert.deepEqual(
    [...fleet.machines.values()].map(({ reading }) => reading.cpu),
    [2, 3],
  );
});

test('samples come together, nonsense among them costs nothing else', async () => {
  let samples = 0;
  feed.onSample = () => samples++;
  await feed.prepare(session);
  session.heard = 2000;
  session.publish('fleet.samples', [{ id: 'a', cpus: [1] }, null, 7, { id: 'b', cpus: [2] }, { id: 'a', cpus: [3] }]);
  for (const nonsense of [undefined, null, 7, {}, []]) session.publish('fleet.samples', nonsense);
  assert.deepEqual(
    [...fleet.machines.values()].map(({ id, heard, reading }) => [id, heard, reading.cpu]),
    [
      ['a', 2000, 3],
      ['b', 2000, 2],
    ],
  );
  assert.equal(samples, 5);
});

test('waits for a service that is not there yet', async () => {
  let waiting = 0;
  feed.onWaiting = () => waiting++;
  let attempts = 0;
  session.answers['fleet.snapshot'] = () => {
    if (++attempts < 3) throw Object.assign(new Error('nobody'), { uri: 'wamp.error.no_such_procedure' });
    return { now: 5, machines: [entry('a')] };
  };
  const preparing = feed.prepare(session);
  for (let round = 0; round < 3; round++) {
    await settle();
    mock.timers.tick(1000);
  }
  await preparing;
  assert.deepEqual([attempts, waiting, fleet.machines.size], [3, 2, 1]);
});

test('another error of the snapshot is the link’s', async () => {
  session.answers['fleet.snapshot'] = () => {
    throw Object.assign(new Error('broken'), { uri: 'wamp.error.runtime_error' });
  };
  await assert.rejects(feed.prepare(session), /broken/);
});

test('history is fetched once a link for what is wanted, in batches', async () => {
  const ids = Array.from({ length: 60 }, (_, at) => `m${at}`);
  session.answers['fleet.snapshot'] = () => ({ now: 5, machines: ids.map((id) => entry(id)) });
  const asked = [];
  session.answers['fleet.history'] = (batch) => {
    asked.push(batch.length);
    return Object.fromEntries(batch.map((id) => [id, { t: [5, 1], cpu: [1, 2] }]));
  };
  feed.wanted = () => [...fleet.machines.values()];
  await feed.prepare(session);
  for (let round = 0; round < 5; round++) {
    mock.timers.tick(200);
    await settle();
  }
  assert.deepEqual(asked, [48, 12]);
  assert.equal(fleet.machines.get('m59').ring.length, 2);
});

test('nothing is asked of a service behind a lost link', async () => {
  await assert.rejects(feed.configure('a', {}), /disconnected/);
  await feed.prepare(session);
  session.ended = true;
  await assert.rejects(feed.forget('a'), /disconnected/);
});

test('the past of the cores is asked for once a link', async () => {
  session.answers['fleet.snapshot'] = () => ({ now: 5, machines: [entry('a')] });
  const asked = [];
  session.answers['fleet.cores'] = (...args) => {
    asked.push(args);
    return { t: [1000], cores: [[5]] };
  };
  const track = { epoch: 0, machine: { id: 'a' }, seedCores: (...past) => (track.past = past) };
  await feed.followCores(track);
  assert.deepEqual(asked, [], 'nobody to ask yet');
  await feed.prepare(session);
  for (let round = 0; round < 3; round++) await feed.followCores(track);
  assert.deepEqual([asked, track.past], [[['a', 300]], [{ t: [1000], cores: [[5]] }, 1000]]);
  await feed.prepare(session);
  session.answers['fleet.cores'] = () => Promise.reject(new Error('no such machine'));
  await feed.followCores(track);
  assert.equal(track.epoch, fleet.epoch);
});
