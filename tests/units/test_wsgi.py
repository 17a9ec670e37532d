"""A Django site in a Python environment of its own, run by the router in its sandbox."""

import json
from pathlib import Path

from machine import Unit, blocks, bridge, eventually, get, sh, transport

SERVED = "http://127.0.0.1:8080"


def environment(folder, *packages):
    """Makes a site with its virtual environment."""
    if not Path(folder, "venv").exists():
        sh(f"mkdir -p {folder} && cp -r /test/site/. {folder} && python3 -m venv {folder}/venv")
        sh(f"{folder}/venv/bin/pip install --no-index --find-links /test/wheels {' '.join(packages)}")
    return folder


class WsgiTests(Unit):
    def site(self, folder):
        wsgi = {"type": "wsgi", "module": "mysite.wsgi", "object": "application", "python": f"{folder}/venv/bin/python"}
        pusher = {"type": "publisher", "realm": "realm1", "role": "anonymous"}
        paths = {**bridge(), "/": wsgi, "notify": pusher}
        self.serve(transport(**paths), options={"pythonpath": [folder]})

    def served_by(self):
        def page():
            found = get(f"{SERVED}/request/")
            return found if found and found[0] == 200 else None

        answer = eventually("the site answers", page)
        return json.loads(answer[1])["SERVER_SOFTWARE"]

    def test_gunicorn_serves_it(self):
        self.site(environment("/srv/site", "Django", "gunicorn"))
        self.assertIn("gunicorn", self.served_by())
        self.assertIn("<form", get(f"{SERVED}/")[1])
        # Its processes end with the router, and nothing is left of them.
        sh("systemctl restart wamp-router")
        self.assertIn("gunicorn", self.served_by())
        sh("systemctl stop wamp-router")
        self.assertNotIn("Killing process", self.journal())
        self.assertEqual(sh("pgrep --full mysite", check=False).stdout, "")

    def test_the_standard_library_serves_it(self):
        self.site(environment("/srv/plain", "Django"))
        self.assertIn("WSGIServer", self.served_by())

    def test_a_site_in_a_home_directory_takes_the_drop_in(self):
        folder = environment("/home/web/site", "Django", "gunicorn")
        sh(f"mkdir -p {folder}/media && chown wamp-router {folder}/media && chmod 755 /home/web")
        view = (
            "\ndef write(request):\n"
            "    (Path(__file__).parent.parent / 'media/new').write_text('x')\n"
            "    return JsonResponse({})\n"
        )
        views = Path(folder, "mysite/views.py")
        if view not in views.read_text():
            views.write_text(views.read_text() + view)
            urls = Path(folder, "mysite/urls.py")
            urls.write_text(urls.read_text() + '\nurlpatterns.append(path("write/", views.write))\n')
        self.drop_in(blocks("ini", after="systemd")[1])
        self.site(folder)
        self.assertIn("gunicorn", self.served_by())
        self.assertEqual(get(f"{SERVED}/write/"), (200, "{}"))
        self.assertEqual(Path(folder, "media/new").read_text(), "x")
