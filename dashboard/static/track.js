// The open machine's past for longer than its card needs it, and of each core.

import { Past, recordOf, SERIES } from './past.js';

const HOUR = 3_600_000;
const MOST_ROWS = 64;

export class Track {
  constructor(machine) {
    this.machine = machine;
    this.ring = new Past(HOUR, 16_384);
    /** Cores over time: parallel arrays of times and of percentages per row of the picture. */
    this.coreTimes = [];
    this.coreRows = [];
    this.cores = 0;
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

  hearCores(cores, heard) {
    const rows = Math.min(cores.length, MOST_ROWS);
    if (cores.length !== this.cores) {
      this.cores = cores.length;
      this.coreTimes.length = this.coreRows.length = 0;
    }
    const row = new Uint8Array(rows);
    // More cores than rows: a row is the busiest of its cores.
    for (let core = 0; core < cores.length; core++) {
      const at = Math.floor((core * rows) / cores.length);
      const value = cores[core] >= 0 ? Math.round(cores[core]) : 0;
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
