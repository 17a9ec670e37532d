// An interop peer on autobahn-js: node autobahn_js.cjs URL REALM SERIALIZER PACKAGE
// URL is ws://… for WebSocket or rs://HOST:PORT for RawSocket. Speaks the line protocol of ../peer.py.
//
// Where it deviates: over RawSocket it speaks JSON only, without binary; a RESULT of no argument and one of a single null look alike to a caller.

const { say, sayEvent, serve, binaryReplacer, binaryReviver } = require('./lines.cjs');

const [url, realm, serializer, name] = process.argv.slice(2);

// autobahn-js writes its log to standard output, where the line protocol is.
console.log = console.warn = console.info = console.error;
// Version 26 uses the platform's WebSocket, which Node has from version 22 on.
globalThis.WebSocket ??= require('ws');

const autobahn = require(name);
const { JSONSerializer, MsgpackSerializer, CBORSerializer } = require(`${name}/lib/serializer.js`);

const serializers = {
  json: () => new JSONSerializer(binaryReplacer, binaryReviver),
  msgpack: () => new MsgpackSerializer(),
  cbor: () => new CBORSerializer(),
};

const connection = new autobahn.Connection({
  transports: [
    url.startsWith('rs:')
      ? { type: 'rawsocket', host: new URL(url).hostname, port: Number(new URL(url).port) }
      : { type: 'websocket', url, serializers: [serializers[serializer]()] },
  ],
  realm,
  // Progress is told by this kind of promise only.
  use_deferred: require('when').defer,
  max_retries: 0,
});

const failed = (error) => {
  throw error?.error ? { uri: error.error, args: error.args, kwargs: error.kwargs } : error;
};

const procedures = {
  echo: (args, kwargs) => new autobahn.Result(args, kwargs),
  refuse: (args, kwargs) => {
    throw new autobahn.Error('com.example.error.refused', args, kwargs);
  },
  tell: (args, kwargs, details) => new autobahn.Result([details.procedure], {}),
  count: (args, kwargs, details) => {
    for (const step of [1, 2, 3]) details.progress?.([step]);
    return new autobahn.Result(['done', 3]);
  },
};

connection.onopen = (session) => {
  const subscriptions = {};
  const registrations = {};

  serve({
    async subscribe({ tag, topic, match, get_retained }) {
      const onEvent = (args, kwargs, details) => sayEvent(tag, args, kwargs, details);
      const options = { ...(match && { match }), ...(get_retained && { get_retained }) };
      subscriptions[tag] = await session.subscribe(topic, onEvent, options).catch(failed);
    },
    unsubscribe: ({ tag }) => session.unsubscribe(subscriptions[tag]).then(() => ({}), failed),
    async publish({ topic, args, kwargs, acknowledge, exclude_me, retain }) {
      const sent = session.publish(topic, args, kwargs, { acknowledge, exclude_me, retain });
      return acknowledge ? { publication: (await sent.catch(failed)).id } : {};
    },
    async register({ procedure, match, does }) {
      const options = match ? { match } : {};
      registrations[procedure] = await session
        .register(procedure, procedures[does], options)
        .catch(failed);
    },
    unregister: ({ procedure }) =>
      session.unregister(registrations[procedure]).then(() => ({}), failed),
    async call({ procedure, args, kwargs, receive_progress }) {
      const progress = [];
      const result = await session
        .call(procedure, args, kwargs, receive_progress ? { receive_progress } : {})
        .then(undefined, failed, (step) => progress.push([step]));
      if (result instanceof autobahn.Result) return { args: result.args, kwargs: result.kwargs, progress };
      return { args: result === null ? [] : [result], kwargs: {}, progress };
    },
    leave: () =>
      new Promise((resolve) => {
        connection.onclose = (reason, details) => resolve({ reason: details.reason });
        connection.close();
      }),
  });
  say({ joined: session.id });
};

connection.onclose = (reason, details) => {
  console.error('closed', reason, details);
  process.exit(1);
};

connection.open();
