import hashlib
import json
import time
import urllib.request
from pathlib import Path

from django.contrib import messages
from django.http import JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt

GO_ON = Path(__file__).parent.parent / "go-on"


def guestbook(request):
    """A form, a session, a message; and everybody who looks at the page is told of what was posted."""
    if request.method == "POST":
        names = [*request.session.get("names", []), request.POST["name"]]
        request.session["names"] = names
        messages.success(request, "Thank you!")
        notify(request, "com.example.guest", names[-1])
        return redirect("guestbook")
    return render(request, "guestbook.html", {"names": request.session.get("names", [])})


def notify(request, topic, *args):
    """Publishes by the HTTP bridge, as Django sites beside Crossbar.io do."""
    event = json.dumps({"topic": topic, "args": args}).encode()
    url = request.build_absolute_uri("/notify")
    urllib.request.urlopen(urllib.request.Request(url, event, {"Content-Type": "application/json"})).close()


@csrf_exempt
def upload(request):
    file = request.FILES["file"]
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return JsonResponse({"name": file.name, "size": file.size, "sha256": digest.hexdigest()})


def request(request):
    names = ["REMOTE_ADDR", "SCRIPT_NAME", "PATH_INFO", "SERVER_PORT", "SERVER_SOFTWARE"]
    return JsonResponse(
        {"url": request.build_absolute_uri(), **{name: request.META.get(name) for name in names}}
    )


def events(request):
    """Server-sent events: the second comes when the test has seen the first."""

    def stream():
        yield "data: 1\n\n"
        while not GO_ON.exists():
            time.sleep(0.01)
        yield "data: 2\n\n"

    return StreamingHttpResponse(stream(), content_type="text/event-stream")
