"""Opens the connections of many terminals at a bounded rate, and opens them again, with back-off and jitter.

A server that comes back after an outage meets a city: exponential back-off keeps the load falling while it is away,
jitter spreads the return, the rate bounds what remains.
"""

import asyncio
import heapq
import itertools
import random
import socket
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from simulators.terminals.terminal import Terminal

_WORKERS: Final = 16  # connections being opened at once
_OPEN_S: Final = 10.0
_FIRST_S: Final = 1.0
_LONGEST_S: Final = 60.0
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_QUIET_S: Final = 30.0  # the same kind of trouble is said once in this time


class AddressError(Exception):
    """The address is none of an MQTT server."""


def parse_address(url: str, *, schemes: tuple[str, ...] = ("mqtt",)) -> tuple[str, int]:
    """Return (host, port) of mqtt://host[:port], or of mqtts:// where `schemes` say so. Raises AddressError."""
    wanted = " or ".join(f"{scheme}://host:port" for scheme in schemes)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise AddressError(f"{url}: {error}; wanted {wanted}") from error
    if parts.scheme not in schemes or not host:
        raise AddressError(f"{url} is no address of an MQTT server; wanted {wanted}")
    return host, port


class Connector:
    """`say` hears what goes wrong, at most once in a while; terminals are added by `want`."""

    def __init__(
        self, host: str, port: int, *, rate_per_s: float, chance: random.Random, say: Callable[[str], None]
    ) -> None:
        self._host: Final = host
        self._port: Final = port
        self._gap_s: Final = 1.0 / rate_per_s
        self._chance: Final = chance
        self._say: Final = say
        self._said_at = float("-inf")
        self._numbers: Final = itertools.count()  # of equals in the heap, the first come goes first
        self._wanted: Final[list[tuple[float, int, Terminal]]] = []
        self._woken: Final = asyncio.Event()
        self._ready: Final[asyncio.Queue[Terminal]] = asyncio.Queue(_WORKERS)  # full: the pacer waits

    def want(self, terminal: Terminal, *, delay_s: float = 0.0) -> None:
        """Ask for a connection, no sooner than in `delay_s` seconds."""
        due_s = asyncio.get_running_loop().time() + delay_s
        heapq.heappush(self._wanted, (due_s, next(self._numbers), terminal))
        self._woken.set()

    def want_again(self, terminal: Terminal, why: str) -> None:
        """Ask for another connection after one failed or ended, with back-off."""
        now = asyncio.get_running_loop().time()
        if now - self._said_at > _QUIET_S:
            self._said_at = now
            self._say(f"mqtt://{self._host}:{self._port}, terminal {terminal.credential.terminal}: {why}; trying again")
        longest_s = min(_LONGEST_S, _FIRST_S * 2.0 ** min(terminal.failures, 10))
        terminal.failures += 1
        self.want(terminal, delay_s=longest_s * self._chance.uniform(0.5, 1.0))

    async def run(self) -> None:
        """Open what is wanted until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pace(), name="connections' pace")
            for number in range(_WORKERS):
                group.create_task(self._open_for_ever(), name=f"connections {number}")

    async def _pace(self) -> None:
        loop = asyncio.get_running_loop()
        next_s = loop.time()
        while True:
            await self._wait_for_due()
            next_s = max(next_s + self._gap_s, loop.time())
            await self._ready.put(heapq.heappop(self._wanted)[2])
            await asyncio.sleep(next_s - loop.time())

    async def _wait_for_due(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._wanted or self._wanted[0][0] > loop.time():
            self._woken.clear()
            wait_s = self._wanted[0][0] - loop.time() if self._wanted else None
            try:
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()
            except TimeoutError:
                return

    async def _open_for_ever(self) -> None:
        while True:
            await self._open(await self._ready.get())

    async def _open(self, terminal: Terminal) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_OPEN_S):
                transport, _ = await loop.create_connection(terminal.new_link, self._host, self._port)
        except TimeoutError:
            self.want_again(terminal, f"no connection within {_OPEN_S:.0f} s")
            return
        except OSError as error:
            self.want_again(terminal, error.strerror or str(error))
            return
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
