"""Runs a WSGI application for the router that has started this.

The first line on the standard input says what to run, as JSON. The input stays open as long as the
router is there: its end is the end of this too, even if the router was killed.
"""

import importlib
import importlib.util
import json
import os
import signal
import shutil
import socket
import sys
import threading
import time
import traceback
from urllib.parse import unquote_to_bytes

# Seconds a request may go on after the end was announced.
GRACE = 5

FOLDER = os.path.dirname(os.path.abspath(__file__))


def main():
    # The application is not to find this file.
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != FOLDER]
    settings = json.loads(read_line())
    server = settings["server"]
    if server == "auto":
        server = "gunicorn" if importlib.util.find_spec("gunicorn") else "wsgiref"
    {"gunicorn": serve_with_gunicorn, "wsgiref": serve_with_wsgiref}[server](settings)


def read_line():
    """Reads a line, and not a byte more: the rest of the input is the lifeline."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            sys.exit(0)
        line += byte
    return line


def when_the_router_is_gone(end):
    def wait():
        while True:
            try:
                if not os.read(0, 4096):
                    break
            except OSError:
                break
        end()
        time.sleep(GRACE)
        clean_up()
        os._exit(0)

    threading.Thread(target=wait, name="wamp-router", daemon=True).start()


def clean_up():
    shutil.rmtree(FOLDER, ignore_errors=True)


def tell(settings, what):
    """Tells the router something, by a line that begins with what only it and we know."""
    sys.stdout.flush()
    os.write(1, "\n{} {}\n".format(settings["token"], " ".join(what.split())).encode(errors="replace"))


def fail(settings, why):
    tell(settings, "failed " + why)
    # To gunicorn this means: there is no use in trying it again.
    sys.exit(3)


def load(settings):
    name, attributes = settings["module"], settings["object"]
    try:
        application = importlib.import_module(name)
    except BaseException as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name in (name, name.split(".")[0])
        if not missing:
            traceback.print_exc()
        why = "the module {} can't be imported: {}: {}".format(name, type(error).__name__, error)
        if missing:
            why += "; looked for it in " + ", ".join(entry or "." for entry in sys.path)
        fail(settings, why)
    for attribute in attributes.split("."):
        try:
            application = getattr(application, attribute)
        except AttributeError:
            fail(settings, "there is no {} in the module {}".format(attributes, name))
    if not callable(application):
        fail(settings, "{} in the module {} is no WSGI application: it can't be called".format(attributes, name))
    return Application(application)


class Application:
    """The application as if the router called it itself: what the router knows of the request is in a header."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        told = json.loads(environ.pop("HTTP_X_WAMP_ROUTER", "{}"))
        if told:
            script = decoded(told["script"])
            environ["SCRIPT_NAME"] = script
            if told["bare"]:
                environ["PATH_INFO"] = ""
            environ["wsgi.url_scheme"] = told["scheme"]
            environ.pop("HTTPS", None)
            if told["scheme"] == "https":
                environ["HTTPS"] = "on"
            environ["REMOTE_ADDR"] = told["address"]
            environ["REMOTE_HOST"] = told["address"]
            environ["REMOTE_PORT"] = told["port"]
            environ["SERVER_NAME"] = told["server"]
            environ["SERVER_PORT"] = told["server_port"]
        return self.application(environ, start_response)


def decoded(path):
    # WSGI has bytes in texts.
    return unquote_to_bytes(path).decode("latin-1")


def bound(path):
    """Binds a socket that gunicorn does not have to: it would change the owner of the file, to the one it has, and a
    sandbox that forbids changing owners would end it.
    """
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    return server.detach()


def serve_with_gunicorn(settings):
    try:
        from gunicorn.app.base import BaseApplication
    except ImportError as error:
        fail(settings, "gunicorn can't be imported: {}".format(error))

    ending = os.path.join(FOLDER, "ending")

    def on_exit(master):
        # If it ends by itself, it is started again in the same folder.
        if os.path.exists(ending):
            clean_up()

    def ready(worker):
        master = os.getppid()

        def end():
            try:
                # One of the workers is enough.
                os.mkdir(ending)
                os.kill(master, signal.SIGTERM)
            except OSError:
                pass

        when_the_router_is_gone(end)
        tell(settings, "ready gunicorn")

    options = {
        "bind": "fd://{}".format(bound(settings["socket"])),
        "workers": settings["processes"],
        "worker_class": "gthread",
        "threads": settings["threads"],
        # Importing an application takes as long as it takes.
        "timeout": 300,
        "graceful_timeout": GRACE,
        # Longer than the router keeps a connection, so that no request meets one that is being closed.
        "keepalive": 75,
        "loglevel": "warning",
        # The router has checked the head already, and says itself whose request it is.
        "limit_request_line": 0,
        "limit_request_fields": 1000,
        "limit_request_field_size": 0,
        "forwarded_allow_ips": "",
        "secure_scheme_headers": {},
        "control_socket_disable": True,
        "post_worker_init": ready,
        "on_exit": on_exit,
    }

    class Gunicorn(BaseApplication):
        def load_config(self):
            for name, value in options.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self):
            return load(settings)

    Gunicorn().run()


def serve_with_wsgiref(settings):
    import concurrent.futures
    import socketserver
    import wsgiref.simple_server

    class Server(wsgiref.simple_server.WSGIServer):
        address_family = socket.AF_UNIX
        request_queue_size = 1024

        def server_bind(self):
            socketserver.TCPServer.server_bind(self)
            self.server_name, self.server_port = "localhost", 80
            self.setup_environ()

        def get_request(self):
            connection, _ = self.socket.accept()
            return connection, ("", 0)

        def process_request(self, request, client_address):
            pool.submit(self.work, request, client_address)

        def work(self, request, client_address):
            try:
                self.finish_request(request, client_address)
            except Exception:
                self.handle_error(request, client_address)
            finally:
                self.shutdown_request(request)

        def handle_error(self, request, client_address):
            # Clients may leave.
            if not isinstance(sys.exc_info()[1], ConnectionError):
                traceback.print_exc()

    class Handler(wsgiref.simple_server.WSGIRequestHandler):
        def log_message(self, format, *arguments):
            pass

    application = load(settings)
    try:
        os.unlink(settings["socket"])
    except FileNotFoundError:
        pass
    pool = concurrent.futures.ThreadPoolExecutor(settings["threads"])
    server = Server(settings["socket"], Handler)
    server.set_app(application)
    when_the_router_is_gone(server.shutdown)
    tell(settings, "ready wsgiref")
    server.serve_forever()
    pool.shutdown()
    clean_up()


main()
