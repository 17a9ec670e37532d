"""A Django site at `/` beside `/ws`, from the configuration file it had with Crossbar.io.

    python main.py --router PATH

Run by `cargo xtask test --only interop`, by a Python that has Django, gunicorn and autobahn. The site is in site/; its
file .crossbar/config.json is of version 1, and is used as it is: the tests have a network of their own, where its port is
free. Only the tests that want another server than gunicorn add a word that says so.
"""

import argparse
import asyncio
import ctypes
import fcntl
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import struct
import sys
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

from autobahn.asyncio.component import Component

ROUTER = None

# Longer than anything here takes.
PATIENCE = 60


def leave_network():
    """Goes where nobody has taken a port, which takes a right that not everybody has."""
    # As <sched.h> and <linux/sockios.h> have them.
    new_user, new_network, set_flags, up = 0x10000000, 0x40000000, 0x8914, 1
    user, group = os.getuid(), os.getgid()
    if ctypes.CDLL(None).unshare(new_network if user == 0 else new_user | new_network) != 0:
        raise PermissionError("no network of one's own")
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh14x", b"lo", up))


def have_own_network():
    """Goes there, if that works all the way: it is another process that tries, as there is no way back."""
    child = os.fork()
    if child == 0:
        try:
            leave_network()
            os._exit(0)
        except OSError:
            os._exit(1)
    if os.waitpid(child, 0)[1] != 0:
        return False
    leave_network()
    return True


