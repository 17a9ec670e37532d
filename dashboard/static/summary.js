// The fleet in one line: totals over the machines that are live.

import { byId, setText } from './dom.js';
import { NONE, percent, rate } from './format.js';

export function summarise(machines) {
  let live = 0;
  let cpu = 0;
  let withCpu = 0;
  let used = 0;
  let total = 0;
  let net = 0;
  let cores = 0;
  for (const { state, reading } of machines) {
    if (state !== 'live' || !reading) continue;
    live++;
    if (reading.cpu >= 0) {
      // Weighed by cores: the share of the fleet's processors in use, not the mean of unlike machines.
      cpu += reading.cpu * reading.cores.length;
      withCpu += reading.cores.length;
      cores += reading.cores.length;
    }
    if (reading.mem && reading.mem[0] >= 0 && reading.mem[1] > 0) {
      used += reading.mem[0];
      total += reading.mem[1];
    }
    if (reading.net >= 0) net += reading.net;
  }
  return { live, cores, cpu: cpu / withCpu, memory: (used / total) * 100, net };
}

export class Summary {
  constructor() {
    this.cpu = byId('sum-cpu');
    this.memory = byId('sum-memory');
    this.network = byId('sum-network');
  }

  show(machines) {
    const { live, cpu, memory, net } = summarise(machines);
    setText(this.cpu, percent(cpu));
    setText(this.memory, percent(memory));
    setText(this.network, live ? rate(net) : NONE);
  }
}
