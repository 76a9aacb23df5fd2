"""Waiting for the end: Ctrl-C, SIGTERM, or a time that was agreed."""

import asyncio
import contextlib
import signal
from types import FrameType


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


def take_sigterm_for_ctrl_c() -> None:
    """From now on SIGTERM unwinds the process as Ctrl-C does: what it has started ends, temporary folders go."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)