class Site:
    """The router with the site."""

    # Whether its port is free. Where there is no network of one's own, somebody else may have it.
    own_network = False

    def __init__(self, process, folder, port):
        self.process, self.folder, self.port = process, folder, port
        self.url = f"http://127.0.0.1:{port}"

    @classmethod
    async def start(cls, server):
        folder = Path(tempfile.mkdtemp(prefix="wamp-router-django-"))
        shutil.copytree(Path(__file__).parent / "site", folder, dirs_exist_ok=True)
        file = folder / ".crossbar" / "config.json"
        text = file.read_text()
        if server != "gunicorn":
            text = text.replace('"type": "wsgi"', f'"type": "wsgi", "server": "{server}"')
            file.write_text(text)
        site = await cls.run(folder, file)
        if site is None and not cls.own_network:
            print("port 8080 is taken: another one is used", file=sys.stderr)
            file.write_text(text.replace('"port": 8080', '"port": 0'))
            site = await cls.run(folder, file)
        if site is None:
            raise SystemExit("the router does not serve")
        return site

    @classmethod
    async def run(cls, folder, file):
        environment = {**os.environ, "VIRTUAL_ENV": sys.prefix, "RUST_LOG": "error"}
        process = await asyncio.create_subprocess_exec(
            ROUTER, "start", "--config", str(file), stdout=asyncio.subprocess.PIPE, env=environment
        )
        line = (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode()
        found = re.match(r"ws://.*:(\d+)/ws$", line.strip())
        if not found:
            if process.returncode is None:
                process.kill()
            await process.wait()
            return None
        return cls(process, folder, int(found[1]))

    async def stop(self):
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(self.process.wait(), PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)
        return code

    def processes(self):
        """The Python processes that serve this site."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "cwd") == str(self.folder / ".crossbar"):
                    found.append(int(entry.name))
            except OSError:
                pass  # it is gone, or somebody else's
        return found


class Refused(Exception):
    """A status that is no success, and what came with it."""


class Browser:
    """What a browser does: keeps cookies, follows redirects."""

    def __init__(self, site):
        self.site = site
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    async def get(self, path):
        return await asyncio.to_thread(self._open, path, None, {})

    async def post(self, path, fields, headers=()):
        body = fields if isinstance(fields, bytes) else urllib.parse.urlencode(fields).encode()
        return await asyncio.to_thread(self._open, path, body, dict(headers))

    def _open(self, path, body, headers):
        request = urllib.request.Request(self.site.url + path, body, headers)
        try:
            with self.opener.open(request, timeout=PATIENCE) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode()) from None


class Tests:
    """What is to be seen of the site, whatever serves it."""

    async def asyncSetUp(self):
        self.site = await Site.start(self.server)
        self.addAsyncCleanup(self.site.stop)
        self.browser = Browser(self.site)

    async def test_a_page_a_form_a_session_and_an_event(self):
        page = await self.browser.get("/")
        self.assertIn("<form method", page)
        style = re.search(r'href="(/static/[^"]+)"', page)[1]
        self.assertIn("sans-serif", await self.browser.get(style))
        guests, joined = asyncio.Queue(), asyncio.Event()
        component = Component(transports=f"ws://127.0.0.1:{self.site.port}/ws", realm="realm1")

        @component.on_join
        async def join(session, details):
            await session.subscribe(guests.put_nowait, "com.example.guest")
            joined.set()

        component.start(asyncio.get_running_loop())
        await asyncio.wait_for(joined.wait(), PATIENCE)
        for name in ("Ada", "Grace"):
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
            page = await self.browser.post("/", {"name": name, "csrfmiddlewaretoken": token})
            self.assertIn("<p>Thank you!</p>", page)
            self.assertEqual(await asyncio.wait_for(guests.get(), PATIENCE), name)
        self.assertIn("<li>Ada</li><li>Grace</li>", page)
        await component.stop()

    async def test_a_file_is_uploaded(self):
        content = os.urandom(5 << 20)
        # Django takes a short boundary for one in the middle of random bytes.
        boundary = "boundary-of-a-length-nobody-meets-by-chance"
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="big"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        answer = await self.browser.post("/upload/", body, kind)
        expected = {"name": "big", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        self.assertEqual(json.loads(answer), expected)

    async def test_the_site_knows_who_asks_and_where_it_is(self):
        told = json.loads(await self.browser.get("/request/?q=%C3%BC"))
        server = told.pop("SERVER_SOFTWARE")
        self.assertIn({"gunicorn": "gunicorn", "wsgiref": "WSGIServer"}[self.server], server)
        self.assertEqual(
            told,
            {
                "url": f"{self.site.url}/request/?q=%C3%BC",
                "REMOTE_ADDR": "127.0.0.1",
                "SCRIPT_NAME": "",
                "PATH_INFO": "/request/",
                "SERVER_PORT": str(self.site.port),
            },
        )

    async def test_an_answer_comes_as_it_is_made(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        await asyncio.to_thread(connection.request, "GET", "/events/")
        answer = await asyncio.to_thread(connection.getresponse)
        self.assertEqual(await asyncio.to_thread(answer.readline), b"data: 1\n")
        (self.site.folder / "go-on").touch()
        self.assertEqual(await asyncio.to_thread(answer.read), b"\ndata: 2\n\n")

    async def test_new_code_is_loaded(self):
        await self.browser.get("/")
        urls = self.site.folder / "mysite" / "urls.py"
        urls.write_text(
            "from django.http import HttpResponse\nfrom django.urls import path\n"
            "urlpatterns = [path('', lambda request: HttpResponse('new code'))]\n"
        )
        # Of gunicorn's processes the first is the one to talk to.
        os.kill(min(self.site.processes()), {"gunicorn": signal.SIGHUP, "wsgiref": signal.SIGTERM}[self.server])
        async with asyncio.timeout(PATIENCE):
            while await self.page() != "new code":
                await asyncio.sleep(0.05)

    async def page(self):
        try:
            return await self.browser.get("/")
        except Refused as refused:
            return str(refused)

    async def test_the_site_ends_with_the_router(self):
        await self.browser.get("/")
        self.assertTrue(self.site.processes())
        self.assertEqual(await self.site.stop(), 0)
        self.assertEqual(self.site.processes(), [])

    async def test_the_site_ends_even_if_the_router_is_killed(self):
        await self.browser.get("/")
        self.assertTrue(self.site.processes())
        self.site.process.kill()
        await self.site.process.wait()
        async with asyncio.timeout(PATIENCE):
            while self.site.processes():
                await asyncio.sleep(0.05)


class WithGunicorn(Tests, unittest.IsolatedAsyncioTestCase):
    server = "gunicorn"


class WithWsgiref(Tests, unittest.IsolatedAsyncioTestCase):
    server = "wsgiref"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--router", required=True)
    arguments, rest = parser.parse_known_args()
    ROUTER = os.path.abspath(arguments.router)
    Site.own_network = have_own_network()
    if not Site.own_network:
        print("no network of their own: these tests take port 8080 if it is free", file=sys.stderr)
    unittest.main(argv=sys.argv[:1] + rest)
