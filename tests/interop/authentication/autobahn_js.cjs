// Joins by each method that autobahn-js has: node autobahn_js.cjs '{"url": …, "secret": …, "seed": …}'

const autobahn = require('autobahn');
const nacl = require('tweetnacl');

// It is made for browsers.
globalThis.WebSocket ??= require('ws');

const { url, secret, seed } = JSON.parse(process.argv[2]);
const key = nacl.sign.keyPair.fromSeed(Uint8Array.from(Buffer.from(seed, 'hex')));
const pubkey = Buffer.from(key.publicKey).toString('hex');

function wampcra(session, method, extra) {
    const salted = extra.salt && autobahn.auth_cra.derive_key(secret, extra.salt, extra.iterations, extra.keylen);
    return autobahn.auth_cra.sign(salted || secret, extra.challenge);
}

const METHODS = [
    ['anonymous', undefined, undefined, undefined],
    ['ticket', 'tina', () => secret, undefined],
    ['wampcra', 'carl', wampcra, undefined],
    ['wampcra', 'sally', wampcra, undefined],
    ['cryptosign', 'kim', (session, method, extra) => autobahn.auth_cryptosign.sign_challenge(key, extra), { pubkey }],
];

function join(onchallenge, authid, method, authextra) {
    return new Promise((resolve) => {
        const connection = new autobahn.Connection({
            url, realm: 'realm1', authmethods: [method], authid, authextra, onchallenge, max_retries: 0,
        });
        connection.onopen = (session, details) => {
            resolve(`${details.authid} by ${details.authmethod}`);
            connection.close();
        };
        connection.onclose = (reason, details) => {
            resolve(`${details.reason}`);
            return true;
        };
        connection.open();
    });
}

async function main() {
    let failed = false;
    for (const [method, authid, onchallenge, authextra] of METHODS) {
        const joined = await join(onchallenge, authid, method, authextra);
        const expected = authid ? `${authid} by ${method}` : joined;
        const wrong = onchallenge && (await join(() => 'wrong', authid, method, authextra));
        if (joined !== expected || !joined.endsWith(` by ${method}`)) {
            console.error(`autobahn-js, ${method}: ${joined}`);
            failed = true;
        }
        if (onchallenge && wrong !== 'wamp.error.authentication_denied') {
            console.error(`autobahn-js, wrong ${method}: ${wrong}`);
            failed = true;
        }
    }
    process.exit(failed ? 1 : 0);
}

main();
