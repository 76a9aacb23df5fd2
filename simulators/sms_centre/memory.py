"""What a centre remembers of the messages it took, up to a bound: the oldest are forgotten first."""

from collections import deque
from collections.abc import Hashable, Iterator
from typing import Final

from simulators.sms_centre.pdus import ShortMessage
from simulators.sms_centre.records import Submission
from simulators.sms_centre.segments import Part, Whole


class _Known:
    """How often a content was submitted to a number."""

    __slots__ = ("taken", "tries")

    def __init__(self) -> None:
        self.tries = self.taken = 0


class Memory:
    """`keep` bounds each of: submissions, wholes, and contents that a repetition is known by."""

    def __init__(self, keep: int) -> None:
        self._keep: Final = keep
        self._known: Final[dict[Hashable, _Known]] = {}
        self._newest_whole: Final[dict[Hashable, Whole]] = {}
        self.submissions: Final[dict[str, Submission]] = {}
        self.wholes: Final[deque[Whole]] = deque(maxlen=keep)

    def count_try(self, number: str, content: bytes) -> int:
        """Count one more try, return how many there were before."""
        known = self._known.get((number, content))
        if known is None:
            if len(self._known) >= self._keep:
                del self._known[next(iter(self._known))]
            known = self._known[number, content] = _Known()
        known.tries += 1
        return known.tries - 1

    def count_taken(self, number: str, content: bytes) -> bool:
        """Count a content as taken; return whether it had been before. `count_try` comes first."""
        known = self._known[number, content]
        known.taken += 1
        return known.taken > 1

    def add(self, submission: Submission) -> None:
        if len(self.submissions) >= self._keep:
            del self.submissions[next(iter(self.submissions))]
        self.submissions[submission.id] = submission

    def whole_of(self, message: ShortMessage, part: Part | None, payload: bytes, *, id: str, now_s: float) -> Whole:  # noqa: A002 - the standard's word
        """Put a part where it belongs and return the whole. A part that came before changes nothing."""
        number, total = (1, 1) if part is None else (part.number, part.total)
        if part is None:
            return self._new_whole(message, total, number, payload, id=id, now_s=now_s)
        key = (message.source, message.destination, part.reference, total, part.width)
        whole = self._newest_whole.get(key)
        if whole is None or whole.payloads.get(number, payload) != payload:  # the reference is used anew
            whole = self._new_whole(message, total, number, payload, id=id, now_s=now_s)
            if len(self._newest_whole) >= self._keep:
                del self._newest_whole[next(iter(self._newest_whole))]
            self._newest_whole[key] = whole
        whole.payloads[number] = payload
        whole.ids_by_part.setdefault(number, id)
        return whole

    def under_way(self, *, system_id: str, source: str, destination: str) -> Iterator[Submission]:
        """Yield what is not done yet from one address to another."""
        for each in self.submissions.values():
            message = each.message
            if each.system_id == system_id and (message.source, message.destination) == (source, destination):
                yield each

    def _new_whole(
        self,
        message: ShortMessage,
        total: int,
        number: int,
        payload: bytes,
        *,
        id: str,  # noqa: A002
        now_s: float,
    ) -> Whole:
        whole = Whole(message.source, message.destination, message.data_coding, total, now_s)
        whole.payloads[number] = payload
        whole.ids_by_part[number] = id
        self.wholes.append(whole)
        return whole
