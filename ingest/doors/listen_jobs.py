"""What the sessions of the listening door are asked in one transaction: one statement for each kind, not for each job.

A city that comes back asks for 20,000 sessions, then for 20,000 subscriptions. Jobs of different sessions do not depend
on each other, so they may be put together in any order; the jobs of one session keep theirs, in one wave after another.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, NamedTuple

from ingest.store import sessions as store
from ingest.store.sessions import Connection, Key, Opening, Stored

Answers = Mapping[Key, Stored]  # sessions that were living when they were opened
_NONE: Final[Answers] = {}


class Kind(Enum):
    OPEN = 1
    SUBSCRIBE = 2
    REMEMBER = 3  # a QoS 2 packet
    FORGET = 4
    LEAVE = 5
    DISCARD = 6


# Several of one session go into one statement: a terminal's QoS 2 backlog is 500 of them.
GATHERED: Final = frozenset({Kind.REMEMBER, Kind.FORGET})


class Job(NamedTuple):
    kind: Kind
    key: Key
    value: Any  # Opening, the subscriptions, a packet identifier, seconds: by kind
    done: Callable[[Stored | None], None]


Wave = dict[Kind, list[Job]]


def waves(jobs: Sequence[Job]) -> list[Wave]:
    """Cut jobs so that within a wave no session is asked for two kinds, or twice for one that is not gathered. Pure."""
    found: list[Wave] = []
    last: dict[Key, tuple[int, Kind]] = {}
    for job in jobs:
        place, kind = last.get(job.key, (-1, None))
        if kind is not job.kind or kind not in GATHERED:
            place += 1
        if place == len(found):
            found.append({})
        found[place].setdefault(job.kind, []).append(job)
        last[job.key] = (place, job.kind)
    return found


async def write(connection: Connection, wave: Wave) -> Answers:
    """Do a wave's jobs; return what was asked for of the sessions that were living."""
    answers = _NONE
    for kind, jobs in wave.items():
        answers = await _STATEMENTS[kind](connection, jobs) or answers
    return answers


async def _open(connection: Connection, jobs: Sequence[Job]) -> Answers:
    wanted: list[Opening] = [job.value for job in jobs]
    return await store.open_all(connection, wanted)


async def _subscribe(connection: Connection, jobs: Sequence[Job]) -> None:
    await store.subscribe_all(connection, {job.key: job.value for job in jobs})


async def _remember(connection: Connection, jobs: Sequence[Job]) -> None:
    await store.remember_all(connection, [(job.key, job.value) for job in jobs])


async def _forget(connection: Connection, jobs: Sequence[Job]) -> None:
    await store.forget_all(connection, [(job.key, job.value) for job in jobs])


async def _leave(connection: Connection, jobs: Sequence[Job]) -> None:
    await store.leave_all(connection, {job.key: job.value for job in jobs})


async def _discard(connection: Connection, jobs: Sequence[Job]) -> None:
    await store.discard_all(connection, [job.key for job in jobs])


_STATEMENTS: Final[Mapping[Kind, Callable[[Connection, Sequence[Job]], Awaitable[Answers | None]]]] = {
    Kind.OPEN: _open,
    Kind.SUBSCRIBE: _subscribe,
    Kind.REMEMBER: _remember,
    Kind.FORGET: _forget,
    Kind.LEAVE: _leave,
    Kind.DISCARD: _discard,
}
