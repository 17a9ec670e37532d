// The open machine's past for longer than its card needs it, and of each core.

import { Past, recordOf, SERIES } from './past.js';

const HOUR = 3_600_000;
const MOST_ROWS = 64;

/** A percentage that a byte and a palette can hold. */
const level = (value) => (value >= 0 ? Math.min(Math.round(value), 100) : 0);

export class Track {
  constructor(machine) {
    this.machine = machine;
    this.ring = new Past(HOUR, 16_384);
    /** Cores over time: parallel arrays of times and of percentages per row of the picture. */
    this.coreTimes = [];
    this.coreRows = [];
    this.cores = 0;
    /** The link (by number) on which their past was asked for. */
    this.epoch = 0;
    this.seed();
  }

  /** Takes over what the card's ring has and this track has not: the time before it, and holes in it. */
  seed() {
    const past = this.machine.ring.rows();
    const own = this.ring.rows();
    const apart = this.machine.interval / 2;
    const values = new Array(SERIES.length);
    const keep = ({ times, columns }, row) => {
      for (let s = 0; s < SERIES.length; s++) values[s] = columns[s][row];
      this.ring.push(times[row], values);
    };
    this.ring.clear();
    let at = 0;
    for (let row = 0; row < past.times.length; row++) {
      while (at < own.times.length && own.times[at] < past.times[row] - apart) keep(own, at++);
      const known = at < own.times.length && own.times[at] <= past.times[row] + apart;
      if (!known) keep(past, row);
    }
    while (at < own.times.length) keep(own, at++);
  }

  hear() {
    const { reading, heard } = this.machine;
    if (!reading || !(heard > (this.ring.length ? this.ring.lastTime : -Infinity))) return;
    this.ring.push(heard, recordOf(reading));
    if (reading.cores?.length) this.hearCores(reading.cores, heard);
  }

  /** Takes over the answer of `fleet.cores`, where nothing was heard here. */
  seedCores(past, now) {
    const cores = this.machine.reading?.cores?.length ?? 0;
    if (!cores || !Array.isArray(past?.t) || !Array.isArray(past.cores)) return;
    this.count(cores);
    const apart = this.machine.interval / 2;
    const all = this.coreTimes.map((time, row) => [time, this.coreRows[row]]);
    let own = 0;
    past.t.forEach((ago, row) => {
      const time = now - ago;
      const levels = past.cores[row];
      if (!Number.isFinite(time) || !Array.isArray(levels) || levels.length !== Math.min(cores, MOST_ROWS)) return;
      while (own < this.coreTimes.length && this.coreTimes[own] < time - apart) own++;
      const known = own < this.coreTimes.length && this.coreTimes[own] <= time + apart;
      if (!known) all.push([time, Uint8Array.from(levels, level)]);
    });
    all.sort((a, b) => a[0] - b[0]);
    this.coreTimes = all.map(([time]) => time);
    this.coreRows = all.map(([, levels]) => levels);
  }

  /** A machine that has other cores than before starts anew. */
  count(cores) {
    if (cores === this.cores) return;
    this.cores = cores;
    this.coreTimes = [];
    this.coreRows = [];
  }

  hearCores(cores, heard) {
    const rows = Math.min(cores.length, MOST_ROWS);
    this.count(cores.length);
    const row = new Uint8Array(rows);
    // More cores than rows: a row is the busiest of its cores.
    for (let core = 0; core < cores.length; core++) {
      const at = Math.floor((core * rows) / cores.length);
      const value = level(cores[core]);
      if (value > row[at]) row[at] = value;
    }
    this.coreTimes.push(heard);
    this.coreRows.push(row);
    if (heard - this.coreTimes[0] > HOUR || this.coreTimes.length > 16_384) {
      const keep = this.coreTimes.length - Math.floor(this.coreTimes.length * 0.9);
      this.coreTimes.splice(0, keep);
      this.coreRows.splice(0, keep);
    }
  }
}
