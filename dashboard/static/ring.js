// A machine's recent past: a few series over one time axis, in typed arrays that are allocated rarely and never per sample.

const SMALLEST = 8;

/** Rows of (time, one number per series), oldest first. Grows while its rows are younger than `span`, then overwrites the oldest. */
export class Ring {
  /**
   * @param {number} width how many series
   * @param {number} span milliseconds worth keeping
   * @param {number} most rows never exceeded, a power of two
   */
  constructor(width, span = 300_000, most = 2048) {
    this.width = width;
    this.span = span;
    this.most = most;
    this.start = 0;
    this.length = 0;
    // Nothing is allocated before the first row: most machines of a large fleet are never looked at.
    this.mask = -1;
    this.times = null;
  }

  allocate(capacity) {
    this.mask = capacity - 1;
    this.times = new Float64Array(capacity);
    // One array for all series, row by row: thousands of machines make this the page's largest memory.
    this.values = new Float32Array(capacity * this.width);
  }

  get capacity() {
    return this.mask + 1;
  }

  time(row) {
    return this.times[(this.start + row) & this.mask];
  }

  value(series, row) {
    return this.values[((this.start + row) & this.mask) * this.width + series];
  }

  get lastTime() {
    return this.length ? this.time(this.length - 1) : NaN;
  }

  /** Appends a row. A time that does not advance is moved to just after the newest row, so that rows stay ordered. */
  push(time, values) {
    if (!this.times) this.allocate(SMALLEST);
    if (this.length && !(time > this.lastTime)) time = this.lastTime + 1;
    if (this.length > this.mask && !this.grow(time)) {
      this.start = (this.start + 1) & this.mask;
      this.length--;
    }
    const at = (this.start + this.length) & this.mask;
    this.times[at] = time;
    for (let s = 0; s < this.width; s++) this.values[at * this.width + s] = values[s];
    this.length++;
  }

  grow(time) {
    if (this.capacity >= this.most || time - this.time(0) >= this.span) return false;
    const { times, values, start, width, capacity } = this;
    this.allocate(capacity * 2);
    this.times.set(times.subarray(start));
    this.times.set(times.subarray(0, start), capacity - start);
    this.values.set(values.subarray(start * width));
    this.values.set(values.subarray(0, start * width), (capacity - start) * width);
    this.start = 0;
    return true;
  }

  /** First row at or after `time`. */
  rowAt(time) {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.time(middle) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A plain copy, oldest first. */
  rows() {
    const times = new Float64Array(this.length);
    const columns = Array.from({ length: this.width }, () => new Float32Array(this.length));
    for (let row = 0; row < this.length; row++) {
      times[row] = this.time(row);
      for (let s = 0; s < this.width; s++) columns[s][row] = this.value(s, row);
    }
    return { times, columns };
  }

  /**
   * Lays rows heard from elsewhere under the ring's own: they stand for their stretch of time,
   * the ring keeps what is older than the first and newer than the last of them.
   */
  merge(times, columns) {
    if (!times.length) return;
    const own = this.rows();
    const first = times[0];
    const last = times[times.length - 1];
    // The newest foreign row and the oldest own row may be the same sample, stamped by two clocks a little apart.
    const step = times.length > 1 ? (last - first) / (times.length - 1) / 2 : 0;
    this.clear();
    const values = new Array(this.width);
    const copy = (from, fromColumns, row) => {
      for (let s = 0; s < this.width; s++) values[s] = fromColumns[s]?.[row] ?? NaN;
      this.push(from[row], values);
    };
    let row = 0;
    for (; row < own.times.length && own.times[row] < first - step; row++) copy(own.times, own.columns, row);
    for (let other = 0; other < times.length; other++) copy(times, columns, other);
    while (row < own.times.length && own.times[row] <= last + step) row++;
    for (; row < own.times.length; row++) copy(own.times, own.columns, row);
  }

  clear() {
    this.start = 0;
    this.length = 0;
  }
}
