// Which machines are shown, and in which order. Pure.

const RANK = { offline: 3, stale: 2, live: 1, disabled: 0 };

const byName = (a, b) =>
  a.nameKey < b.nameKey ? -1 : a.nameKey > b.nameKey ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0;

/** Largest first, what is not known last, equals by name. */
function largest(measure) {
  return (a, b) => {
    const x = measure(a);
    const y = measure(b);
    if (x === y) return byName(a, b);
    if (!(x >= 0)) return y >= 0 ? 1 : byName(a, b);
    return y >= 0 ? y - x || byName(a, b) : -1;
  };
}

export const SORTS = {
  worst: { label: 'Worst first', compare: largest((m) => RANK[m.state] * 1000 + m.bucket) },
  name: { label: 'Name', compare: byName },
  cpu: { label: 'CPU', compare: largest((m) => m.reading?.cpu) },
  memory: { label: 'Memory', compare: largest((m) => m.reading?.memory) },
  disk: { label: 'Fullest disk', compare: largest((m) => m.reading?.disk) },
  network: { label: 'Network', compare: largest((m) => m.reading?.net) },
  silent: { label: 'Longest silent', compare: (a, b) => a.heard - b.heard || byName(a, b) },
};

/** The words of a search, each of which a machine must have somewhere. */
export function terms(search) {
  return search.toLowerCase().split(/\s+/).filter(Boolean).slice(0, 8);
}

export function matches(machine, words) {
  for (const word of words) {
    if (!machine.haystack.includes(word)) return false;
  }
  return true;
}

/** The machines to show, in order. */
export function arrange(machines, { search = '', state = 'all', sort = 'worst' } = {}) {
  const words = terms(search);
  const shown = [];
  for (const machine of machines) {
    if ((state === 'all' || machine.state === state) && matches(machine, words)) shown.push(machine);
  }
  return shown.sort((SORTS[sort] ?? SORTS.worst).compare);
}
