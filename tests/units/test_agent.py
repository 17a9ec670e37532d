"""The agent as a service: what it sees of the machine, and whom it tells."""

import json
import subprocess
from pathlib import Path

from machine import PATIENCE, Unit, bridge, configuration, eventually, sh, show, transport, write


class AgentTests(Unit):
    unit = "wamp-agent"

    def test_it_sees_what_there_is(self):
        outside = json.loads(sh("/usr/local/bin/wamp-agent --once").stdout)
        self.drop_in(
            "[Service]\nType=oneshot\nRestart=no\nExecStart=\nExecStart=/usr/local/bin/wamp-agent --once\n"
            "StandardOutput=truncate:/run/sample.json\n"
        )
        sh("systemctl start wamp-agent")
        inside = json.loads(Path("/run/sample.json").read_text())
        self.assertTrue(outside["disks"] and outside["mem"][1], outside)
        self.assertEqual(steady(inside), steady(outside))

    def test_it_tells_a_router(self):
        write(configuration(transport(**bridge())))
        sh("systemctl restart wamp-router")
        self.addCleanup(sh, "systemctl stop wamp-router")
        listener = subprocess.Popen(
            ["timeout", str(PATIENCE), "/test/programs/wamp", "sub", "clientstats"], stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(listener.stdout.close)
        self.addCleanup(listener.wait)
        self.addCleanup(listener.terminate)
        sh("systemctl start wamp-agent")
        sample = json.loads(listener.stdout.readline())
        self.assertTrue(sample, sample)
        first = Path("/var/lib/wamp-agent/id").read_text()
        private = Path("/var/lib/private/wamp-agent")
        self.assertEqual(private.stat().st_mode & 0o777, 0o700)
        # It comes back by itself, as the same machine.
        process = self.process()
        sh("systemctl kill --signal KILL wamp-agent")
        again = lambda: show("wamp-agent", "ActiveState") == "active" and self.process() != process
        eventually("it is there again", again)
        self.assertEqual(Path("/var/lib/wamp-agent/id").read_text(), first)


def steady(sample):
    """What of a sample does not change from one moment to the next."""
    disks = {mount: total for mount, (_, total) in sample["disks"].items()}
    return sample["name"], len(sample["cpus"]), sample["mem"][1], sample["swap"][1], disks, sample.keys()
