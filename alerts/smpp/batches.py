"""Segments on their way: handed over together, answered one by one, awaited once."""

import asyncio
from typing import NamedTuple

from alerts.core.verdicts import Answer


class Tag(NamedTuple):
    """Whose segment it is."""

    delivery: int
    attempt: int
    part: int
    parts: int
    destination: str


class Batch:
    """Segments that were handed over together; `done` is set when each has its answer."""

    __slots__ = ("_left", "answers", "done")

    def __init__(self, size: int) -> None:
        self._left = size
        self.answers: list[Answer | None] = [None] * size
        self.done = asyncio.Event()
        if not size:
            self.done.set()

    def answer(self, index: int, answer: Answer) -> None:
        if self.answers[index] is None:
            self.answers[index] = answer
            self._left -= 1
            if not self._left:
                self.done.set()


class Job:
    __slots__ = ("batch", "body", "came_s", "index", "left_s", "tag")

    def __init__(self, tag: Tag, body: bytes, batch: Batch, index: int, now_s: float) -> None:
        self.tag = tag
        self.body = body
        self.batch = batch
        self.index = index
        self.came_s = now_s
        self.left_s = now_s

    def answer(self, answer: Answer) -> None:
        self.batch.answer(self.index, answer)
