"""Tries what the sandbox of a unit forbids, from inside, and prints how that ended."""

import ctypes
import errno
import json
import os
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)


def attempt(work):
    try:
        work()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "ok"


def called(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), "")


def executable_memory():
    libc.mmap.restype = ctypes.c_ssize_t
    called(libc.mmap(None, ctypes.c_size_t(4096), 7, 0x22, -1, ctypes.c_ssize_t(0)))


def own_file(change):
    path = "/tmp/own"
    open(path, "w").close()
    change(path)


attempts = {
    "write": lambda: open("/srv/open/new", "w").close(),
    "write to /proc": lambda: open("/proc/sys/kernel/hostname", "w").close(),
    "home": lambda: os.listdir("/home/somebody"),
    "packets": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "namespace": lambda: called(libc.unshare(0x10000000)),
    "executable memory": executable_memory,
    "personality": lambda: called(libc.personality(0x0040000)),
    "real time": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    "set-user-id": lambda: own_file(lambda path: os.chmod(path, 0o4755)),
    "host name": lambda: socket.sethostname("other"),
    "state": lambda: open(os.environ["STATE_DIRECTORY"] + "/probe", "w").close(),
}
status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines())
json.dump(
    {
        "attempts": {name: attempt(work) for name, work in attempts.items()},
        "user": os.getuid(),
        "capabilities": int(status["CapEff"], 16) | int(status["CapBnd"], 16),
        "no new privileges": status["NoNewPrivs"],
        "seccomp": status["Seccomp"],
        "devices": sorted(os.listdir("/dev")),
        "first process": os.path.exists("/proc/1"),
        "memory of the machine": os.path.exists("/proc/meminfo"),
    },
    open(sys.argv[1], "w"),
)
