"""`python -m benchmarks.storm_server DSN PORT`: ingest, whole, listening in a process of its own until it is ended.

Log lines go to standard output; the one word on standard error says that the door is open.
"""

import sys

import uvloop

from ingest.program import Listen, run
from tracker.bus.local import LocalBus


def say_ready() -> None:
    print("ready", file=sys.stderr, flush=True)


async def serve(dsn: str, port: int) -> None:
    await run(dsn=dsn, bus=LocalBus(), listen=Listen(host="127.0.0.1", port=port), ready=say_ready)


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], int(sys.argv[2])))
