"""The router under test, as a process on a free port."""

import asyncio
import signal


class Router:
    name, title, realm = "ours", "wamp-router", "realm1"

    def __init__(self, process, addresses):
        self.process = process
        self.addresses = addresses  # in the order of its listeners
        self.urls = {address.partition(":")[0]: address for address in addresses}  # by scheme: "ws" and "rs"
        # Where, and as whom, one joins to get another authrole: interop_router knows it.
        self.operator = self.urls.get("rs"), {"authid": "operator"}

    @classmethod
    async def start(cls, binary, *arguments, addresses=2):
        """Starts it and waits for its first lines, which are its addresses."""
        process = await asyncio.create_subprocess_exec(binary, *arguments, stdout=asyncio.subprocess.PIPE)
        said = []
        while len(said) < addresses:
            try:
                line = await asyncio.wait_for(process.stdout.readline(), 10)
            except asyncio.TimeoutError:
                process.kill()
                raise SystemExit(f"{binary} did not say its addresses within 10 s") from None
            if not line:
                raise SystemExit(f"{binary} ended with {await process.wait()}")
            said.append(line.decode().strip())
        return cls(process, said)

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
