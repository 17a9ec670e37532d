// One sample as the page uses it. Everything an agent sends is checked here once: what comes out is numbers or NaN.

/** @typedef {{mount: string, used: number, total: number, percent: number}} Disk */

const quantity = (value) => (typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : NaN);
const load = (value) => (value >= 0 ? Math.min(value, 100) : NaN);

function pair(value) {
  return Array.isArray(value) ? [quantity(value[0]), quantity(value[1])] : [NaN, NaN];
}

function used([part, whole]) {
  return whole > 0 ? Math.min((part / whole) * 100, 100) : NaN;
}

export class Reading {
  constructor(sample) {
    const cpus = Array.isArray(sample.cpus) ? sample.cpus : null;
    this.cores = cpus ? new Float32Array(cpus.length) : null;
    let sum = 0;
    let known = 0;
    for (let core = 0; cpus && core < cpus.length; core++) {
      const value = load(quantity(cpus[core]));
      this.cores[core] = value;
      if (value >= 0) {
        sum += value;
        known++;
      }
    }
    /** Average over the cores, percent. */
    this.cpu = known ? sum / known : NaN;

    this.mem = Array.isArray(sample.mem) ? pair(sample.mem) : null;
    this.memory = this.mem ? used(this.mem) : NaN;
    this.swap = Array.isArray(sample.swap) ? pair(sample.swap) : null;
    /** Swap in use, percent; where there is none, none is in use. */
    this.swapped = this.swap?.[1] === 0 ? 0 : this.swap ? used(this.swap) : NaN;

    /** @type {Disk[] | null} fullest first */
    this.disks = null;
    /** The fullest mount, percent. */
    this.disk = NaN;
    if (sample.disks && typeof sample.disks === 'object') {
      this.disks = Object.entries(sample.disks).map(([mount, value]) => {
        const sizes = pair(value);
        return { mount, used: sizes[0], total: sizes[1], percent: used(sizes) };
      });
      if (this.disks.length > 1) this.disks.sort((a, b) => (b.percent || 0) - (a.percent || 0));
      if (this.disks.length) this.disk = this.disks[0].percent;
    }

    [this.rx, this.tx] = pair(sample.net);
    this.net = this.rx + this.tx;
    this.hasIo = Array.isArray(sample.io);
    [this.read, this.write] = pair(sample.io);
    this.io = this.read + this.write;

    this.load = Array.isArray(sample.load) ? sample.load.slice(0, 3).map(quantity) : null;
    this.up = quantity(sample.up);
    /** Revision of the settings this sample was taken under; NaN from agents that do not say. */
    this.rev = quantity(sample.rev);
    this.disabled = sample.disabled === true;
  }

  /** How hard the machine is pressed: the fullest of processor, memory and disks, percent. */
  get pressure() {
    return Math.max(this.cpu || 0, this.memory || 0, this.disk || 0);
  }
}
