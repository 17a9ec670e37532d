"""The router under test, as a process on a free port."""

import asyncio
import signal


class Router:
    def __init__(self, process, url):
        self.process, self.url = process, url

    @classmethod
    async def start(cls, binary, realm):
        """Starts it and waits for its first line, which is its address."""
        process = await asyncio.create_subprocess_exec(
            binary, "--listen", "127.0.0.1:0", "--realm", realm, stdout=asyncio.subprocess.PIPE
        )
        try:
            line = await asyncio.wait_for(process.stdout.readline(), 10)
        except asyncio.TimeoutError:
            process.kill()
            raise SystemExit(f"{binary} did not say its address within 10 s") from None
        if not line:
            raise SystemExit(f"{binary} ended with {await process.wait()}")
        return cls(process, line.decode().strip())

    async def stop(self):
        """SIGINT must end it, with exit code 0."""
        self.process.send_signal(signal.SIGINT)
        try:
            code = await asyncio.wait_for(self.process.wait(), 10)
        except asyncio.TimeoutError:
            self.process.kill()
            raise SystemExit("the router did not end within 10 s of SIGINT") from None
        if code != 0:
            raise SystemExit(f"the router ended with {code} on SIGINT")
