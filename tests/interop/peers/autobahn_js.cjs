// An interop peer on autobahn-js: node autobahn_js.cjs URL REALM SERIALIZER PACKAGE
// URL is ws://… for WebSocket or rs://HOST:PORT for RawSocket. Speaks the line protocol of ../peer.py.
//
// Where it deviates: over RawSocket it speaks JSON only, without binary; a RESULT of no argument and one of a
// single null look alike to a caller; see also ../deviations.py.

const {
  say, sayEvent, told, Lacks, serve, fragment, FragmentingWebSocket, binaryReplacer, binaryReviver,
} = require('./lines.cjs');

const [url, realm, serializer, name] = process.argv.slice(2);

// autobahn-js writes its log to standard output, where the line protocol is.
console.log = console.warn = console.info = console.error;
// It uses the platform's WebSocket where there is one.
globalThis.WebSocket = FragmentingWebSocket;

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
  // What it says itself of a call that was canceled.
  if (error?.error === 'Cancelled') throw { uri: 'wamp.error.canceled' };
  throw error?.error ? { uri: error.error, args: error.args, kwargs: error.kwargs } : error;
};

const procedures = {
  echo: (args, kwargs) => new autobahn.Result(args, kwargs),
  refuse: (args, kwargs) => {
    throw new autobahn.Error('com.example.error.refused', args, kwargs);
  },
  tell: (args, kwargs, details) =>
    new autobahn.Result([details.procedure], told(details, ['caller', 'caller_authid', 'caller_authrole'])),
  count: (args, kwargs, details) => {
    for (const step of [1, 2, 3]) details.progress?.([step]);
    return new autobahn.Result(['done', 3]);
  },
  wait: (args, kwargs, details) => {
    sayEvent(details.procedure, ['called']);
    return new Promise((resolve) => {
      waiting[details.procedure] = resolve;
    });
  },
};
const waiting = {};

connection.onopen = (session) => {
  const subscriptions = {};
  const registrations = {};
  const calls = {};

  serve({
    async subscribe({ tag, topic, options }) {
      const onEvent = (args, kwargs, details) => sayEvent(tag, args, kwargs, details);
      subscriptions[tag] = await session.subscribe(topic, onEvent, options).catch(failed);
      subscriptions[tag].on_unsubscribe.then((reason) => sayEvent(`revoked ${tag}`, [reason]));
    },
    unsubscribe: ({ tag }) => session.unsubscribe(subscriptions[tag]).then(() => ({}), failed),
    async publish({ topic, args, kwargs, options }) {
      if (options.ppt_scheme) throw new Lacks('no payload passthru mode');
      const sent = session.publish(topic, args, kwargs, options);
      return options.acknowledge ? { publication: (await sent.catch(failed)).id } : {};
    },
    async register({ procedure, options, does }) {
      if (!procedures[does]) throw new Lacks(`an endpoint can't ${does}`);
      registrations[procedure] = await session
        .register(procedure, procedures[does], options)
        .catch(failed);
      registrations[procedure].on_unregister.then((reason) => sayEvent(`revoked ${procedure}`, [reason]));
    },
    unregister: ({ procedure }) =>
      session.unregister(registrations[procedure]).then(() => ({}), failed),
    release: ({ procedure }) => waiting[procedure]('released'),
    async call({ procedure, args, kwargs, options, tag }) {
      if (options.ppt_scheme) throw new Lacks('no payload passthru mode');
      const progress = [];
      calls[tag] = session.call(procedure, args, kwargs, options);
      const result = await calls[tag].then(undefined, failed, (step) => progress.push([step]));
      if (result instanceof autobahn.Result) return { args: result.args, kwargs: result.kwargs, progress };
      return { args: result === null ? [] : [result], kwargs: {}, progress };
    },
    cancel: ({ tag, mode }) => calls[tag].cancel({ ...(mode && { mode }) }),
    upload() {
      throw new Lacks('a call has its arguments at once');
    },
    fragment({ size }) {
      if (url.startsWith('rs:')) throw new Lacks('RawSocket has no fragments');
      fragment.size = size;
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
  sayEvent('left', [details.reason ?? reason]);
  console.error('closed', reason, details);
  process.exit(1);
};

connection.open();
