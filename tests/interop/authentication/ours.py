"""`wamp`, and so wamp-client, to Crossbar."""

import asyncio
import os

from .files import SECRET


def cases(cli, files, ports):
    plain, secure, shown = (
        f"{scheme}://{host}:{ports[name]}"
        for scheme, host, name in (("ws", "127.0.0.1", "plain"), ("wss", "localhost", "secure"), ("wss", "localhost", "shown"))
    )
    trust = ["--tls-ca", files.path("ca.pem")]
    certificate = ["--tls-cert", files.path("client.pem"), "--tls-key", files.path("client.key")]
    for name, url, flags in (
        ("anonymous", plain, []),
        ("ticket", plain, ["--authid", "tina", "--auth", "ticket"]),
        ("wampcra", plain, ["--authid", "carl", "--auth", "wampcra"]),
        ("wampcra, salted", plain, ["--authid", "sally", "--auth", "wampcra"]),
        ("scram", plain, ["--authid", "sam", "--auth", "scram"]),
        ("cryptosign", plain, ["--key", files.path("wamp.key")]),
        ("cryptosign over TLS", secure, [*trust, "--key", files.path("wamp.key")]),
        ("tls", shown, [*trust, *certificate, "--auth", "tls"]),
    ):
        yield f"wamp, {name}", call(cli, url, flags, SECRET, 0)
        if "--authid" in flags:
            yield f"wamp, wrong {name}", call(cli, url, flags, "wrong", 1)


async def call(cli, url, flags, secret, expected):
    environment = {**os.environ, "WAMP_SECRET": secret, "XDG_CONFIG_HOME": "/nonexistent"}
    process = await asyncio.create_subprocess_exec(
        cli, "call", "--url", url, *flags, "wamp.session.count", env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == expected, said.decode()
    assert expected or said.strip() == b"1", said.decode()
