"""The sandbox of the units is in force, and is as tight as the document says."""

import json
import re
from pathlib import Path

from machine import DOCUMENT, Unit, sh


# What a program is told that tries it in either sandbox.
FORBIDDEN = {
    "write": "EROFS",
    "packets": "EAFNOSUPPORT",
    "namespace": "EPERM",
    "executable memory": "EPERM",
    "personality": "EPERM",
    "real time": "EPERM",
    "set-user-id": "EPERM",
    "host name": "EPERM",
}


class Confined(Unit):
    """A unit beside whose own program another one runs that tries its sandbox."""

    def probe(self):
        sh("mkdir -p /srv/open /home/somebody && chmod 777 /srv/open /home/somebody")
        self.drop_in(
            "[Service]\nExecStartPost=/usr/bin/python3 /test/units/probe.py ${STATE_DIRECTORY}/probe.json\n"
        )

    def found(self, allowed):
        """What it has found; what is forbidden to every unit, and is `allowed` to this one, is as it should be."""
        found = json.loads(Path(f"/var/lib/{self.unit}/probe.json").read_text())
        self.assertEqual(found["attempts"], {**FORBIDDEN, "state": "ok", **allowed})
        self.assertNotEqual(found["user"], 0)
        self.assertEqual((found["capabilities"], found["no new privileges"], found["seccomp"]), (0, "1", "2"))
        self.assertFalse(found["first process"])
        self.assertFalse({"kmsg", "mem", "sda", "vda", "fuse"} & set(found["devices"]), found["devices"])
        self.assertFalse(Path("/tmp/own").exists(), "its /tmp is its own")
        return found


class RouterSandboxTests(Confined):
    def test_the_router_is_confined(self):
        self.probe()
        self.serve()
        found = self.found({"home": "EACCES", "write to /proc": "ENOENT"})
        self.assertFalse(found["memory of the machine"])

    def test_the_document_says_how_much_is_left(self):
        for unit in ["wamp-router", "wamp-agent"]:
            rated = sh(f"systemd-analyze security --no-pager {unit}.service").stdout
            exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", rated)[1]
            said = re.search(rf"{unit}\.service(?:.|\n)*?([\d.]+) of 10", DOCUMENT)[1]
            self.assertEqual(exposure, said, unit)


class AgentSandboxTests(Confined):
    unit = "wamp-agent"

    def test_the_agent_is_confined_and_sees_the_machine(self):
        self.probe()
        sh("systemctl start wamp-agent")
        found = self.found({"home": "ok", "write to /proc": "EROFS"})
        self.assertTrue(found["memory of the machine"])
