// The line protocol of the interop peers, for JavaScript (see ../peer.py).

const readline = require('node:readline');
const WebSocket = require('ws');

// Values JSON has no word for cross the line as {"$bytes": hex} and {"$int": decimal}.
function toLine(value) {
  if (value === undefined) return null;
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : { $int: String(value) };
  }
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('hex') };
  if (Array.isArray(value)) return value.map(toLine);
  if (value && typeof value === 'object') {
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    return Object.fromEntries(entries.map(([key, item]) => [key, toLine(item)]));
  }
  return value;
}

function fromLine(value) {
  if (Array.isArray(value)) return value.map(fromLine);
  if (value && typeof value === 'object') {
    if (typeof value.$bytes === 'string') return Buffer.from(value.$bytes, 'hex');
    if (typeof value.$int === 'string') return BigInt(value.$int);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromLine(item)]));
  }
  return value;
}

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const DETAILS = ['topic', 'publication', 'publisher', 'publisher_authid', 'publisher_authrole', 'retained', 'trustlevel'];

// Tells an event, or what a procedure was told, with those of `details` that there are.
function sayEvent(tag, args = [], kwargs = {}, details = {}) {
  say({ event: tag, args: toLine(args), kwargs: toLine(kwargs), details: toLine(told(details, DETAILS)) });
}

// Those of the details that the library has and the router told.
function told(details, names) {
  return Object.fromEntries(names.filter((name) => details[name] != null).map((name) => [name, details[name]]));
}

class Lacks extends Error {}

// Throws unless the library can say all of these options.
function only(options, ...known) {
  const unknown = Object.keys(options).filter((option) => !known.includes(option));
  if (unknown.length) throw new Lacks(`no option ${unknown.join(', ')}`);
}

// Calls `commands[line.do](line)` for each line; what it resolves to is the answer, and what it
// rejects with, {uri, args, kwargs}, is the error. Commands start in the order of their lines.
function serve(commands) {
  readline.createInterface({ input: process.stdin }).on('line', async (text) => {
    const { id, do: name, ...fields } = fromLine(JSON.parse(text));
    try {
      say({ id, ok: toLine((await commands[name](fields)) ?? {}) });
    } catch (error) {
      if (error instanceof Lacks) {
        say({ id, lacks: error.message });
      } else if (error?.uri) {
        const { uri, args, kwargs } = error;
        say({ id, error: { uri, args: toLine(args ?? []), kwargs: toLine(kwargs ?? {}) } });
      } else {
        say({ id, broken: String(error?.stack ?? error) });
      }
    }
  });
  process.stdin.on('end', () => process.exit(0));
}

// A WebSocket that can send messages in several frames: `fragment.size` bytes in each, once it is set.
const fragment = { size: Infinity };

class FragmentingWebSocket extends WebSocket {
  send(message) {
    const bytes = Buffer.from(message);
    for (let at = 0; at === 0 || at < bytes.length; at += fragment.size) {
      const end = at + fragment.size;
      const binary = typeof message !== 'string';
      super.send(bytes.subarray(at, end), { binary, fin: end >= bytes.length });
    }
  }
}

// WAMP's binary in JSON is a string: U+0000, then base64. Neither autobahn-js nor wampy.js does
// this by itself, so both get it here, the way their documentation has it: by a replacer and
// reviver, or by a serializer of one's own.
function binaryReplacer(key, value) {
  // Buffer.toJSON has already run on `value`; the holder still has the bytes.
  const original = this[key];
  return original instanceof Uint8Array ? `\0${Buffer.from(original).toString('base64')}` : value;
}

function binaryReviver(key, value) {
  return typeof value === 'string' && value.startsWith('\0')
    ? Buffer.from(value.slice(1), 'base64')
    : value;
}

module.exports = {
  say, sayEvent, told, Lacks, only, serve, fragment, FragmentingWebSocket, binaryReplacer, binaryReviver,
};
