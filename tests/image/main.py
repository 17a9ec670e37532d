"""The image of the router, as an operator runs it.

    python main.py --engine podman|docker --image NAME [FLAG OF THE ENGINE'S run]...

Run by `cargo xtask image`. Every container is run as docs/operating/deploying.md says: with a root that can't be
written to, without capabilities.
"""

import argparse
import json
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import uuid
from pathlib import Path

ENGINE = IMAGE = None
FLAGS = []

# Longer than anything here takes.
PATIENCE = 60

HARDENED = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]

ALLOWED = {"call": True, "publish": True, "subscribe": True}

CONFIGURATION = {
    "version": 2,
    "workers": [
        {
            "type": "router",
            "realms": [
                {
                    "name": "realm1",
                    "roles": [
                        {
                            "name": "web",
                            "permissions": [{"uri": "", "match": "prefix", "allow": ALLOWED}],
                        }
                    ],
                    "store": {
                        "type": "sqlite",
                        "path": "/data/history.sqlite",
                        "event-history": [{"uri": "com.example.log", "match": "exact"}],
                    },
                }
            ],
            "transports": [
                {
                    "type": "web",
                    "endpoint": {"type": "tcp", "port": 8080},
                    "paths": {
                        "publish": {"type": "publisher", "realm": "realm1", "role": "web"},
                        "call": {"type": "caller", "realm": "realm1", "role": "web"},
                        "backend": {"type": "proxy", "url": "http://backend:8080"},
                    },
                }
            ],
        }
    ],
}


