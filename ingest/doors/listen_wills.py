"""Last wills: published as packets when a connection was lost, at once or after the delay that the will asks for."""

import asyncio
from collections import Counter
from typing import Final, NamedTuple

from ingest.doors.listen_connection import Connection
from ingest.mqtt.packets import Will
from ingest.store.sessions import Key

MOST_OF_A_TERMINAL: Final = 4  # that wait; the others are published at once, or a new client id a second fills us up


class _Late(NamedTuple):
    timer: asyncio.TimerHandle
    connection: Connection
    will: Will


class Wills:
    def __init__(self) -> None:
        self._late: Final[dict[Key, _Late]] = {}
        self._of_terminal: Final[Counter[int]] = Counter()

    def lost(self, key: Key, connection: Connection, will: Will, *, expiry_s: int) -> None:
        """Publish, or wait for the shorter of the will's delay and the session's expiry (3.1.3.2.2)."""
        delay_s = min(will.properties.will_delay_s or 0, expiry_s)
        if not delay_s or self._of_terminal.get(key.terminal, 0) >= MOST_OF_A_TERMINAL:
            connection.put_will(will)
            return
        timer = asyncio.get_running_loop().call_later(delay_s, self._publish, key)
        self._late[key] = _Late(timer, connection, will)
        self._of_terminal[key.terminal] += 1

    def returned(self, key: Key, *, is_anew: bool) -> None:
        """The peer is back: its will is dropped, or published when its old session ends now."""
        late = self._take(key)
        if late is None:
            return
        late.timer.cancel()
        if is_anew:
            late.connection.put_will(late.will)

    def drop_all(self) -> None:
        for late in self._late.values():
            late.timer.cancel()
        self._late.clear()
        self._of_terminal.clear()

    def _publish(self, key: Key) -> None:
        late = self._take(key)
        if late is not None:
            late.connection.put_will(late.will)

    def _take(self, key: Key) -> _Late | None:
        late = self._late.pop(key, None)
        if late is not None:
            self._of_terminal[key.terminal] -= 1
            if not self._of_terminal[key.terminal]:
                del self._of_terminal[key.terminal]
        return late
