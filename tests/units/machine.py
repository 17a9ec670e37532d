"""What the tests do with the machine they run in."""

import json
import re
import shlex
import ssl
import subprocess
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

# Longer than anything here takes.
PATIENCE = 60

DOCUMENT = Path("/test/deploying.md").read_text()
PROGRAMS = Path("/test/programs")
CONFIGURATION = Path("/etc/wamp-router/config.yaml")


def sh(command, check=True, **options):
    """Runs a line of shell, and answers what it did."""
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=PATIENCE, **options
    )
    if check and done.returncode != 0:
        raise AssertionError(f"{command}\n{done.stdout}{done.stderr}")
    return done


def blocks(language, after):
    """The blocks of code in the document's section, in this language."""
    section = DOCUMENT.split(f"\n## {after}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


def eventually(what, happens):
    """Waits until `happens` answers something that is true."""
    end = time.monotonic() + PATIENCE
    while not (answer := happens()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {PATIENCE} seconds")
        time.sleep(0.02)
    return answer


def get(url, body=None, authority=None):
    """The status and the text of an answer; none if nobody listens."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    context = ssl.create_default_context(cafile=authority) if authority else None
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLError):
            raise
        return None


def show(unit, name):
    return sh(f"systemctl show --property {name} --value {unit}").stdout.strip()


def journal(unit, since, *options):
    """What the unit has said since this time."""
    sh("journalctl --sync")
    return sh(f"journalctl --output cat --since @{since:.3f} --unit {unit} {shlex.join(options)}").stdout


def transport(port=8080, **paths):
    return {"type": "web", "endpoint": {"type": "tcp", "interface": "127.0.0.1", "port": port}, "paths": paths}


def configuration(*transports, **worker):
    """A realm in which everybody may do everything, with an event history."""
    allowed = {"call": True, "register": True, "publish": True, "subscribe": True}
    permissions = [{"uri": "", "match": "prefix", "allow": allowed}]
    store = {
        "type": "sqlite",
        "path": "/var/lib/wamp-router/history.sqlite",
        "event-history": [{"uri": "com.example.log", "match": "exact"}],
    }
    realm = {
        "name": "realm1",
        "roles": [{"name": "anonymous", "permissions": permissions}],
        "store": store,
    }
    return {
        "version": 2,
        "workers": [{"type": "router", "realms": [realm], "transports": list(transports), **worker}],
    }


def bridge(**paths):
    """The paths a WebSocket and the HTTP bridge are at, and others."""
    acts = {"realm": "realm1", "role": "anonymous"}
    return {
        "ws": {"type": "websocket"},
        "publish": {"type": "publisher", **acts},
        "call": {"type": "caller", **acts},
        **paths,
    }


def write(what):
    # JSON is YAML. The file stays the same one, with its owner.
    CONFIGURATION.write_text(what if isinstance(what, str) else json.dumps(what, indent=1))


class Unit(unittest.TestCase):
    """A test of a unit, which is stopped, and has no drop-in, at its end."""

    unit = "wamp-router"

    def setUp(self):
        self.begin = time.time()
        sh(f"systemctl stop {self.unit}")
        self.addCleanup(self.clean_up)

    def journal(self, *options):
        """What the unit has said since the test has begun."""
        return journal(self.unit, self.begin, *options)

    def run(self, result=None):
        failed = lambda: len(result.failures) + len(result.errors)
        before = failed()
        super().run(result)
        if failed() > before:
            print(self.journal())
        return result

    def clean_up(self):
        sh(f"systemctl stop {self.unit}; systemctl reset-failed {self.unit}", check=False)
        sh(f"rm -rf /etc/systemd/system/{self.unit}.service.d && systemctl daemon-reload")

    def drop_in(self, text):
        folder = Path(f"/etc/systemd/system/{self.unit}.service.d")
        folder.mkdir(exist_ok=True)
        (folder / f"{len(list(folder.iterdir()))}.conf").write_text(text)
        sh("systemctl daemon-reload")

    def serve(self, *transports, **worker):
        """Has the router serve this."""
        write(configuration(*(transports or [transport(**bridge())]), **worker))
        sh("systemctl restart wamp-router")

    def process(self):
        return Path("/proc", show(self.unit, "MainPID"))
