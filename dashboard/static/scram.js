// SCRAM (RFC 5802, as WAMP has it): proves that both sides know a token without sending it, so that nobody who listens
// has it then, and a server that only keeps a hash of it can't use that to sign in.

import { hmac, pbkdf2, sha256 } from './sha256.js';

export const METHOD = 'wamp-scram';

/** What costs a server little must not keep this page busy for ever; what costs less would give the token away. */
const ITERATIONS = { least: 4096, most: 200_000 };

const utf8 = (text) => new TextEncoder().encode(text);
const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
const unbase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

export class Scram {
  constructor(authid, token, nonce = base64(crypto.getRandomValues(new Uint8Array(16)))) {
    Object.assign(this, { authid, token, nonce });
    this.expected = null;
  }

  /** What HELLO says of it. */
  get hello() {
    return {
      authid: this.authid,
      authmethods: [METHOD],
      authextra: { nonce: this.nonce, channel_binding: null },
    };
  }

  /** The signature and the extra of AUTHENTICATE. Throws if the challenge is none that this page answers. */
  answer(method, { nonce, salt, kdf, iterations } = {}) {
    if (method !== METHOD || kdf !== 'pbkdf2') throw new Error(`the server asks for ${method} with ${kdf}`);
    if (!(iterations >= ITERATIONS.least && iterations <= ITERATIONS.most)) throw new Error(`${iterations} iterations`);
    if (!String(nonce).startsWith(this.nonce)) throw new Error('the server answers to somebody else');
    const sign = hmac(pbkdf2(utf8(this.token), unbase64(salt), iterations));
    const [client, server] = ['Client Key', 'Server Key'].map((name) => sign(utf8(name)));
    const { authid } = this;
    const said = utf8(`n=${authid},r=${this.nonce},r=${nonce},s=${salt},i=${iterations},c=biws,r=${nonce}`);
    const signature = hmac(sha256(client))(said);
    this.expected = base64(hmac(server)(said));
    const proof = client.map((byte, at) => byte ^ signature[at]);
    return [base64(proof), { nonce, channel_binding: null, cbind_data: null }];
  }

  /** Whether the server has proved that it knows the token, too; one that asked for nothing has nothing to prove. */
  isProved(verifier) {
    return this.expected === null || this.expected === verifier;
  }
}
