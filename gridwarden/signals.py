"""Waiting for the end: Ctrl-C, SIGTERM, or a time that was agreed."""

import asyncio
import contextlib
import signal


async def until_stopped(for_s: float | None) -> None:
    """Return on SIGINT or SIGTERM, or after `for_s` seconds. A second signal ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop_once() -> None:
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop_once)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(for_s):
            await stop.wait()
