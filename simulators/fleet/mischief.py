"""Firmware that does what it must not: which terminals have it, which fault each has, and the fault itself.

What must be refused is marked so in the ledger: the database must not hold it.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from ingest.mqtt import packets
from simulators import ledger
from simulators.fleet.books import flagged
from simulators.fleet.post import AGAIN, ON_PURPOSE, Post
from simulators.fleet.wording import Slice, later
from simulators.ledger import PUBLISHED
from simulators.movement.chance import Chance
from simulators.scenario.model import Fault, Misbehaviour
from simulators.terminals.session import ASIDE_ID, Session

_SHARE: Final = 201  # streams of chance that no movement draws from
_KIND: Final = 202
_FUTURE_S: Final = 86_400
_PADDING: Final = b"x" * (300 * 1024)  # a payload holds at most 256 KiB
_NEEDS_OWN: Final = frozenset({"half_packet", "subscribe_all", "wrong_secret", "foreign_topic"})


class Mischief:
    """Chooses among the share's first `own` terminals for what needs a connection of its own, else among all."""

    def __init__(self, said: Misbehaviour, *, chance: Chance, first: int, post: Post) -> None:
        self._post: Final = post
        self._every_s: Final = said.every_s
        self._factor: Final = max(1, round(said.flood_factor))
        self._next_s: Final[dict[int, float]] = {}
        self.kinds: Final = _chosen(said, chance, first, len(post.credentials), post.own)
        post.silence.outcasts.update(self.kinds)
        post.strangers.update(who for who, kind in self.kinds.items() if kind == "wrong_secret")

    def commit(self, said: Slice, at: int) -> bool:
        """Do it when it is time for it; True when the fix itself is not to be said any more. Needs room to send."""
        who = said.who[at]
        kind, post = self.kinds[who], self._post
        if kind == "wrong_secret":
            return True
        if not post.sessions[who].has_room:
            return False
        if kind == "flood":
            self._flood(said, at)
            return False
        if said.due_s[at] < self._next_s.get(who, 0.0):
            return False
        self._next_s[who] = said.due_s[at] + self._every_s
        return self._commit(kind, said, at)

    def _commit(self, kind: Fault, said: Slice, at: int) -> bool:
        post, who, fix = self._post, said.who[at], said.text(at)
        session, row = post.sessions[who], flagged(said.row(at), ledger.TO_BE_REFUSED)
        match kind:
            case "repeated":
                post.counts.due += 1
                post.send(who, fix, said.row(at))
                post.send(who, fix, flagged(said.row(at), ledger.REPEATED), mark=AGAIN)
            case "broken_json":
                post.send(who, fix[: len(fix) // 2], row, mark=ON_PURPOSE)
            case "future":
                post.send(who, later(fix, _FUTURE_S * 1000), _later(row, _FUTURE_S * 1000), mark=ON_PURPOSE)
            case "oversized":
                post.send(who, b'%b,"pad":"%b"}' % (fix[:-1], _PADDING), row, mark=ON_PURPOSE)
            case "foreign_topic":
                self._write_for_another(who, session, fix, row)
            case "half_packet":
                self._stop_half_way(session, fix, row)
            case _:
                session.send(packets.Subscribe(packet_id=ASIDE_ID, subscriptions=(packets.Subscription("#"),)))
        return kind != "subscribe_all"

    def _write_for_another(self, who: int, session: Session, fix: bytes, row: bytes) -> None:
        post = self._post
        other = (who + 1) % len(post.credentials)
        columns = np.frombuffer(row, PUBLISHED).copy()
        columns["terminal"] += other - who
        post.counts.messages += 1
        post.counts.on_purpose += 1
        session.publish(post.topics_pos[other], fix, post.books.enter(columns.tobytes()), 1, ON_PURPOSE)

    def _stop_half_way(self, session: Session, fix: bytes, row: bytes) -> None:
        self._post.books.enter(row)
        self._post.counts.on_purpose += 1
        session.write(b"\x32\xff\x01\x00\x20gw/v1/t/" + fix[: len(fix) // 2])
        self._post.break_off(session)

    def _flood(self, said: Slice, at: int) -> None:
        """Say the same place many times, each a millisecond later: fixes like any other, to be stored."""
        post, who = self._post, said.who[at]
        for more in range(1, self._factor):
            post.counts.due += 1
            fix, row = later(said.text(at), more), _later(said.row(at), more)
            if post.sessions[who].has_room:
                post.send(who, fix, row)
            else:
                post.keep(who, fix, row)


def _later(row: bytes, ms: int) -> bytes:
    columns = np.frombuffer(row, PUBLISHED).copy()
    columns["said_ms"] += ms
    return columns.tobytes()


def _chosen(said: Misbehaviour, chance: Chance, first: int, count: int, own: int) -> dict[int, Fault]:
    if not said.share:
        return {}
    who = np.arange(first, first + count, dtype=np.int64)
    chosen: Sequence[int] = np.flatnonzero(chance.uniform(_SHARE, who) < said.share).tolist()
    draw = chance.uniform(_KIND, who)
    kinds: dict[int, Fault] = {at: said.kinds[int(draw[at] * len(said.kinds))] for at in chosen}
    return {at: kind for at, kind in kinds.items() if at < own or kind not in _NEEDS_OWN}
