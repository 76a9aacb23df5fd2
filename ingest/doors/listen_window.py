"""The QoS 1 messages sent to one terminal and not acknowledged yet. Pure.

A row of table downlink always travels under the same packet identifier, made from the row's number: so it is repeated
under the identifier that it had (4.4), whichever connection or process repeats it, and nothing about it is stored.
"""

from typing import Final

LARGEST_ID: Final = 65_535
NO_ROW: Final = 0  # a receipt or a retained message: nothing in the table waits for its PUBACK


def packet_id_of(row: int) -> int:
    return (row - 1) % LARGEST_ID + 1


class Window:
    """At most `limit` messages in flight: the peer's receive maximum, or ours if that is smaller."""

    __slots__ = ("_in_flight", "_last", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit: Final = limit
        self._in_flight: dict[int, int] = {}  # packet identifier -> row
        self._last = 0

    def __len__(self) -> int:
        return len(self._in_flight)

    def holds(self, row: int) -> bool:
        return self._in_flight.get(packet_id_of(row)) == row

    def has_room_for(self, row: int) -> bool:
        return len(self._in_flight) < self._limit and packet_id_of(row) not in self._in_flight

    def open_row(self, row: int) -> int:
        """Return the packet identifier of `row`; ask `has_room_for` first."""
        packet_id = packet_id_of(row)
        self._in_flight[packet_id] = row
        return packet_id

    def open(self) -> int:
        """Return a packet identifier for what is in no table, 0 when there is no room."""
        if len(self._in_flight) >= self._limit:
            return 0
        packet_id = self._last % LARGEST_ID + 1
        while packet_id in self._in_flight:
            packet_id = packet_id % LARGEST_ID + 1
        self._last = packet_id
        self._in_flight[packet_id] = NO_ROW
        return packet_id

    def close(self, packet_id: int) -> int | None:
        """Return the row that was acknowledged, NO_ROW for what is in no table, None for nothing of ours."""
        return self._in_flight.pop(packet_id, None)
