"""The router as a service: start, reload, restart, end."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from machine import PATIENCE, Unit, blocks, bridge, configuration, eventually, get, sh, show, transport, write

SERVED = "http://127.0.0.1:8080"
MONITOR = "http://127.0.0.1:9180"


def call(procedure, *args):
    status, text = get(f"{SERVED}/call", {"procedure": procedure, "args": args})
    assert status == 200, text
    return json.loads(text)["args"][0]


def publish(number):
    status, text = get(f"{SERVED}/publish", {"topic": "com.example.log", "args": [number]})
    assert status == 200, text


def history():
    subscription = call("wamp.subscription.lookup", "com.example.log")
    return [event["args"][0] for event in call("wamp.subscription.get_events", subscription)]


class RouterTests(Unit):
    def test_start_returns_when_it_serves(self):
        self.serve()
        self.assertEqual(get(f"{MONITOR}/ready"), (200, '{"status":"ready"}'))
        self.assertEqual(get(f"{SERVED}/publish", {"topic": "com.example"})[0], 200)
        self.assertEqual((show("wamp-router", "Type"), show("wamp-router", "ActiveState")), ("notify", "active"))

    def test_start_fails_with_what_is_wrong(self):
        with contextlib.closing(socket.create_server(("127.0.0.1", 8080))):
            write(configuration(transport(**bridge())))
            self.assertNotEqual(sh("systemctl start wamp-router", check=False).returncode, 0)
            self.assertIn("127.0.0.1:8080", self.journal("--priority", "err"))
        sh("systemctl stop wamp-router; systemctl reset-failed wamp-router")
        write(json.dumps(configuration(transport(**bridge()))).replace("realms", "relms"))
        self.assertNotEqual(sh("systemctl start wamp-router", check=False).returncode, 0)
        self.assertIn('did you mean "realms"?', self.journal("--priority", "err"))

    def test_reload_changes_what_is_served_and_drops_nobody(self):
        self.serve()
        process = self.process()
        listener = subprocess.Popen(
            ["timeout", str(PATIENCE), "/test/programs/wamp", "sub", "com.example.log"],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(listener.stdout.close)
        self.addCleanup(listener.wait)
        self.addCleanup(listener.terminate)
        subscription = call("wamp.subscription.lookup", "com.example.log")
        eventually("it subscribes", lambda: call("wamp.subscription.count_subscribers", subscription) == 1)
        self.assertEqual(get(f"{SERVED}/new")[0], 404)
        write(configuration(transport(**bridge(new={"type": "json", "value": 1}))))
        sh("systemctl reload wamp-router")
        eventually("the new path", lambda: get(f"{SERVED}/new") == (200, "1"))
        publish("after the reload")
        self.assertIn("after the reload", listener.stdout.readline())
        self.assertEqual(self.process(), process)

    def test_reload_refuses_a_bad_file(self):
        self.serve()
        write(json.dumps(configuration(transport())).replace("realms", "relms"))
        self.assertNotEqual(sh("systemctl reload wamp-router", check=False).returncode, 0)
        self.assertIn('did you mean "realms"?', self.journal("--priority", "err"))
        self.assertEqual(show("wamp-router", "ActiveState"), "active")
        publish("still there")
        # What only the router can find out: it is in the log.
        with contextlib.closing(socket.create_server(("127.0.0.1", 8081))):
            write(configuration(transport(**bridge()), transport(8081)))
            sh("systemctl reload wamp-router")
            said = lambda: "nothing has changed" in self.journal("--priority", "err")
            eventually("the log says so", said)
        publish("still there")

    def test_it_is_started_again_when_it_is_killed(self):
        self.serve()
        before = history()
        publish("before the kill")
        process = self.process()
        sh("systemctl kill --kill-who main --signal KILL wamp-router")
        again = lambda: show("wamp-router", "ActiveState") == "active" and self.process() != process
        eventually("it is there again", again)
        self.assertEqual(history(), [*before, "before the kill"])
        self.assertEqual(show("wamp-router", "NRestarts"), "1")

    def test_it_is_started_again_when_it_hangs(self):
        self.drop_in("[Service]\nWatchdogSec=2\n")
        self.serve()
        process = self.process()
        # It goes on longer than the watchdog waits if it is alive.
        time.sleep(3)
        self.assertEqual(self.process(), process)
        os.kill(int(process.name), signal.SIGSTOP)
        again = lambda: show("wamp-router", "ActiveState") == "active" and self.process() != process
        eventually("it is there again", again)
        publish("there again")

    def test_stop_ends_it_in_order(self):
        self.serve()
        begin = time.monotonic()
        sh("systemctl stop wamp-router")
        self.assertLess(time.monotonic() - begin, 20)
        self.assertEqual((show("wamp-router", "Result"), show("wamp-router", "ExecMainStatus")), ("success", "0"))
        self.assertIsNone(get(f"{SERVED}/publish"))

    def test_restart_keeps_the_history(self):
        self.serve()
        before = history()
        publish("before the restart")
        sh("systemctl restart wamp-router")
        self.assertEqual(history(), [*before, "before the restart"])
        state = Path("/var/lib/wamp-router")
        self.assertEqual((state.owner(), state.stat().st_mode & 0o777), ("wamp-router", 0o700))
        modes = {file.name: file.stat().st_mode & 0o077 for file in state.iterdir()}
        self.assertEqual(set(modes.values()), {0}, modes)

    def test_lines_of_the_journal_are_readable(self):
        configured = configuration(transport(**bridge()))
        configured["controller"] = {}
        write(configured)
        sh("systemctl restart wamp-router")
        warnings = self.journal("--priority", "warning").splitlines()
        ours = [line for line in warnings if line.startswith(" WARN ")]
        self.assertTrue(any("mean nothing here: controller" in line for line in ours), warnings)
        lines = self.journal()
        self.assertFalse([line for line in lines if not line.isprintable() and line != "\n"], lines)
        self.assertIn("ws://127.0.0.1:8080/ws\n", lines)

    def test_certificates_are_read_and_renewed(self):
        def renew(name):
            sh(
                "cd /etc/wamp-router && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
                f" -subj /CN={name} -addext subjectAltName=DNS:localhost -keyout server.key -out server.crt"
                " && chgrp wamp-router server.key && chmod 640 server.key"
            )

        renew("first")
        secure = transport(8443, info={"type": "json", "value": "secure"})
        secure["endpoint"]["tls"] = {"certificate": "server.crt", "key": "server.key"}
        self.serve(transport(**bridge()), secure)
        certificate = "/etc/wamp-router/server.crt"
        self.assertEqual(get("https://localhost:8443/info", authority=certificate), (200, '"secure"'))
        renew("second")
        sh("systemctl reload wamp-router")
        shown = "openssl s_client -connect localhost:8443 </dev/null 2>/dev/null | openssl x509 -noout -subject"
        eventually("the new certificate", lambda: "second" in sh(shown).stdout)
        self.assertEqual(get("https://localhost:8443/info", authority=certificate), (200, '"secure"'))

    def test_a_unix_socket_for_a_group(self):
        unix = {"type": "web", "endpoint": {"type": "unix", "path": "/run/wamp-router/wamp.sock", "mode": "660"}}
        self.serve({**unix, "paths": {"info": {"type": "json", "value": "unix"}}})
        ask = (
            "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/run/wamp-router/wamp.sock');"
            " s.sendall(b'GET /info HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n'); print(s.makefile().read())"
        )
        as_user = lambda groups: sh(f'setpriv --reuid nobody --regid nogroup {groups} python3 -c "{ask}"', check=False)
        self.assertIn('"unix"', as_user("--groups wamp-router").stdout)
        self.assertIn("PermissionError", as_user("--clear-groups").stderr)
        sh("systemctl stop wamp-router")
        self.assertFalse(Path("/run/wamp-router").exists())

    def test_names_are_looked_up(self):
        # systemd's resolver answers for names that end so, by DNS; no file does.
        sh("systemctl start systemd-resolved && ln -sf /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf")
        Path("/etc/hosts").write_text("127.0.0.1 localhost\n")
        api = {**transport(8081, who={"type": "json", "value": "me"}), "options": {"allowed_hosts": ["api.localhost"]}}
        self.serve(transport(**bridge(api={"type": "proxy", "url": "http://api.localhost:8081"})), api)
        self.assertEqual(get(f"{SERVED}/api/who"), (200, '"me"'))

    def test_a_port_below_1024_takes_the_drop_in(self):
        low = transport(443, **bridge())
        write(configuration(low))
        self.assertNotEqual(sh("systemctl start wamp-router", check=False).returncode, 0)
        self.assertIn("127.0.0.1:443", self.journal("--priority", "err"))
        sh("systemctl stop wamp-router; systemctl reset-failed wamp-router")
        self.drop_in(blocks("ini", after="systemd")[0])
        sh("systemctl start wamp-router")
        self.assertEqual(get("http://127.0.0.1:443/publish", {"topic": "com.example"})[0], 200)

    def test_its_limit_of_open_files_is_the_unit_s(self):
        self.serve()
        limits = (self.process() / "limits").read_text()
        soft, hard = next(line for line in limits.splitlines() if line.startswith("Max open files")).split()[3:5]
        self.assertEqual(soft, hard)
        # A container may have less than the unit asks for.
        most = sh("ulimit -H -n").stdout.strip()
        self.assertIn(hard, {"262144", most})


