"""Who is connected, and who is to be: handsets switched on and off, signals lost and found, networks that break off."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

from simulators.fleet.post import Post
from simulators.movement.chance import Chance, Floats
from simulators.movement.handsets import Booleans
from simulators.scenario.events import Disconnect, Event

_LEAVING: Final = 203  # streams of chance that no movement draws from
_BREAKING: Final = 204


class Presence:
    """`special` are the terminals for which not simply a fix is sent: off, without signal, or among the `faulty`."""

    def __init__(
        self, *, post: Post, faulty: Collection[int], chance: Chance, first: int, events: Sequence[Event]
    ) -> None:
        self.special: Final[set[int]] = set(faulty)
        self._post: Final = post
        self._faulty: Final = faulty
        self._chance: Final = chance
        self._first: Final = first
        self._events: Final = events

    def begin(self, *, start_s: float, is_on: Booleans, arrival_s: Floats) -> None:
        """Ask for the connections: gateways at once, terminals when they are first switched on."""
        post, are_on = self._post, is_on.tolist()
        for session in post.gateways:
            post.dialler.want(session, 0.0)
        for who in range(post.own):
            if are_on[who]:
                post.dialler.want(post.sessions[who], start_s + float(arrival_s[who]))
            else:
                self.special.add(who)
        loop = asyncio.get_running_loop()
        for number, event in enumerate(self._events):
            if isinstance(event, Disconnect):
                loop.call_at(start_s + event.at_s, self._break_off, event, number)

    def _break_off(self, event: Disconnect, number: int) -> None:
        """Break a share of the connections, spread over the event's time."""
        post, loop = self._post, asyncio.get_running_loop()
        post.dialler.back_off_s = event.back_off_s
        who = np.arange(self._first, self._first + post.own, dtype=np.int64)
        draw = self._chance.uniform(_BREAKING, who, number)
        for at in np.flatnonzero(draw < event.share).tolist():
            delay_s = event.within_s * float(draw[at]) / event.share
            loop.call_later(delay_s, post.break_off, post.sessions[at])

    def switch_on(self, who: int, *, has_signal: bool) -> None:
        post = self._post
        if who < post.own and not post.sessions[who].is_wanted:
            post.dialler.want(post.sessions[who], post.sessions[who].now_s)
        if has_signal and who in post.silence.without_signal:
            post.regain(who)
        if not has_signal and who not in post.silence.without_signal:
            post.lose(who)
        if has_signal and who not in self._faulty:
            self.special.discard(who)
        else:
            self.special.add(who)

    def switch_off(self, who: int) -> None:
        """The handset is put away, which says goodbye, or dies, which does not: half of them each."""
        post = self._post
        self.special.add(who)
        post.hush(who)
        session = post.sessions[who]
        if who >= post.own or not session.is_wanted:
            return
        session.is_wanted = False
        if self._chance.uniform(_LEAVING, np.array([who + self._first], np.int64))[0] < 0.5:  # noqa: PLR2004
            session.bid_farewell()
        else:
            post.break_off(session)
