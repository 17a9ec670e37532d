"""Authenticators and authorizers of Crossbar.io written with autobahn, asked by the router.

    python main.py --router PATH

Run by `cargo xtask test --only interop`, by a Python that has autobahn. The file is config.yaml.
"""

import argparse
import asyncio
import os
import re
import unittest
from pathlib import Path

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp import auth
from autobahn.wamp.exception import ApplicationError

ROUTER = None

# Longer than anything here takes.
PATIENCE = 60

DENIED = "wamp.error.authentication_denied"


def authenticate(realm, authid, details):
    if details["authmethod"] == "ticket":
        if details["ticket"] != "good":
            raise ApplicationError("com.example.bad_ticket", "this ticket is not known")
        return "veteran"
    if authid == "nobody":
        raise RuntimeError("there is no such user")
    principal = {"role": "guest", "realm": "realm1", "authid": authid or "somebody", "extra": {"asked": realm}}
    return {**principal, "secret": "secret1"}


def authorize(session, uri, action, options):
    assert session["authrole"] == "guest" and action == "subscribe", (session, action)
    return {"allow": uri != "com.example.secret", "cache": True}


def authorize_without_options(session, uri, action):
    return uri != "com.example.secret"


class Service(ApplicationSession):
    """Offers the procedures."""

    def onConnect(self):
        self.join(self.config.realm, ["ticket"], "service")

    def onChallenge(self, challenge):
        return "s3cret"

    async def onJoin(self, details):
        for procedure in [authenticate, authorize, authorize_without_options]:
            await self.register(procedure, f"com.example.{procedure.__name__}")
        self.config.extra["ready"].set()

    def onUserError(self, failure, message):
        """Errors of the procedures are what is tested."""


class Client(ApplicationSession):
    """Joins, subscribes to two topics, and tells what came of it."""

    def onConnect(self):
        self.join(self.config.realm, [self.config.extra["method"]], self.config.extra["authid"])

    def onChallenge(self, challenge):
        secret = self.config.extra["secret"]
        return auth.compute_wcs(secret, challenge.extra["challenge"]) if challenge.method == "wampcra" else secret

    async def onJoin(self, details):
        errors = []
        for topic in ["com.example.news", "com.example.secret"]:
            try:
                await self.subscribe(lambda: None, topic)
                errors.append(None)
            except ApplicationError as error:
                errors.append(error.error)
        who = (details.realm, details.authid, details.authrole, details.authprovider, details.authextra)
        self.config.extra["outcome"].set_result((who, errors))
        self.leave()

    def onLeave(self, details):
        if not self.config.extra["outcome"].done():
            self.config.extra["outcome"].set_result(details.reason)
        self.disconnect()


class Dynamic(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        file = Path(__file__).parent / "config.yaml"
        environment = {**os.environ, "RUST_LOG": "error"}
        self.router = await asyncio.create_subprocess_exec(
            ROUTER, "start", "--config", str(file), stdout=asyncio.subprocess.PIPE, env=environment
        )
        line = (await asyncio.wait_for(self.router.stdout.readline(), PATIENCE)).decode()
        self.url = re.match(r"(ws://.*:\d+)/", line)[1]
        ready = asyncio.Event()
        await self.run_session(Service, "inner", "realm1", ready=ready)
        await asyncio.wait_for(ready.wait(), PATIENCE)

    async def asyncTearDown(self):
        self.router.terminate()
        self.assertEqual(await asyncio.wait_for(self.router.wait(), PATIENCE), 0)

    async def run_session(self, session, path, realm, **extra):
        await ApplicationRunner(f"{self.url}/{path}", realm, extra).run(session, start_loop=False)

    async def outcome(self, realm, method, authid, secret):
        outcome = asyncio.get_running_loop().create_future()
        await self.run_session(Client, "ws", realm, method=method, authid=authid, secret=secret, outcome=outcome)
        return await asyncio.wait_for(outcome, PATIENCE)

    async def test_procedures_say_who_comes_in_and_what_they_may_do(self):
        errors = [None, "wamp.error.not_authorized"]
        for realm in ["realm1", None]:
            peter = ("realm1", "peter", "guest", "dynamic", {"asked": realm})
            self.assertEqual(await self.outcome(realm, "wampcra", "peter", "secret1"), (peter, errors))
        somebody = ("realm1", "somebody", "guest", "dynamic", {"asked": "realm1"})
        self.assertEqual(await self.outcome("realm1", "anonymous", None, None), (somebody, errors))
        joe = ("realm1", "joe", "veteran", "dynamic", None)
        self.assertEqual(await self.outcome("realm1", "ticket", "joe", "good"), (joe, errors))

    async def test_who_is_not_known_and_who_is_wrong_hear_the_same(self):
        wrong = [("wampcra", "peter", "wrong"), ("wampcra", "nobody", "secret1"), ("ticket", "joe", "bad")]
        for method, authid, secret in wrong:
            self.assertEqual(await self.outcome("realm1", method, authid, secret), DENIED, (method, authid))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--router", required=True)
    arguments, rest = parser.parse_known_args()
    ROUTER = arguments.router
    unittest.main(argv=["main.py", *rest])
