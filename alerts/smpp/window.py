"""The submissions of one connection: those that wait, those in flight, those whose answer is overdue.

Every segment that comes in gets an Answer: from the centre, from the clock, or when the connection ends.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from alerts.core.pace import Pace
from alerts.core.verdicts import Answer, Verdict
from alerts.smpp.batches import Batch, Job, Tag
from alerts.smpp.commands import Command, Status, status_name
from alerts.smpp.gateway import Gateway
from alerts.smpp.pdus import HEADER, ProtocolError, read_message_id
from alerts.smpp.verdicts import verdict

_LEFT: Final = frozenset({Verdict.TAKEN, Verdict.LOST})
MOST_OVERDUE: Final = 10_000  # answers that may still come late


class Window:
    """`numbers` are the connection's sequence numbers; `late` is told of what was taken after its time-out."""

    def __init__(
        self, gateway: Gateway, *, numbers: Iterator[int], late: Callable[[Tag, str], None], now_s: float
    ) -> None:
        self._size = gateway.window
        self._timing = gateway.timing
        self._numbers = numbers
        self._late = late
        self._pace = Pace.full(gateway.rate_per_s, at_s=now_s)
        self._waiting: deque[Job] = deque()
        self._in_flight: dict[int, Job] = {}
        self._overdue: dict[int, Job] = {}

    @property
    def per_s(self) -> float:
        return self._pace.per_s

    @property
    def in_flight(self) -> int:
        return len(self._in_flight)

    def add(self, segments: Sequence[tuple[Tag, bytes]], *, now_s: float) -> Batch:
        batch = Batch(len(segments))
        for index, (tag, body) in enumerate(segments):
            self._waiting.append(Job(tag, body, batch, index, now_s))
        return batch

    def leaving(self, *, now_s: float) -> tuple[bytes, float | None]:
        """Return the PDUs that may leave now, and in how many seconds to ask again (None: when an answer came)."""
        want = min(self._size - len(self._in_flight), len(self._waiting))
        if want <= 0:
            return b"", None
        self._pace, granted = self._pace.take(want, at_s=now_s)
        octets: list[bytes] = []
        for _ in range(granted):
            job, sequence = self._waiting.popleft(), next(self._numbers)
            job.left_s = now_s
            self._in_flight[sequence] = job
            octets += (HEADER.pack(HEADER.size + len(job.body), Command.SUBMIT_SM, 0, sequence), job.body)
        return b"".join(octets), max(0.001, self._pace.wait_s(at_s=now_s)) if granted < want else None

    def answered(self, sequence: int, status: int, body: bytes, *, now_s: float) -> Verdict | None:
        """Take a submit_sm_resp; return what it means, None for one that nobody waits for. Raises ProtocolError."""
        job = self._in_flight.pop(sequence, None)
        if job is None:
            late = self._overdue.pop(sequence, None)
            if late is not None and status == Status.ESME_ROK:
                self._late(late.tag, read_message_id(body))
            return None
        found = verdict(status)
        if found is Verdict.TAKEN:
            job.answer(_taken(job, body))
        elif found is Verdict.SLOWER:
            self._pace = self._pace.throttled(at_s=now_s)
            if now_s - job.came_s < self._timing.throttled_s:
                self._waiting.appendleft(job)
            else:
                job.answer(Answer(found, detail=status_name(status)))
        else:
            job.answer(Answer(found, detail=status_name(status)))
        return found

    def refused(self, sequence: int, detail: str) -> None:
        """Take a generic_nack."""
        job = self._in_flight.pop(sequence, None)
        if job is not None:
            job.answer(Answer(Verdict.REFUSED, detail=detail))

    def look(self, *, now_s: float) -> None:
        """Time out answers, and put back what waits for its turn too long."""
        timing = self._timing
        over = itertools.takewhile(lambda each: now_s - each[1].left_s > timing.answer_s, self._in_flight.items())
        for sequence, job in list(over):
            del self._in_flight[sequence]
            self._overdue[sequence] = job
            job.answer(Answer(Verdict.LOST, detail=f"no answer in {timing.answer_s:g} s"))
        while len(self._overdue) > MOST_OVERDUE:
            del self._overdue[next(iter(self._overdue))]
        self._put_back(now_s)

    def _put_back(self, now_s: float) -> None:
        """Answer for messages that wait too long; one of which a part has left goes on, else it would leave twice."""
        begun: list[Job] = []
        while self._waiting and now_s - self._waiting[0].came_s > self._timing.waiting_s:
            job = self._waiting.popleft()
            if self._has_begun(job):
                begun.append(job)
            else:
                job.answer(Answer(Verdict.LATER, detail="the centre is slower than its agreed rate"))
        self._waiting.extendleft(reversed(begun))

    def _has_begun(self, job: Job) -> bool:
        first = job.index - (job.tag.part - 1)
        message = range(first, first + job.tag.parts)
        answers = (job.batch.answers[index] for index in message)
        return any(answer is not None and answer.verdict in _LEFT for answer in answers) or any(
            other.batch is job.batch and other.index in message for other in self._in_flight.values()
        )

    def give_up_waiting(self, why: str) -> None:
        """Answer for what never left."""
        while self._waiting:
            self._waiting.popleft().answer(Answer(Verdict.LATER, detail=why))

    def end(self, reason: str) -> None:
        """Answer for everything: nobody knows what became of what is in flight."""
        self.give_up_waiting(f"the connection ended before it left: {reason}")
        for job in self._in_flight.values():
            job.answer(Answer(Verdict.LOST, detail=f"the connection ended before the answer: {reason}"))
        self._in_flight.clear()


def _taken(job: Job, body: bytes) -> Answer:
    try:
        return Answer(Verdict.TAKEN, operator_id=read_message_id(body))
    except ProtocolError as broken:
        job.answer(Answer(Verdict.LOST, detail=str(broken)))
        raise
