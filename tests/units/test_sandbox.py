"""The sandbox of the units is in force, and is as tight as the document says."""

import json
import re
from pathlib import Path

from machine import DOCUMENT, Unit, sh


class SandboxTests(Unit):
    def probe(self):
        """What a program sees that runs beside the unit's own, in its sandbox."""
        sh("mkdir -p /srv/open /home/somebody && chmod 777 /srv/open /home/somebody")
        self.drop_in(
            "[Service]\nExecStartPost=/usr/bin/python3 /test/units/probe.py ${STATE_DIRECTORY}/probe.json\n"
        )

    def found(self):
        return json.loads(Path(f"/var/lib/{self.unit}/probe.json").read_text())

    def test_the_router_is_confined(self):
        self.probe()
        self.serve()
        found = self.found()
        attempts = found["attempts"]
        expected = {
            "write": "EROFS",
            "write to /proc": "ENOENT",
            "home": "EACCES",
            "packets": "EAFNOSUPPORT",
            "namespace": "EPERM",
            "executable memory": "EPERM",
            "personality": "EPERM",
            "real time": "EPERM",
            "set-user-id": "EPERM",
            "host name": "EPERM",
            "state": "ok",
        }
        self.assertEqual(attempts, expected)
        self.assertNotEqual(found["user"], 0)
        self.assertEqual((found["capabilities"], found["no new privileges"], found["seccomp"]), (0, "1", "2"))
        self.assertFalse(found["first process"] or found["memory of the machine"])
        self.assertFalse({"kmsg", "mem", "sda", "vda", "fuse"} & set(found["devices"]), found["devices"])
        self.assertFalse(Path("/tmp/own").exists(), "its /tmp is its own")

    def test_the_document_says_how_much_is_left(self):
        for unit in ["wamp-router", "wamp-agent"]:
            rated = sh(f"systemd-analyze security --no-pager {unit}.service").stdout
            exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", rated)[1]
            said = re.search(rf"{unit}\.service(?:.|\n)*?([\d.]+) of 10", DOCUMENT)[1]
            self.assertEqual(exposure, said, unit)
