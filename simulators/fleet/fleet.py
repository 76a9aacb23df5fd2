"""A fleet: the crowd's reports published on an open-loop schedule, over real connections.

Open loop: what is due is reported when it is due, however slow the server is; a terminal that cannot send keeps a
backlog. `lag_s` says how far this process itself fell behind its schedule: a figure measured with lag is worth nothing.

The schedule is made a slice of some tenths of a second at a time, so that people move in batches, or wholly before the
start (`prepares`): then the run costs its machine only what sending costs. Each report is sent at its own moment.
Sockets are looked at every `tick_s`.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from simulators.fleet.books import ROW, Books
from simulators.fleet.mischief import Mischief
from simulators.fleet.post import Post
from simulators.fleet.presence import Presence
from simulators.fleet.recall import say_again, take_up
from simulators.fleet.schedule import Schedule
from simulators.fleet.wording import EMERGENCY, NO_FIX, NO_SIGNAL, NOT_YET, OFF, Slice
from simulators.movement.chance import Floats
from simulators.movement.handsets import Booleans
from simulators.terminals.line import Exchange

TICK_S: Final = 0.005
_AT_ONCE: Final = 128  # messages sent between two looks at the sockets
_TENDED_IN_S: Final = 2.0  # everybody, once
_SECOND_S: Final = 1.0
_PATIENCE_S: Final = 5.0  # for the last to get in, once all were switched on
_GOODBYE_S: Final = 2.0  # for the peers to close


class Fleet:
    """Post, schedule and sockets of one process.

    `is_on` and `arrival_s`: which terminals are on at the start, and when each is first switched on.
    """

    def __init__(
        self,
        *,
        post: Post,
        schedule: Schedule,
        exchange: Exchange,
        books: Books,
        mischief: Mischief,
        presence: Presence,
        is_on: Booleans,
        arrival_s: Floats,
        tick_s: float = TICK_S,
    ) -> None:
        self._post: Final = post
        self._schedule: Final = schedule
        self._exchange: Final = exchange
        self._books: Final = books
        self._mischief: Final = mischief
        self._is_on: Final = is_on
        self._arrival_s: Final = arrival_s
        self._tick_s: Final = tick_s
        self._counts: Final = post.counts
        self._presence: Final = presence
        self._special: Final = presence.special
        self._started_at = 0.0  # epoch s
        self._start_s = 0.0  # the loop's clock
        self._slice: Slice | None = None
        self._tended = 0  # the next session to be tended
        self._tended_s = 0.0
        self._is_over = False

    async def run(
        self,
        *,
        starts_at: float,
        duration_s: float | None,
        settle_s: float,
        prepares: bool,
        ready: Callable[[], None],
        second: Callable[[], None],
    ) -> None:
        """Run for `duration_s` (None: until cancelled), then settle for at most `settle_s`, and leave.

        `prepares`: writes the whole schedule first; a run that ends. `ready` once, when all are connected that should
        be; `second` every second. `stop` ends it sooner.
        """
        loop = asyncio.get_running_loop()
        self._started_at, self._start_s = starts_at, loop.time() + starts_at - time.time()
        self._schedule.begin(starts_at)
        if prepares and duration_s is not None:
            await self._prepare(duration_s)
        take_up(self._post)
        self._presence.begin(start_s=self._start_s, is_on=self._is_on, arrival_s=self._arrival_s)
        try:
            await self._work(lambda now_s: duration_s is not None and now_s >= duration_s, ready, second)
            await self._settle(settle_s, second)
        finally:
            self._leave()
        until_s = loop.time() + _GOODBYE_S
        while self._counts.connected and loop.time() < until_s:
            self._look(loop.time())
            await asyncio.sleep(self._tick_s)

    def stop(self) -> None:
        """Publish nothing more; settle, and end."""
        self._is_over = True

    async def _prepare(self, until_s: float) -> None:
        while not self._is_over and self._schedule.written_s < until_s:
            self._schedule.write()
            await asyncio.sleep(0)

    async def _work(
        self, is_over: Callable[[float], bool], ready: Callable[[], None], second: Callable[[], None]
    ) -> None:
        loop, is_ready, next_s = asyncio.get_running_loop(), False, 0.0
        latest_s = float(self._arrival_s.max(initial=0.0))
        while not self._is_over and not is_over(loop.time() - self._start_s):
            now_s = loop.time() - self._start_s
            self._look(now_s + self._start_s)
            is_behind = now_s >= 0 and self._say(now_s)
            self._post.flush()
            if not is_ready and self._is_ready(now_s, latest_s):
                is_ready = True
                ready()
            if now_s >= next_s:
                next_s += _SECOND_S
                self._close_second(second)
            await asyncio.sleep(0 if is_behind else self._tick_s)

    def _is_ready(self, now_s: float, latest_s: float) -> bool:
        """Whether all are connected who are to be; some are off duty, and some never get in."""
        counts = self._counts
        if counts.connected == len(self._post.all_sessions):
            return True
        return now_s > latest_s and (counts.connected == counts.wanted > 0 or now_s > latest_s + _PATIENCE_S)

    def _close_second(self, second: Callable[[], None]) -> None:
        counts = self._counts
        sessions = self._post.all_sessions
        counts.unsettled = sum([session.unsettled for session in sessions])
        counts.kept = sum([backlog.fixes for backlog in self._post.backlogs.values()])
        counts.wanted = sum([session.is_wanted for session in sessions])
        say_again(self._post, asyncio.get_running_loop().time())
        second()
        counts.lag_s = 0.0
        self._books.flush()

    def _look(self, now_s: float) -> None:
        """Serve the sockets: what came, who is to be connected, who is silent."""
        self._books.tick()
        self._exchange.look(now_s)
        self._post.dialler.tick(now_s)
        sessions = self._post.all_sessions
        share = min(1.0, (now_s - self._tended_s) / _TENDED_IN_S) if self._tended_s else 0.0
        first = self._tended
        last = first + int(share * len(sessions))
        if last > first or not self._tended_s:
            self._tended_s = now_s
            for at in range(first, last):
                sessions[at % len(sessions)].tend(now_s)
            self._tended = last % len(sessions)

    # The schedule

    def _say(self, now_s: float) -> bool:
        """Say what is due, a bounded number of reports; return whether there is more, after a look at the sockets."""
        left = _AT_ONCE
        while left > 0:
            said = self._slice
            if said is None or said.at == len(said.who):
                said = self._slice = self._schedule.next(now_s)
                if said is None:
                    return False
                self._books.tell_truth(said.truth)
            if said.due_s[said.at] > now_s:
                return False
            left -= self._say_some(said, now_s, left)
        return True

    def _say_some(self, said: Slice, now_s: float, most: int) -> int:
        """Say up to `most` messages that are due; return how many. The loop that a city's rate runs through."""
        post, counts, special, odd, whole = self._post, self._counts, self._special, said.odd, said.is_whole
        sessions, backlogs, send, keep = post.sessions, post.backlogs, post.send, post.keep
        due_s, who_all, fixes_all = said.due_s, said.who, said.fixes
        texts, text_at, text_end, rows, row_at = said.texts, said.text_at, said.text_end, said.rows, said.row_at
        counts.lag_s = max(counts.lag_s, now_s - due_s[said.at])
        counts.worst_lag_s = max(counts.worst_lag_s, counts.lag_s)
        self._books.tick()
        first, plain = (at := said.at), 0
        last = min(len(who_all), first + most)
        while at < last and due_s[at] <= now_s:
            who, fixes = who_all[at], fixes_all[at]
            if odd[at] or who in special:
                self._say_odd(said, at)
            else:
                plain += fixes
                text, row = texts[text_at[at] : text_end[at]], rows[row_at[at] : row_at[at] + fixes * ROW]
                session = sessions[who]
                if whole[at] and session.has_room and not session.behind and who not in backlogs:
                    send(who, text, row, fixes)
                else:
                    keep(who, text, row, fixes)
            at += 1
        said.at = at
        counts.due += plain
        return at - first

    def _say_odd(self, said: Slice, at: int) -> None:
        """Say what is more than a fix: switching on and off, losing the signal, misbehaving, the emergency button."""
        post, who, odd = self._post, said.who[at], said.odd[at]
        if odd & NOT_YET:
            return
        if odd & OFF:
            self._presence.switch_off(who)
            return
        self._presence.switch_on(who, has_signal=not odd & NO_SIGNAL)
        if odd & NO_FIX:
            return
        if who in self._mischief.kinds and self._mischief.commit(said, at):
            return
        fixes, text, session = said.fixes[at], said.text(at), post.sessions[who]
        self._counts.due += fixes
        is_free = session.has_room and not session.behind and who not in post.silence.without_signal
        leaves = is_free and said.is_whole[at] and who not in post.backlogs
        (post.send if leaves else post.keep)(who, text, said.row(at), fixes)
        if odd & EMERGENCY:
            self._press(who, text)

    def _press(self, who: int, fix: bytes) -> None:
        """Press the emergency button: the fix, and an id of its own."""
        self._counts.sos += 1
        name = self._post.credentials[who].terminal
        sos_id = f"{name}-{int(self._started_at)}-{self._counts.sos}"
        self._post.press(who, "sos", b'{"id":"%s",%s' % (sos_id.encode(), fix[1:]))

    # Begin and end

    async def _settle(self, settle_s: float, second: Callable[[], None]) -> None:
        """Send what is kept, wait for what is not acknowledged, say offline and wait again; not for who never got in.

        All goodbyes at once, beside the last fixes, would be a storm that no fix of a city ever meets.
        """
        post, now_s = self._post, asyncio.get_running_loop().time()
        post.let_all_go()
        known = [session for session in post.all_sessions if session.is_known and session.is_wanted]

        def is_unsettled() -> bool:
            return any(session.unsettled or session.behind for session in known)

        await self._wait_while(is_unsettled, now_s + settle_s / 2, second)
        for session in known:
            if session.number < post.own:
                post.tell_status(session.number, b"offline")
        await self._wait_while(lambda: is_unsettled() or self._awaits_receipts, now_s + settle_s, second)
        self._close_second(second)

    async def _wait_while(self, is_waiting: Callable[[], bool], until_s: float, second: Callable[[], None]) -> None:
        """Serve the sockets while `is_waiting`, but no longer than `until_s`."""
        post, loop = self._post, asyncio.get_running_loop()
        next_s = loop.time()
        while loop.time() < until_s and is_waiting():
            self._look(loop.time())
            post.flush()
            if loop.time() >= next_s:
                next_s += _SECOND_S
                self._close_second(second)
            await asyncio.sleep(max(self._tick_s, 0.01))

    @property
    def _awaits_receipts(self) -> bool:
        return self._counts.receipted < self._counts.receipts_asked

    def _leave(self) -> None:
        post = self._post
        post.is_closing = True
        for backlog in post.backlogs.values():  # never sent
            while backlog.fixes:
                _, rows, count = backlog.take()
                self._books.enter(rows, count, sent=False)
        for session in post.all_sessions:
            session.is_wanted = False
            session.bid_farewell()
