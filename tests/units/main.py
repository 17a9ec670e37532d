"""The units of systemd, in a machine of their own that has booted for this.

Run by `cargo xtask units`, as root, once: what docs/operating/deploying.md tells an operator to do is done.
"""

import unittest

from machine import PROGRAMS, blocks, sh
from test_agent import AgentTests
from test_router import RouterTests
from test_sandbox import AgentSandboxTests, RouterSandboxTests
from test_wsgi import WsgiTests

__all__ = ["AgentSandboxTests", "AgentTests", "RouterSandboxTests", "RouterTests", "WsgiTests"]


def install():
    """What the document says, to the letter."""
    for block in blocks("sh", after="systemd"):
        print(sh(f"set -ex\n{block}", cwd=PROGRAMS).stderr)


if __name__ == "__main__":
    install()
    unittest.main(verbosity=2)
