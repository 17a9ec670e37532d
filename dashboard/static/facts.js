// The tables of the detail view: what the machine is, and how full each of its disks.

import { h, s, setAttribute, setText } from './dom.js';
import { brief, bytes, count, duration, NONE, percent, share } from './format.js';
import { BAD, WARN } from './chart.js';

const MOST_DISKS = 400;

export class Facts {
  constructor() {
    this.list = h('dl', { class: 'facts' });
    this.element = h(
      'section',
      { class: 'panel', 'aria-labelledby': 'facts-title' },
      h('h3', { id: 'facts-title' }, 'Machine'),
      this.list,
    );
    this.rows = new Map();
  }

  show(machine) {
    const { facts, reading } = machine;
    const number = (value) => (value >= 0 ? value : NaN);
    const version = brief(facts.version, 24);
    this.row('System', brief(facts.os, 80));
    this.row('Kernel', brief(facts.kernel, 60));
    this.row('Processor', brief(facts.cpu, 80));
    this.row(
      'Cores',
      number(facts.cores) >= 0 ? `${count(facts.cores)} · ${brief(facts.arch, 20)}` : brief(facts.arch, 20),
    );
    this.row('Memory', reading?.mem?.[1] > 0 ? bytes(reading.mem[1]) : '');
    this.row('Swap', reading?.swap?.[1] > 0 ? share(reading.swap[0], reading.swap[1]) : '');
    this.row(
      'Load',
      reading?.load?.length ? reading.load.map((value) => (value >= 0 ? value.toFixed(2) : NONE)).join('  ') : '',
    );
    this.row('Up', reading?.up >= 0 ? duration(reading.up) : '');
    this.row('Address', machine.ip);
    this.row('Id', machine.id);
    this.row('Agent', version && `${version}${machine.simulated ? ', simulated' : ''}`);
  }

  row(label, text) {
    let row = this.rows.get(label);
    if (!row) {
      row = { term: h('dt', {}, label), value: h('dd', { dir: 'auto' }) };
      this.rows.set(label, row);
      this.list.append(row.term, row.value);
    }
    row.term.hidden = row.value.hidden = !text;
    if (text) setText(row.value, text);
  }
}

export class Disks {
  constructor() {
    this.body = h('tbody');
    this.note = h('span', { class: 'chart-note' });
    this.element = h(
      'section',
      { class: 'panel disks', 'data-part': 'mounts', 'aria-labelledby': 'disks-title' },
      h('div', { class: 'panel-head' }, h('h3', { id: 'disks-title' }, 'Disks'), this.note),
      h(
        'div',
        { class: 'scroll', tabindex: '0', role: 'group', 'aria-labelledby': 'disks-title' },
        h(
          'table',
          {},
          h('colgroup', {}, ...['mount', 'meter', 'number', 'used'].map((name) => h('col', { class: `col-${name}` }))),
          h(
            'thead',
            { class: 'unseen' },
            h('tr', {}, ...['Mount', 'Full', 'Percent', 'Used'].map((name) => h('th', { scope: 'col' }, name))),
          ),
          this.body,
        ),
      ),
    );
    this.rows = [];
  }

  show(disks) {
    const shown = Math.min(disks.length, MOST_DISKS);
    while (this.rows.length < shown) this.rows.push(this.build());
    this.rows.forEach((row, index) => {
      row.element.hidden = index >= shown;
      if (index < shown) this.fill(row, disks[index]);
    });
    setText(this.note, disks.length === 1 ? '1 mount' : `${count(disks.length)} mounts`);
  }

  build() {
    const row = {
      mount: h('th', { scope: 'row', dir: 'auto' }),
      fill: s('rect', { height: '6' }),
      percent: h('td', { class: 'number' }),
      used: h('td', { class: 'number soft' }),
    };
    row.gauge = s(
      'svg',
      { class: 'gauge', viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      row.fill,
    );
    row.element = h('tr', {}, row.mount, h('td', { class: 'meter' }, row.gauge), row.percent, row.used);
    this.body.append(row.element);
    return row;
  }

  fill(row, disk) {
    const mount = brief(disk.mount, 200);
    setText(row.mount, mount);
    setAttribute(row.mount, 'title', mount);
    setAttribute(row.fill, 'width', String(Math.round(disk.percent) || 0));
    setAttribute(row.gauge, 'data-level', disk.percent >= BAD ? 'bad' : disk.percent >= WARN ? 'warn' : null);
    setText(row.percent, percent(disk.percent));
    setText(row.used, share(disk.used, disk.total));
  }
}
