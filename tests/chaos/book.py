"""The book of a run: every fix that was published, and what came back for it. No I/O."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.messages import Message

Fix = tuple[int, int]  # terminal, fix time (epoch ms)
Report = tuple[int, int, int]  # terminal, number of the message, place in it


@dataclass(slots=True)
class Book:
    published: set[Fix] = field(default_factory=set[Fix])  # to be stored
    acknowledged: set[Fix] = field(default_factory=set[Fix])
    asked: set[Fix] = field(default_factory=set[Fix])  # for a receipt
    receipted: set[Fix] = field(default_factory=set[Fix])
    spoilt: dict[Report, str] = field(default_factory=dict[Report, str])  # to be refused, for this reason
    settled_spoilt: dict[Report, str] = field(default_factory=dict[Report, str])  # acknowledged or receipted
    receipted_spoilt: set[Report] = field(default_factory=set[Report])
    asked_spoilt: set[Report] = field(default_factory=set[Report])
    wrong: list[str] = field(default_factory=list[str])  # receipts that say what is not so
    counts: Counter[str] = field(default_factory=Counter[str])

    def publish(self, terminal: int, message: Message, *, asks: bool) -> None:
        fixes = {(terminal, at_ms) for at_ms in message.fixes}
        spoilt = {(terminal, message.number, place): reason for place, reason in message.refused}
        self.published |= fixes
        self.spoilt |= spoilt
        if asks:
            self.asked |= fixes
            self.asked_spoilt |= spoilt.keys()
        self.counts["messages"] += 1
        self.counts["repeated on purpose"] += message.is_repeat

    def acknowledge(self, terminal: int, message: Message) -> None:
        self.acknowledged.update((terminal, at_ms) for at_ms in message.fixes)

    def settle_spoilt(self, terminal: int, message: Message) -> None:
        """From here on the database must have counted what it refused of the message."""
        self.settled_spoilt |= {(terminal, message.number, place): reason for place, reason in message.refused}

    def receipt(self, terminal: int, message: Message, said: dict[str, Any]) -> None:
        """Take a receipt; one that does not account for each report of the message exactly is wrong."""
        refused = tuple((each["index"], each["reason"]) for each in said["refused"])
        if said["stored"] + said["duplicate"] != len(message.fixes) or refused != message.refused:
            self.wrong.append(f"terminal {terminal}, message {message.number}: {said}, expected {message.refused}")
            return
        self.receipted.update((terminal, at_ms) for at_ms in message.fixes)
        self.receipted_spoilt.update((terminal, message.number, place) for place, _ in message.refused)
        self.settle_spoilt(terminal, message)
