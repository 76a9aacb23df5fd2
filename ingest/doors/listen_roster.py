"""Which connections are open at the listening door: by session, by terminal, and by the grid they listen to."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from ingest.doors.listen_connection import Connection
from ingest.doors.listen_grants import is_grid_alert
from ingest.store.sessions import Key


class Roster:
    def __init__(self) -> None:
        self._by_key: Final[dict[Key, Connection]] = {}
        self._by_terminal: Final[dict[int, tuple[Connection, ...]]] = {}
        self._by_grid_topic: Final[dict[str, dict[Connection, datetime | None]]] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def holder(self, key: Key) -> Connection | None:
        return self._by_key.get(key)

    def of_terminal(self, terminal: int) -> Sequence[Connection]:
        return self._by_terminal.get(terminal, ())

    def listeners(self, topic: str) -> Mapping[Connection, datetime | None]:
        """Return who listens to the alert of a grid, and which retained message (its `changed_at`) each was sent."""
        return self._by_grid_topic.get(topic, {})

    def enter(self, key: Key, connection: Connection) -> None:
        self._by_key[key] = connection
        self._by_terminal[key.terminal] = (*self.of_terminal(key.terminal), connection)

    def listen(self, connection: Connection, topic: str, sent: datetime | None) -> None:
        """Note that a connection listens to `topic` and was sent the message of `sent`."""
        self._by_grid_topic.setdefault(topic, {})[connection] = sent

    def unlisten(self, connection: Connection, patterns: Collection[str]) -> None:
        for pattern in filter(is_grid_alert, patterns):
            listeners = self._by_grid_topic.get(pattern, {})
            listeners.pop(connection, None)
            if not listeners:
                self._by_grid_topic.pop(pattern, None)

    def leave(self, key: Key, connection: Connection) -> None:
        if self._by_key.get(key) is connection:
            del self._by_key[key]
        left = tuple(other for other in self.of_terminal(key.terminal) if other is not connection)
        if left:
            self._by_terminal[key.terminal] = left
        else:
            self._by_terminal.pop(key.terminal, None)
