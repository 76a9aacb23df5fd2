"""The window of one connection: what is put back when the centre is slow, and what goes on."""

import itertools
from dataclasses import replace

from alerts.core.verdicts import Verdict
from alerts.smpp.batches import Batch, Tag
from alerts.smpp.commands import Status
from alerts.smpp.gateway import Gateway, Timing
from alerts.smpp.window import Window

GATEWAY = Gateway(
    name="operator",
    host="127.0.0.1",
    system_id="gridwarden",
    password="secret",
    rate_per_s=10.0,
    window=2,
    timing=replace(Timing(), waiting_s=5.0, answer_s=100.0),
)
LATE_S = 6.0


def a_window() -> Window:
    return Window(GATEWAY, numbers=itertools.count(1), late=lambda _tag, _id: None, now_s=0.0)


def parts(delivery: int, count: int) -> list[tuple[Tag, bytes]]:
    return [(Tag(delivery, 1, part, count, "+86138"), b"") for part in range(1, count + 1)]


def verdicts(batch: Batch) -> list[Verdict | None]:
    return [None if answer is None else answer.verdict for answer in batch.answers]


def test_a_message_of_which_a_part_is_in_flight_is_not_put_back() -> None:
    window = a_window()
    batch = window.add([*parts(1, 3), *parts(2, 3)], now_s=0.0)
    window.leaving(now_s=0.0)  # one token: part 1 of the first
    window.look(now_s=LATE_S)
    assert verdicts(batch) == [None, None, None, *[Verdict.LATER] * 3]


def test_a_message_of_which_a_part_was_taken_is_not_put_back() -> None:
    window = a_window()
    batch = window.add([*parts(1, 2), *parts(2, 1)], now_s=0.0)
    window.leaving(now_s=0.0)
    window.answered(1, Status.ESME_ROK, b"id\0", now_s=0.1)
    window.look(now_s=LATE_S)
    assert verdicts(batch) == [Verdict.TAKEN, None, Verdict.LATER]
    window.leaving(now_s=LATE_S)
    window.answered(2, Status.ESME_ROK, b"id2\0", now_s=LATE_S)
    assert verdicts(batch) == [Verdict.TAKEN, Verdict.TAKEN, Verdict.LATER]
    assert batch.done.is_set()


def test_a_message_of_which_nothing_has_left_is_put_back_whole() -> None:
    window = a_window()
    batch = window.add(parts(1, 3), now_s=0.0)
    window.look(now_s=LATE_S)
    assert verdicts(batch) == [Verdict.LATER] * 3
