// An interop peer on wampy.js: node wampy_js.cjs URL REALM SERIALIZER
// Speaks the line protocol of ../peer.py.
//
// Where it deviates: it acknowledges every publication whether asked to or not; it cannot send
// `exclude_me: false` or `retain`; it keeps an EVENT's publication id to itself; it breaks on UNSUBSCRIBED of
// a subscription made with options; options that were not given go out as null in MessagePack and
// CBOR (`match: null`).

const { Wampy } = require('wampy');
const { MsgpackSerializer } = require('wampy/MsgpackSerializer.js');
const { CborSerializer } = require('wampy/CborSerializer.js');
const WebSocket = require('ws');
const { say, sayEvent, serve, binaryReplacer, binaryReviver } = require('./lines.cjs');

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
  throw error?.errorUri
    ? { uri: error.errorUri, args: error.argsList, kwargs: error.argsDict }
    : error;
};

const options = (given) => (Object.values(given).some(Boolean) ? given : undefined);

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
};

async function main() {
  const client = new Wampy(url, {
    realm,
    serializer: serializers[serializer](),
    ws: WebSocket,
    // The default is the strict URI rule; these tests use what the loose one allows.
    uriValidation: 'loose',
    autoReconnect: false,
    onClose: () => process.stdin.destroyed || console.error('closed'),
    onError: (error) => console.error('error', error),
  });
  await client.connect();
  const subscriptions = {};

  serve({
    async subscribe({ tag, topic, match, get_retained }) {
      const onEvent = ({ argsList, argsDict, details }) =>
        sayEvent(tag, argsList, argsDict, details);
      subscriptions[tag] = await client.subscribe(topic, onEvent, options({ match, get_retained })).catch(failed);
    },
    unsubscribe: ({ tag }) =>
      client.unsubscribe(subscriptions[tag].subscriptionKey).then(() => ({}), failed),
    async publish({ topic, args, kwargs }) {
      const payload = { argsList: args, argsDict: kwargs };
      const sent = await client.publish(topic, payload).catch(failed);
      return { publication: sent.publicationId };
    },
    register: ({ procedure, match, does }) => {
      // Details of an INVOCATION say the procedure only where a pattern matched.
      const tell = ({ details }) => ({ argsList: [details.procedure ?? procedure], argsDict: {} });
      return client
        .register(procedure, does === 'tell' ? tell : procedures[does], options({ match }))
        .then(() => ({}), failed);
    },
    unregister: ({ procedure }) => client.unregister(procedure).then(() => ({}), failed),
    async call({ procedure, args, kwargs, receive_progress }) {
      const payload = { argsList: args, argsDict: kwargs };
      const progress = [];
      const progress_callback = ({ argsList }) => progress.push(argsList);
      const result = await client
        .call(procedure, payload, receive_progress && { progress_callback })
        .catch(failed);
      return { args: result.argsList ?? [], kwargs: result.argsDict ?? {}, progress };
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