def engine(*arguments, check=True):
    done = subprocess.run([ENGINE, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE)
    if check and done.returncode != 0:
        raise AssertionError(f"{ENGINE} {' '.join(map(str, arguments))}: {done.stderr}")
    return done


def inspect(thing, form):
    return json.loads(engine("inspect", "--format", "{{json " + form + "}}", thing).stdout)


def eventually(what, happens):
    """Waits until `happens` answers something that is true."""
    end = time.monotonic() + PATIENCE
    while not (answer := happens()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {PATIENCE} seconds")
        time.sleep(0.05)
    return answer


class Container:
    """A container in the background, gone with the test."""

    def __init__(self, test, *flags, command=()):
        self.name = f"wamp-router-test-{uuid.uuid4().hex[:12]}"
        test.addCleanup(engine, "rm", "--force", "--volumes", self.name, check=False)
        published = ["-p", "127.0.0.1::8080", "-p", "127.0.0.1::9180"]
        engine("run", "--detach", "--name", self.name, *HARDENED, *published, *FLAGS, *flags, IMAGE, *command)

    def url(self, port):
        return "http://" + engine("port", self.name, f"{port}/tcp").stdout.splitlines()[0]

    def get(self, path, port=8080, body=None):
        """The status and the text of an answer, or none."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url(port) + path, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return None

    def is_there(self):
        eventually("the router answers", lambda: self.get("/health", 9180) == (200, '{"status":"alive"}'))
        return self

    def state(self):
        return inspect(self.name, ".State")

    def logs(self):
        done = engine("logs", self.name)
        return done.stdout + done.stderr

    def call(self, procedure, *args):
        status, text = self.get("/call", body={"procedure": procedure, "args": args})
        assert status == 200, text
        return json.loads(text)["args"][0]

    def history(self):
        subscription = self.call("wamp.subscription.lookup", "com.example.log")
        return [event["args"][0] for event in self.call("wamp.subscription.get_events", subscription)]


class ImageTests(unittest.TestCase):
    def configured(self, *flags, **changes):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="wamp-router-image-")))
        folder.chmod(0o755)
        self.file = folder / "config.yaml"
        self.configure(**changes)
        return Container(self, "-v", f"{folder}:/config:ro", *flags)

    def configure(self, **paths):
        """Writes the file, with paths besides."""
        configuration = json.loads(json.dumps(CONFIGURATION))
        configuration["workers"][0]["transports"][0]["paths"].update(paths)
        # JSON is YAML.
        self.file.write_text(json.dumps(configuration))
        self.file.chmod(0o644)

    def test_it_has_the_program_and_nothing_else(self):
        self.assertEqual(inspect(IMAGE, ".Config.User"), "65532:65532")
        name = f"wamp-router-test-{uuid.uuid4().hex[:12]}"
        engine("create", "--name", name, IMAGE)
        self.addCleanup(engine, "rm", "--force", "--volumes", name)
        export = f"{ENGINE} export {name} | tar -t"
        listing = subprocess.run(export, shell=True, capture_output=True, text=True, check=True)
        files = {file for file in listing.stdout.splitlines() if not file.endswith("/")}
        # What the engine puts into every container.
        engines = ("dev/", "proc/", "sys/", "run/", "etc/host", "etc/resolv.conf", "etc/mtab", ".dockerenv")
        own = {file for file in files if not file.startswith(engines)}
        self.assertEqual(own, {"wamp-router", "etc/ssl/certs/ca-certificates.crt"})
        self.assertLess(inspect(IMAGE, ".Size"), 32_000_000)

    def test_without_a_configuration_it_says_what_is_missing(self):
        done = engine("run", "--rm", *HARDENED, *FLAGS, IMAGE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/config/config.yaml", done.stderr)
        self.assertIn("wamp-router init", done.stderr)

    def test_it_writes_a_configuration_to_begin_with(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="wamp-router-image-")))
        folder.chmod(0o777)
        mount = ["-v", f"{folder}:/config"]
        engine("run", "--rm", *HARDENED, *FLAGS, *mount, IMAGE, "init", "/config/config.yaml")
        starter = (folder / "config.yaml").read_text()
        checked = engine("run", "--rm", *HARDENED, *FLAGS, *mount, IMAGE, "check", "--config", "/config/config.yaml")
        self.assertIn("nothing is wrong", checked.stdout)
        router = Container(self, *mount).is_there()
        self.assertIsNone(router.get("/info"), "it listens to its own machine")
        # What the document says is to be taken out.
        everywhere = starter.replace("      interface: 127.0.0.1\n", "")
        self.assertNotEqual(everywhere, starter)
        folder.joinpath("other.yaml").write_text(everywhere)
        command = ["start", "--config", "/config/other.yaml", "--metrics", "0.0.0.0:9180"]
        self.assertEqual(Container(self, *mount, command=command).is_there().get("/info")[0], 200)

    def test_it_runs_a_node_of_crossbar(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="wamp-router-image-")))
        folder.chmod(0o755)
        configuration = json.loads(json.dumps(CONFIGURATION))
        configuration["workers"][0]["transports"][0]["paths"] = {"/": {"type": "static", "directory": "../web"}}
        for name, text in [(".crossbar/config.json", json.dumps(configuration)), ("web/index.html", "hello")]:
            file = folder / name
            file.parent.mkdir()
            file.write_text(text)
        command = ["start", "--cbdir", "/node/.crossbar", "--metrics", "0.0.0.0:9180"]
        router = Container(self, "-v", f"{folder}:/node:ro", command=command).is_there()
        self.assertEqual(router.get("/"), (200, "hello"))

    def test_by_flags_it_serves_its_own_machine_only(self):
        router = Container(self, command=["start", "--metrics", "0.0.0.0:9180"]).is_there()
        self.assertIsNone(router.get("/"))

    def test_it_is_not_root_and_may_do_nothing(self):
        router = self.configured().is_there()
        status = Path(f"/proc/{router.state()['Pid']}/status").read_text()
        status = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        self.assertNotIn("0", status["Uid"].split())
        self.assertEqual(int(status["CapEff"], 16) | int(status["CapBnd"], 16), 0)
        self.assertEqual(status["NoNewPrivs"], "1")

    def test_it_tells_how_it_is(self):
        router = self.configured().is_there()
        self.assertEqual(router.get("/ready", 9180), (200, '{"status":"ready"}'))
        self.assertIn("wamp_router_info", router.get("/metrics", 9180)[1])
        engine("exec", router.name, "/wamp-router", "health", "--ready")
        if ENGINE == "podman":
            # It leaves the repetition to systemd, which need not be there.
            engine("healthcheck", "run", router.name)
        else:
            eventually("it is healthy", lambda: router.state()["Health"]["Status"] == "healthy")
        log = [json.loads(line) for line in router.logs().splitlines() if line.startswith("{")]
        self.assertTrue(all(line["level"] in ("INFO", "WARN") for line in log), log)

    def test_events_are_kept_in_its_volume(self):
        router = self.configured().is_there()
        for number in range(3):
            self.assertEqual(router.get("/publish", body={"topic": "com.example.log", "args": [number]})[0], 200)
        self.assertEqual(router.history(), [0, 1, 2])
        engine("kill", "--signal", "KILL", router.name)
        engine("start", router.name)
        self.assertEqual(router.is_there().history(), [0, 1, 2])

    def test_it_reads_its_configuration_again(self):
        router = self.configured().is_there()
        self.assertEqual(router.get("/new")[0], 404)
        self.configure(new={"type": "json", "value": "new"})
        engine("kill", "--signal", "HUP", router.name)
        eventually("the new path", lambda: router.get("/new") == (200, '"new"'))
        self.file.write_text("{")
        engine("kill", "--signal", "HUP", router.name)
        eventually("the log says why not", lambda: "nothing has changed" in router.logs())
        self.assertEqual(router.get("/new"), (200, '"new"'))

    def test_it_ends_in_order_and_at_once(self):
        router = self.configured().is_there()
        begin = time.monotonic()
        engine("stop", "--time", "30", router.name)
        self.assertLess(time.monotonic() - begin, 20, "it was killed")
        self.assertEqual(router.state()["ExitCode"], 0)

    def test_it_finds_other_containers_by_name(self):
        network = f"wamp-router-test-{uuid.uuid4().hex[:12]}"
        engine("network", "create", network)
        self.addCleanup(engine, "network", "rm", network)
        backend = ["--network", network, "--network-alias", "backend"]
        self.configured(*backend, who={"type": "json", "value": "me"}).is_there()
        router = self.configured("--network", network).is_there()
        self.assertEqual(router.get("/backend/who"), (200, '"me"'))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", required=True)
    parser.add_argument("--image", required=True)
    parser.add_argument("flags", nargs="*")
    options = parser.parse_args()
    ENGINE, IMAGE, FLAGS = options.engine, options.image, options.flags
    unittest.main(argv=["main.py", "--verbose"])
