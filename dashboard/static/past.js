// What is remembered of a machine over time: the columns of `fleet.history`, and the sums that follow from them.

import { Ring } from './ring.js';

/** The columns, in the names of `fleet.history`. */
export const SERIES = ['cpu', 'mem', 'swap', 'rx', 'tx', 'read', 'write'];
export const [CPU, MEM, SWAP, RX, TX, READ, WRITE] = SERIES.keys();

/** Both directions together: not kept, but read like the columns. */
export const NET = SERIES.length;
export const IO = NET + 1;

const row = new Array(SERIES.length);

/** The row of a reading; the same array each time, for there are thousands a second. */
export function recordOf(reading) {
  row[CPU] = reading.cpu;
  row[MEM] = reading.memory;
  row[SWAP] = reading.swapped;
  row[RX] = reading.rx;
  row[TX] = reading.tx;
  row[READ] = reading.read;
  row[WRITE] = reading.write;
  return row;
}

export class Past extends Ring {
  constructor(span, most) {
    super(SERIES.length, span, most);
  }

  value(series, row) {
    if (series === NET) return super.value(RX, row) + super.value(TX, row);
    if (series === IO) return super.value(READ, row) + super.value(WRITE, row);
    return super.value(series, row);
  }
}
