// An interop peer on wampy.js: node wampy_js.cjs URL REALM SERIALIZER
// Speaks the line protocol of ../peer.py.
//
// Where it deviates: see ../deviations.py.

const { Wampy } = require('wampy');
const { MsgpackSerializer } = require('wampy/MsgpackSerializer.js');
const { CborSerializer } = require('wampy/CborSerializer.js');
const {
  say, sayEvent, told, Lacks, only, serve, fragment, FragmentingWebSocket, binaryReplacer, binaryReviver,
} = require('./lines.cjs');

const [url, realm, serializer] = process.argv.slice(2);

const serializers = {
  json: () => ({
    protocol: 'json',
    isBinary: false,
    encode: (message) => JSON.stringify(message, binaryReplacer),
    decode: (text) => JSON.parse(text, binaryReviver),
  }),
  msgpack: () => new MsgpackSerializer(),
  cbor: () => new CborSerializer(),
};

const failed = (error) => {
  // It refuses such URIs itself.
  if (error?.name === 'UriError') throw { uri: 'wamp.error.invalid_uri' };
  throw error?.errorUri
    ? { uri: error.errorUri, args: error.argsList, kwargs: error.argsDict }
    : error;
};

// It takes no options for a reason to look for a subscription of another key.
const some = (options) => (Object.keys(options).length ? options : undefined);

const procedures = {
  echo: ({ argsList, argsDict }) => ({ argsList: argsList ?? [], argsDict: argsDict ?? {} }),
  refuse: ({ argsList, argsDict }) => {
    throw { error: 'com.example.error.refused', argsList: argsList ?? [], argsDict: argsDict ?? {} };
  },
  count: ({ details, result_handler }) => {
    if (details.receive_progress) {
      for (const step of [1, 2, 3]) {
        result_handler({ argsList: [step], options: { progress: true } });
      }
    }
    return { argsList: ['done', 3] };
  },
  wait: (details, procedure) => {
    sayEvent(procedure, ['called']);
    return new Promise((resolve) => {
      waiting[procedure] = () => resolve({ argsList: ['released'] });
    });
  },
};
const waiting = {};

async function main() {
  const client = new Wampy(url, {
    realm,
    serializer: serializers[serializer](),
    payloadSerializers: { cbor: new CborSerializer() },
    ws: FragmentingWebSocket,
    // The default is the strict URI rule; these tests use what the loose one allows.
    uriValidation: 'loose',
    autoReconnect: false,
    onClose: () => sayEvent('left', [null]),
    onError: (error) => console.error('error', error),
  });
  await client.connect();
  const subscriptions = {};
  const calls = {};

  serve({
    async subscribe({ tag, topic, options }) {
      only(options, 'match', 'get_retained');
      const onEvent = ({ argsList, argsDict, details }) => sayEvent(tag, argsList, argsDict, details);
      subscriptions[tag] = await client.subscribe(topic, onEvent, some(options)).catch(failed);
    },
    unsubscribe: ({ tag }) =>
      client.unsubscribe(subscriptions[tag].subscriptionKey).then(() => ({}), failed),
    async publish({ topic, args, kwargs, options }) {
      const payload = { argsList: args, argsDict: kwargs };
      const sent = await client.publish(topic, payload, some(options)).catch(failed);
      return { publication: sent.publicationId };
    },
    register: ({ procedure, options, does }) => {
      only(options, 'match', 'invoke');
      // Details of an INVOCATION say the procedure only where a pattern matched.
      const tell = ({ details }) => ({
        argsList: [details.procedure ?? procedure],
        argsDict: told(details, ['caller', 'caller_authid', 'caller_authrole', 'trustlevel', 'timeout']),
      });
      const endpoint = does === 'tell' ? tell : procedures[does];
      if (!endpoint) throw new Lacks(`an endpoint can't ${does}`);
      return client
        .register(procedure, (invocation) => endpoint(invocation, procedure), some(options))
        .then(() => ({}), failed);
    },
    unregister: ({ procedure }) => client.unregister(procedure).then(() => ({}), failed),
    release: ({ procedure }) => waiting[procedure](),
    async call({ procedure, args, kwargs, options: { receive_progress, ...options }, tag }) {
      only(options, 'timeout', 'disclose_me', 'ppt_scheme', 'ppt_serializer');
      const payload = { argsList: args, argsDict: kwargs };
      const progress = [];
      const progress_callback = ({ argsList }) => progress.push(argsList);
      const call = client.call(procedure, payload, { ...options, ...(receive_progress && { progress_callback }) });
      calls[tag] = client.getOpStatus().reqId;
      const result = await call.catch(failed);
      return { args: result.argsList ?? [], kwargs: result.argsDict ?? {}, progress };
    },
    cancel: ({ tag, mode }) => {
      client.cancel(calls[tag], mode ? { mode } : undefined);
    },
    async upload({ procedure, parts }) {
      const [first, ...rest] = parts;
      const { result, sendData } = client.progressiveCall(procedure, first, {});
      rest.forEach((part, index) => sendData(part, { progress: index < rest.length - 1 }));
      const { argsList, argsDict } = await result.catch(failed);
      return { args: argsList ?? [], kwargs: argsDict ?? {} };
    },
    fragment({ size }) {
      fragment.size = size;
    },
    leave: () => client.disconnect().then(() => ({})),
  });
  // In MessagePack an id above 2^32 arrives as a BigInt.
  say({ joined: Number(client.getSessionId()) });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
