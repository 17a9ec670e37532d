// The line protocol of the interop peers, for JavaScript (see ../peer.py).

const readline = require('node:readline');

// Values JSON has no word for cross the line as {"$bytes": hex}.
function toLine(value) {
  if (value === undefined) return null;
  if (typeof value === 'bigint') return Number(value);
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
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromLine(item)]));
  }
  return value;
}

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function sayEvent(tag, args, kwargs, details) {
  say({
    event: tag,
    args: toLine(args ?? []),
    kwargs: toLine(kwargs ?? {}),
    topic: details.topic ?? null,
    publication: toLine(details.publication) ?? null,
  });
}

// Calls `commands[line.do](line)` for each line; what it resolves to is the answer, and what it
// rejects with, {uri, args, kwargs}, is the error. Commands start in the order of their lines.
function serve(commands) {
  readline.createInterface({ input: process.stdin }).on('line', async (text) => {
    const { id, do: name, ...fields } = fromLine(JSON.parse(text));
    try {
      say({ id, ok: toLine((await commands[name](fields)) ?? {}) });
    } catch (error) {
      if (!error?.uri) {
        say({ id, broken: String(error?.stack ?? error) });
        return;
      }
      const { uri, args, kwargs } = error;
      say({ id, error: { uri, args: toLine(args ?? []), kwargs: toLine(kwargs ?? {}) } });
    }
  });
  process.stdin.on('end', () => process.exit(0));
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

module.exports = { say, sayEvent, serve, binaryReplacer, binaryReviver };
