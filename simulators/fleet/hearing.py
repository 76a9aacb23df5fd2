"""What terminals hear: alerts, which most people acknowledge after they have read them, and receipts."""

import asyncio
import zlib
from collections.abc import Callable
from typing import Final
from uuid import UUID

import msgspec
import numpy as np

from simulators.fleet.books import Books
from simulators.fleet.events import Figures
from simulators.fleet.safety import Safety
from simulators.movement.chance import Chance, Stream
from simulators.scenario.model import Handsets


class _Alert(msgspec.Struct):
    alert: UUID
    version: int
    acknowledge: bool = True  # whether an answer is wanted


class _Receipt(msgspec.Struct):
    id: int


_alert: Final = msgspec.json.Decoder(_Alert)
_receipt: Final = msgspec.json.Decoder(_Receipt)


class Hearing:
    """`answer` sends an acknowledgement for a terminal, by its number in the share; `first` is the share's begin."""

    def __init__(
        self,
        *,
        counts: Figures,
        books: Books,
        safety: Safety | None,
        chance: Chance,
        handsets: Handsets,
        first: int,
        answer: Callable[[int, bytes], None],
    ) -> None:
        self._counts: Final = counts
        self._books: Final = books
        self._safety: Final = safety
        self._chance: Final = chance
        self._handsets: Final = handsets
        self._first: Final = first
        self._answer: Final = answer
        self._answered: Final[set[tuple[int, UUID, int]]] = set()
        self._receipts: Final[dict[int, int]] = {}  # asked for: first row of the message, and how many fixes

    def expect(self, row: int, fixes: int) -> None:
        """A receipt was asked for under the message's first row."""
        self._receipts[row] = fixes

    def hear(self, who: int, topic: str, payload: bytes) -> None:
        if topic.endswith("/stored"):
            self._take_receipt(payload)
        elif topic.endswith("/alert"):
            self._take_alert(who, payload)

    def _take_receipt(self, payload: bytes) -> None:
        try:
            row = _receipt.decode(payload).id
        except msgspec.MsgspecError:
            return
        fixes = self._receipts.pop(row, 0)  # a repeated message is receipted again
        if fixes:
            self._counts.receipted += fixes
            self._books.receipt(row, fixes)
            if self._safety is not None:
                self._safety.receipted(row)

    def _take_alert(self, who: int, payload: bytes) -> None:
        self._counts.alerts_heard += 1
        try:
            alert = _alert.decode(payload)
        except msgspec.MsgspecError:
            return
        key = (who, alert.alert, alert.version)
        person = np.array([who + self._first], np.int64)
        occasion = zlib.crc32(alert.alert.bytes) + alert.version
        share = float(self._chance.uniform(Stream.ANSWER, person, occasion)[0])
        if not alert.acknowledge or key in self._answered or share >= self._handsets.acknowledge_share:
            return
        self._answered.add(key)
        soonest_s, latest_s = self._handsets.acknowledge_s
        delay_s = float(self._chance.between(soonest_s, latest_s, Stream.ANSWER_DELAY, person, occasion)[0])
        asyncio.get_running_loop().call_later(delay_s, self._acknowledge, who, alert)

    def _acknowledge(self, who: int, alert: _Alert) -> None:
        self._counts.alerts_answered += 1
        self._answer(who, msgspec.json.encode({"alert": alert.alert, "version": alert.version}))
