// Numbers as a person reads them. Whatever is not a sensible number is an en dash, never "NaN".

export const NONE = '–';
const NARROW = '\u00a0'; // between figure and unit; the narrow one is missing in too many fonts

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
const DECIMAL = ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s', 'PB/s'];

/** Three significant digits at most, none lost before the point. */
function figure(value) {
  if (value >= 99.95 || value === Math.round(value)) return String(Math.round(value));
  return value >= 9.995 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(value >= 0.995 ? 1 : 2);
}

function scale(value, base, units) {
  let step = 0;
  while (value >= base * 0.9995 && step < units.length - 1) {
    value /= base;
    step++;
  }
  return [step === 0 ? String(Math.round(value)) : figure(value), units[step]];
}

export function percent(value, digits = 0) {
  return Number.isFinite(value) ? `${value.toFixed(digits)}${NARROW}%` : NONE;
}

export function bytes(value) {
  return value >= 0 && Number.isFinite(value) ? scale(value, 1024, BINARY).join(NARROW) : NONE;
}

/** "5.2 of 16 GiB": one unit, that of the whole, when the part can be read in it. */
export function share(used, total) {
  const whole = bytes(total);
  const part = bytes(used);
  if (whole === NONE || part === NONE) return part === NONE ? whole : part;
  const unit = whole.slice(whole.indexOf(NARROW));
  const size = 1024 ** BINARY.indexOf(unit.trim());
  const inUnit = used / size;
  const same = part.endsWith(unit) || inUnit >= 0.1 || used === 0;
  return `${same ? figure(inUnit) : part} of ${whole}`;
}

/** "58/64 GiB", for where there is little room: the unit is the whole's, figures are rounded harder. */
export function ratio(used, total) {
  const whole = bytes(total);
  if (!(total > 0)) return '';
  if (!(used >= 0)) return whole;
  const unit = whole.slice(whole.indexOf(NARROW));
  const part = used / 1024 ** BINARY.indexOf(unit.trim());
  return `${part >= 9.95 ? Math.round(part) : figure(part)}/${whole}`;
}

export function rate(value) {
  return value >= 0 && Number.isFinite(value) ? scale(value, 1000, DECIMAL).join(NARROW) : NONE;
}

/** A whole number with its thousands apart. By hand: the first use of Intl costs milliseconds, while the fleet is awaited. */
export function count(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

const STEPS = [
  [86_400, 'd', 3600, 'h'],
  [3600, 'h', 60, 'min'],
  [60, 'min', 1, 's'],
];

/** Seconds as the two largest units that say something: "12 d 3 h", "45 s". */
export function duration(seconds) {
  if (!(seconds >= 0) || !Number.isFinite(seconds)) return NONE;
  for (const [size, unit, smaller, small] of STEPS) {
    if (seconds < size) continue;
    const whole = Math.floor(seconds / size);
    const rest = Math.floor((seconds % size) / smaller);
    const head = `${whole}${NARROW}${unit}`;
    return rest && whole < 100 ? `${head} ${rest}${NARROW}${small}` : head;
  }
  return `${seconds < 10 && seconds % 1 ? seconds.toFixed(1) : Math.floor(seconds)}${NARROW}s`;
}

/** Milliseconds as one unit, for ages that are read in passing. */
export function age(milliseconds) {
  if (!(milliseconds >= 0)) return NONE;
  const seconds = Math.floor(milliseconds / 1000);
  for (const [size, unit] of STEPS) {
    if (seconds >= size) return `${Math.floor(seconds / size)}${NARROW}${unit}`;
  }
  return `${seconds}${NARROW}s`;
}

const UNSHOWABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const UNSHOWABLE_ALL = new RegExp(UNSHOWABLE, 'g');

/** Text from a machine, short enough to lay out: whole code points, no control characters. */
export function brief(text, most = 120) {
  if (typeof text !== 'string') return '';
  if (text.length <= most && !UNSHOWABLE.test(text)) return text.trim();
  // Cut first: the rest of a 10 kB name is not worth a look.
  const cut = text
    .slice(0, most * 4)
    .replaceAll(UNSHOWABLE_ALL, ' ')
    .trim();
  const points = Array.from(cut);
  return points.length > most || text.length > most * 4 ? `${points.slice(0, most - 1).join('')}…` : cut;
}

/** A key under which plain string comparison puts "web-2" before "web-10". */
export function naturalKey(text) {
  return text.toLowerCase().replace(/\d+/g, (digits) => digits.replace(/^0+(?=\d)/, '').padStart(12, '0'));
}
