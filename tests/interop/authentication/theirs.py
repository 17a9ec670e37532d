"""autobahn-python and autobahn-js, to wamp-router."""

import asyncio
import json
import time
from pathlib import Path
from urllib.parse import urlsplit

from autobahn.asyncio.wamp import ApplicationSession
from autobahn.asyncio.websocket import WampWebSocketClientFactory
from autobahn.wamp.auth import create_authenticator
from autobahn.wamp.types import ComponentConfig

from .files import SECRET, SEED, token


def cases(files, addresses):
    plain, secure, shown = addresses
    secure, shown = (url.replace("127.0.0.1", "localhost") for url in (secure, shown))
    good = [
        ("anonymous", plain, None, ["anonymous"], {}),
        ("ticket", plain, "tina", ["ticket"], {"ticket": SECRET}),
        ("wampcra", plain, "carl", ["wampcra"], {"secret": SECRET}),
        ("wampcra, salted", plain, "sally", ["wampcra"], {"secret": SECRET}),
        ("scram", plain, "sam", ["scram"], {"password": SECRET}),
        ("cryptosign", plain, "kim", ["cryptosign"], {"privkey": SEED}),
        ("cryptosign over TLS", secure, "kim", ["cryptosign"], {"privkey": SEED}),
        ("a token as a ticket", plain, "joe", ["ticket"], {"ticket": token({"sub": "joe", "exp": time.time() + 60})}),
    ]
    for name, url, authid, methods, proof in good:
        yield f"autobahn-python, {name}", joins(url, files.trusting(), authid, methods, proof)
        wrong = {**proof, **{key: "00" * 32 for key in proof}}
        if proof:
            yield f"autobahn-python, wrong {name}", refused(url, files.trusting(), authid, methods, wrong)
    bound = {"privkey": SEED, "authextra": {"channel_binding": "tls-unique"}}
    yield "autobahn-python, tls-unique", refused(secure, files.trusting(), "kim", ["cryptosign"], bound)
    yield "autobahn-python, tls", joins(shown, files.trusting(shows=True), "tom", ["tls"], {})
    yield "autobahn-python, cookie", comes_back(plain)
    yield "autobahn-python, a token that expires", expires(plain)
    yield "autobahn-js", javascript(plain)


class Client(ApplicationSession):
    """Joins, and tells how that went."""

    def __init__(self, joined, authid, methods, proof):
        super().__init__(ComponentConfig("realm1"))
        self.joined, self.who, self.methods = joined, authid, methods
        self.left = joined.get_loop().create_future()
        arguments = {**proof, **({"authid": authid} if authid else {})}
        self.by = create_authenticator(methods[-1], **arguments) if proof else None

    def onConnect(self):
        self.headers = self._transport.http_headers
        extra = self.by.authextra if self.by else None
        self.join("realm1", self.methods, authid=self.who, authextra=extra)

    def onChallenge(self, challenge):
        return self.by.on_challenge(self, challenge)

    def onWelcome(self, welcome):
        return self.by.on_welcome(self, welcome.authextra) if self.by else None

    def onJoin(self, details):
        self.joined.set_result((details, self.headers))

    def onLeave(self, details):
        if not self.joined.done():
            self.joined.set_exception(ConnectionRefusedError(f"{details.reason}: {details.message}"))
        self.left.set_result(details.reason)
        self.disconnect()


async def join(url, context, authid, methods, proof, headers=None, stays=False):
    joined = asyncio.get_running_loop().create_future()
    clients = []

    def client():
        clients.append(Client(joined, authid, methods, proof))
        return clients[-1]

    factory = WampWebSocketClientFactory(client, url=url, headers=headers)
    parts = urlsplit(url)
    tls = {"ssl": context, "server_hostname": "localhost"} if parts.scheme == "wss" else {}
    await asyncio.get_running_loop().create_connection(factory, "127.0.0.1", parts.port, **tls)
    try:
        await asyncio.wait_for(joined, 10)
        return await asyncio.wait_for(clients[0].left, 10) if stays else joined.result()
    finally:
        for one in clients:
            if one.is_attached():
                one.leave()


async def joins(url, context, authid, methods, proof):
    details, _ = await join(url, context, authid, methods, proof)
    assert details.authrole == "user" and details.authmethod == methods[-1], details
    assert authid is None or details.authid == authid, details


async def refused(url, context, authid, methods, proof):
    try:
        await join(url, context, authid, methods, proof)
    except ConnectionRefusedError as refusal:
        assert "wamp.error.authentication_" in str(refusal), refusal
    else:
        raise AssertionError("it was let in")


async def comes_back(url):
    """The first time by a ticket, and then by its cookie alone."""
    _, headers = await join(url, None, "tina", ["cookie", "ticket"], {"ticket": SECRET})
    cookie = {"Cookie": headers["set-cookie"].split(";")[0]}
    details, headers = await join(url, None, None, ["cookie"], {}, cookie)
    assert (details.authid, details.authmethod, details.authprovider) == ("tina", "ticket", "cookie"), details
    assert "set-cookie" not in headers, headers


async def expires(url):
    """A token is taken for a minute longer than it says, as clocks may differ; then the session ends."""
    ticket = token({"sub": "joe", "exp": int(time.time()) - 58})
    reason = await join(url, None, "joe", ["ticket"], {"ticket": ticket}, stays=True)
    assert reason == "wamp.close.expired", reason


async def javascript(url):
    script = Path(__file__).with_name("autobahn_js.cjs")
    given = json.dumps({"url": url, "secret": SECRET, "seed": SEED})
    process = await asyncio.create_subprocess_exec("node", str(script), given)
    assert await process.wait() == 0
