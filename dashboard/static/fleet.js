// The fleet as this page knows it: snapshot and events merged, in whatever order they come. No DOM, no clock of its own.

import { Machine, STATES } from './machine.js';
import { SERIES } from './past.js';

/** Ids the page will keep; an agent cannot make it remember more. */
const MOST_MACHINES = 100_000;
const LONGEST_ID = 64;

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

export class Fleet {
  constructor() {
    /** @type {Map<string, Machine>} */
    this.machines = new Map();
    this.counts = Object.fromEntries(STATES.map((state) => [state, 0]));
    /** Number of the link now in use; what an earlier one said gives way to a snapshot. */
    this.epoch = 0;
    /** Between a new link and its snapshot: machines forgotten meanwhile. */
    this.awaiting = false;
    this.gone = new Set();
    this.loaded = false;
    /** Told of: a machine's new sample, its past, any other change of it, a changed set of machines, a changed state. */
    this.onSample = () => {};
    this.onPast = () => {};
    this.onMachine = () => {};
    this.onMembership = () => {};
    this.onState = () => {};
  }

  /** A new link is up: from here on events belong to it. */
  begin() {
    this.epoch++;
    this.awaiting = true;
    this.gone.clear();
  }

  /** One of `fleet.samples`. */
  sample(sample, now) {
    if (!isObject(sample)) return;
    const id = typeof sample.id === 'string' ? sample.id : sample.ip;
    const machine = this.known(id);
    if (!machine) return;
    machine.hear(sample, now);
    machine.epoch = this.epoch;
    this.settle(machine, now);
    this.onSample(machine);
  }

  /** `clientconfig.<id>`; the copy sent to `clientconfig.<ip>` carries the same id. */
  configured(settings, now) {
    if (!isObject(settings)) return;
    const machine = this.known(settings.id);
    if (!machine) return;
    const sameLink = machine.settingsEpoch === this.epoch;
    if (sameLink && settings.rev <= machine.settings.rev) return;
    machine.allow(now);
    machine.configure(settings);
    machine.settingsEpoch = this.epoch;
    this.settle(machine, now);
    this.onMachine(machine);
  }

  /** `fleet.machine` */
  machine(news, now) {
    if (!isObject(news)) return;
    this.gone.delete(news.id);
    const machine = this.known(news.id);
    if (!machine) return;
    this.describe(machine, news, now, now);
    machine.epoch = this.epoch;
    this.settle(machine, now);
    this.onMachine(machine);
  }

  /** `fleet.forgotten` */
  forgotten(id) {
    // A snapshot that is on its way may still have it.
    if (this.awaiting) this.gone.add(id);
    this.drop(id);
  }

  /** The answer of `fleet.snapshot`. Events of this link that came before it are newer than it. */
  snapshot(reply, now) {
    const list = isObject(reply) && Array.isArray(reply.machines) ? reply.machines : [];
    const seen = new Set();
    for (const entry of list) {
      if (!isObject(entry) || this.gone.has(entry.id)) continue;
      const machine = this.known(entry.id, false);
      if (!machine) continue;
      seen.add(entry.id);
      const turned = entry.since > 0 && reply.now > 0 ? now - Math.max(0, reply.now - entry.since) : now;
      this.describe(machine, entry, now, turned);
      const heard = typeof entry.age === 'number' ? now - Math.max(0, entry.age) : -Infinity;
      if (isObject(entry.sample) && heard > machine.heard) {
        machine.hear(entry.sample, heard, false);
      }
      machine.due = Math.max(machine.due, machine.online ? turned : -Infinity);
      machine.epoch = this.epoch;
      this.settle(machine, now);
    }
    for (const [id, machine] of this.machines) {
      if (!seen.has(id) && machine.epoch !== this.epoch) this.drop(id);
    }
    this.gone.clear();
    this.awaiting = false;
    this.loaded = true;
    this.onMembership();
  }

  /** The answer of `fleet.history`. */
  history(reply, now) {
    if (!isObject(reply)) return;
    for (const [id, past] of Object.entries(reply)) {
      const machine = this.machines.get(id);
      if (!machine || !isObject(past) || !Array.isArray(past.t)) continue;
      const order = past.t.map((ago, row) => [now - ago, row]).filter(([time]) => Number.isFinite(time));
      order.sort((a, b) => a[0] - b[0]);
      const times = order.map(([time]) => time);
      const columns = SERIES.map((name) => order.map(([, row]) => past[name]?.[row] ?? NaN));
      machine.ring.merge(times, columns);
      this.onPast(machine);
    }
  }

  /** Lets time pass: states follow from silence. */
  tick(clock) {
    for (const machine of this.machines.values()) this.settle(machine, clock);
  }

  known(id, tell = true) {
    if (typeof id !== 'string' || !id || id.length > LONGEST_ID) return null;
    let machine = this.machines.get(id);
    if (machine || this.machines.size >= MOST_MACHINES) return machine ?? null;
    machine = new Machine(id);
    this.machines.set(id, machine);
    this.counts[machine.state]++;
    if (tell) this.onMembership();
    return machine;
  }

  describe(machine, { settings, facts, online, since }, now, turned) {
    if (typeof online === 'boolean' && !(since < machine.since && machine.epoch === this.epoch)) {
      const changed = online !== machine.online || since !== machine.since;
      if (changed) machine.turn(online, since || 0, turned);
    }
    const newer = machine.settingsEpoch === this.epoch && settings?.rev < machine.settings.rev;
    if (isObject(settings) && !newer) {
      machine.configure(settings);
      machine.settingsEpoch = this.epoch;
    }
    machine.learn(facts);
  }

  settle(machine, clock) {
    const state = machine.stateAt(clock);
    if (state === machine.state) return;
    const before = machine.state;
    this.counts[before]--;
    this.counts[state]++;
    machine.state = state;
    this.onState(machine, before);
  }

  drop(id) {
    const machine = this.machines.get(id);
    if (!machine) return;
    this.machines.delete(id);
    this.counts[machine.state]--;
    this.onMembership();
  }
}
