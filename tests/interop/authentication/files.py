"""The configurations, certificates and secrets of the two routers."""

import base64
import hashlib
import hmac
import json
import socket
import ssl
import subprocess
from pathlib import Path

from autobahn.wamp.auth import derive_key, derive_scram_credential
from nacl.signing import SigningKey

SEED = "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510"
# The password of all who have one.
SECRET = "p4ssw0rd"
SALT = {"salt": "salt123", "iterations": 1000, "keylen": 32}
SCRAM_SALT = bytes(range(16))


class Files:
    def __init__(self, folder):
        self.folder = Path(folder)
        self._openssl("req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "2",
                      "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
        for name in ("router", "client"):
            (self.folder / f"{name}.ext").write_text("subjectAltName=DNS:localhost\n")
            self._openssl("req", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                          "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
            self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                          "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        (self.folder / "wamp.key").write_text(SEED)

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def path(self, name):
        return str(self.folder / name)

    def trusting(self, shows=False):
        """TLS settings of a client."""
        context = ssl.create_default_context(cafile=self.path("ca.pem"))
        if shows:
            context.load_cert_chain(self.path("client.pem"), self.path("client.key"))
        return context

    def fingerprint(self):
        """Of the client's certificate, as Crossbar has it."""
        der = ssl.PEM_cert_to_DER_cert((self.folder / "client.pem").read_text())
        return ":".join(f"{byte:02X}" for byte in hashlib.sha1(der).digest())

    def auth(self):
        """The methods, in the form of Crossbar."""
        user = {"role": "user"}
        salted = {"secret": derive_key(SECRET, **SALT).decode(), **SALT, **user}
        public = SigningKey(bytes.fromhex(SEED)).verify_key.encode().hex()
        return {
            "anonymous": {"type": "static", "role": "user"},
            "ticket": {"type": "static", "principals": {"tina": {"ticket": SECRET, **user}}},
            "wampcra": {"type": "static", "users": {"carl": {"secret": SECRET, **user}, "sally": salted}},
            "scram": {"type": "static", "principals": {"sam": {**derive_scram_credential("sam", SECRET, SCRAM_SALT), **user}}},
            "cryptosign": {"type": "static", "principals": {"kim": {"authorized_keys": [public], **user}}},
        }

    def certificates(self):
        user = {"certificate-sha1": self.fingerprint(), "role": "user"}
        return {"tls": {"type": "static", "principals": {"tom": user}}}

    def endpoint(self, port=0, tls=False, wants=False):
        endpoint = {"type": "tcp", "interface": "127.0.0.1", "port": port}
        if tls:
            endpoint["tls"] = {"certificate": self.path("router.pem"), "key": self.path("router.key")}
        if wants:
            endpoint["tls"]["ca_certificates"] = [self.path("ca.pem")]
        return endpoint

    def config(self):
        """wamp-router's file: a plain transport, one with TLS, and one that wants certificates."""
        auth = {**self.auth(), "jwt": {"secret": "0123456789abcdef0123456789abcdef", "role": "user", "tickets": True}}
        known = {"type": "websocket", "cookie": {"store": {"type": "memory"}}, "auth": {**auth, "cookie": {}}}
        plain = {"type": "web", "endpoint": self.endpoint(), "paths": {"ws": known}}
        secure = {"type": "websocket", "endpoint": self.endpoint(tls=True), "auth": auth}
        shown = {"type": "websocket", "endpoint": self.endpoint(tls=True, wants=True), "auth": self.certificates()}
        path = self.folder / "config.json"
        path.write_text(json.dumps(node([plain, secure, shown])))
        return str(path)

    def crossbar(self):
        """Crossbar's ports, and its configuration with the same users."""
        ports = {name: free_port() for name in ("plain", "secure", "shown")}
        auth = self.auth()
        # Its program takes the password here, whatever its documentation says of derived keys.
        auth["wampcra"]["users"]["sally"]["secret"] = SECRET
        transports = [
            {"type": "websocket", "endpoint": self.endpoint(ports["plain"]), "auth": auth},
            {"type": "websocket", "endpoint": self.endpoint(ports["secure"], tls=True), "auth": auth},
            {"type": "websocket", "endpoint": self.endpoint(ports["shown"], True, True), "auth": self.certificates()},
        ]
        return ports, node(transports)


def node(transports):
    allowed = {"call": True, "register": True, "publish": True, "subscribe": True}
    role = {"name": "user", "permissions": [{"uri": "", "match": "prefix", "allow": allowed}]}
    realm = {"name": "realm1", "roles": [role]}
    return {"version": 2, "workers": [{"type": "router", "realms": [realm], "transports": transports}]}


def token(claims):
    """A JSON Web Token of the router's secret."""

    def encoded(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    message = encoded(b'{"alg":"HS256"}') + b"." + encoded(json.dumps(claims).encode())
    signature = hmac.digest(b"0123456789abcdef0123456789abcdef", message, "sha256")
    return (message + b"." + encoded(signature)).decode()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return bound.getsockname()[1]
