// One machine: what the service and the agent say of it, and what follows from that and the clock.

import { brief, naturalKey } from './format.js';
import { Reading } from './reading.js';
import { Past, recordOf } from './past.js';

export const STATES = ['live', 'stale', 'offline', 'disabled'];

const DEFAULTS = {
  name: '',
  show_cpus: true,
  show_memory: true,
  show_disk: true,
  disabled: false,
  frequency: 1,
  rev: NaN,
};

/** Lateness that is the network's and the scheduler's, not the machine's. */
const SLACK = 300;

export class Machine {
  constructor(id) {
    this.id = id;
    this.ip = '';
    this.hostname = '';
    this.settings = { ...DEFAULTS };
    this.facts = {};
    this.online = true;
    /** Unix ms of the last change of `online`, by the service's clock; orders what it says. */
    this.since = 0;
    /** Arrival clock: when `online` last changed, when the last sample came, from when on samples are due. */
    this.turned = -Infinity;
    this.heard = -Infinity;
    this.due = -Infinity;

    /** @type {Reading | null} */
    this.reading = null;
    this.ring = new Past();
    this.state = 'live';
    this.applied = NaN;
    this.pressure = NaN;
    this.bucket = 0;
    /** The link (by number) on which settings and history were last heard. */
    this.settingsEpoch = 0;
    this.historyEpoch = 0;
    this.epoch = 0;
    this.rename();
  }

  /** What the names are made of has changed; they are made again when somebody asks. */
  rename() {
    this.names = null;
  }

  called() {
    const name = brief(this.settings.name) || brief(this.hostname) || this.id;
    this.names = { name, key: naturalKey(name), haystack: '' };
    return this.names;
  }

  /** What it is called: by its settings, else by itself, else its id. */
  get name() {
    return (this.names ?? this.called()).name;
  }

  /** Its name as it sorts. */
  get nameKey() {
    return (this.names ?? this.called()).key;
  }

  /** All a search looks at. */
  get haystack() {
    const names = this.names ?? this.called();
    const { os, arch, cpu } = this.facts;
    names.haystack ||= [names.name, this.id, this.ip, os, arch, cpu]
      .map((text) => brief(text).toLowerCase())
      .join('\n');
    return names.haystack;
  }

  get simulated() {
    return this.facts.simulated === true;
  }

  /** Milliseconds between samples, as set. */
  get interval() {
    return this.settings.frequency * 1000;
  }

  /** Takes in a sample; `recorded` if it is to stand in the ring as well (the last sample of a snapshot is in the history too). */
  hear(sample, now, recorded = true) {
    const reading = new Reading(sample);
    this.reading = reading.disabled && this.reading ? this.reading : reading;
    this.applied = reading.rev;
    this.heard = now;
    if (typeof sample.ip === 'string' && sample.ip !== this.ip) {
      this.ip = brief(sample.ip, 60);
      this.rename();
    }
    if (typeof sample.name === 'string' && sample.name !== this.hostname) {
      this.hostname = sample.name;
      this.rename();
    }
    if (reading.disabled) return;
    this.press(reading.pressure);
    if (recorded) this.ring.push(now, recordOf(reading));
  }

  /** Follows the pressure slowly and in steps with some play, so that an order made from it is calm. */
  press(value) {
    this.pressure = this.pressure >= 0 ? this.pressure + (value - this.pressure) * 0.2 : value;
    if (this.pressure >= this.bucket + 7 || this.pressure < this.bucket - 2) {
      this.bucket = Math.floor(this.pressure / 5) * 5;
    }
  }

  configure(settings) {
    const next = { ...DEFAULTS };
    for (const key of Object.keys(DEFAULTS)) {
      if (typeof settings[key] === typeof DEFAULTS[key]) next[key] = settings[key];
    }
    if (!(next.frequency > 0)) next.frequency = DEFAULTS.frequency;
    this.settings = next;
    if (typeof settings.ip === 'string' && !this.ip) this.ip = brief(settings.ip, 60);
    this.rename();
  }

  /** A machine told to report sooner, or again, gets its time from now on; one that was already missing does not. */
  allow(now) {
    if (this.state === 'live' || this.state === 'disabled') this.due = now;
  }

  turn(online, since, now) {
    this.online = online;
    this.since = since;
    this.turned = now;
    if (online) this.due = Math.max(this.due, now);
  }

  learn(facts) {
    this.facts = facts && typeof facts === 'object' ? facts : this.facts;
    this.rename();
  }

  /** What the machine is at `clock`. */
  stateAt(clock) {
    if (this.settings.disabled) return 'disabled';
    // The service knows of sessions, and of samples that come without one. A straggling sample does not undo its word.
    if (!this.online) return 'offline';
    const quiet = clock - Math.max(this.heard, this.due) - SLACK;
    if (quiet > 5 * this.interval) return 'offline';
    if (quiet > 2 * this.interval) return 'stale';
    return 'live';
  }

  /** Has the agent confirmed the settings it should have? `null` where it never says. */
  get isApplied() {
    if (!(this.settings.rev >= 0)) return null;
    if (!(this.applied >= 0)) return this.reading ? null : false;
    return this.applied >= this.settings.rev;
  }

  /** Is a part shown? Shown means set so, or not yet confirmed as hidden. */
  shows(part) {
    const reading = this.reading;
    switch (part) {
      case 'cpu':
        return this.settings.show_cpus || reading?.cores != null;
      case 'memory':
        return this.settings.show_memory || reading?.mem != null;
      case 'disks':
        return this.settings.show_disk || reading?.disks != null;
      default:
        return true;
    }
  }
}
