"""Where the fleet's words go: a session for each terminal or for many, backlogs for what cannot leave now.

A fix leaves at once when its session has room; else it is kept, and kept fixes leave as arrays. A fix that is kept
because the terminal is off-line is marked so in the ledger, with whose fault it was (fleet.silence); one that a slow
server makes wait is not.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from ingest.mqtt import packets
from simulators.fleet import logins
from simulators.fleet.backlog import Backlog, uploaded
from simulators.fleet.books import Books, flagged
from simulators.fleet.dialler import Dialler
from simulators.fleet.events import Figures
from simulators.fleet.safety import Safety
from simulators.fleet.silence import Silence
from simulators.fleet.wording import topic
from simulators.ledger import BACKLOG, SILENT
from simulators.roster import Credential
from simulators.terminals.line import Exchange
from simulators.terminals.parser import Parser
from simulators.terminals.session import SUBSCRIBE_ID, OnTheWay, Session

PLAIN: Final = 0  # marks of messages
ON_PURPOSE: Final = 1  # meant to be refused
AGAIN: Final = 2  # repeats another
OTHER: Final = 3  # status, answers, presses

_OURS: Final = "we break off"  # no trouble of the server's
_WINDOW: Final = 20  # messages on their way; brokers hold more back by default (Mosquitto: 20)
# A gateway stands for thousands of terminals, none of which waits for another's PUBACK. As many as a listening ingest
# takes from one; with fewer (2,400) gateways went in step with commits, and nothing was read while one was written.
_GATEWAY_WINDOW: Final = 20_000
_KEEP_ALIVE_S: Final = 60  # at least
_INTERVALS: Final = 4  # of reporting, in a keep-alive: who reports never pings


class Ears(Protocol):
    def expect(self, row: int, fixes: int) -> None: ...
    def hear(self, who: int, topic: str, payload: bytes) -> None: ...


class Post:
    """Implements what sessions tell (terminals.session.Owner). `receipting[who]`: whether it asks for receipts."""

    def __init__(
        self,
        *,
        credentials: Sequence[Credential],
        own: int,
        counts: Figures,
        books: Books,
        dialler: Dialler,
        gateway: Credential | None,
        saved_up: int,
        safety: Safety | None,
        say: Callable[[str], None],
    ) -> None:
        self.credentials: Final = credentials
        self.own: Final = own
        self.counts: Final = counts
        self.books: Final = books
        self.dialler: Final = dialler
        self.say_trouble: Final = say
        self.sessions: list[Session] = []  # by terminal; a gateway's stands for many
        self.all_sessions: Final[list[Session]] = []
        self.gateways: list[Session] = []
        self.topics_pos: Final = [topic(credential.terminal, "pos") for credential in credentials]
        self.backlogs: Final[dict[int, Backlog]] = {}
        self.safety: Final = safety
        self.silence: Final = Silence()
        self.receipting: Final = bytearray(len(credentials))
        self.strangers: Final[set[int]] = set()  # who logs in with a wrong secret
        self.ears: Ears | None = None
        self.is_closing = False
        self._gateway: Final = gateway
        self._saved_up: Final = saved_up
        self._held: list[int] = []  # have fixes that may go once they are on disk
        self._muffled: Final[dict[int, list[tuple[bytes, bytes]]]] = {}  # to be said when there is signal
        self._client: Final = f"fleet-{secrets.token_hex(4)}"

    def open(self, exchange: Exchange, *, gateways: int, interval_s: float) -> None:
        """Make the sessions, unconnected: one for each of the own terminals, the others spread over the gateways."""
        parser, total = Parser(), len(self.credentials)
        keep_alive_s = min(65_535, max(_KEEP_ALIVE_S, round(_INTERVALS * interval_s)))
        for number in range(self.own + gateways):
            by_gateway = number >= self.own
            session = Session(
                exchange,
                self,
                parser,
                number=number,
                window=_GATEWAY_WINDOW if by_gateway else _WINDOW,
                keep_alive_s=keep_alive_s,
                gathers=by_gateway,
            )
            self.all_sessions.append(session)
        self.gateways = self.all_sessions[self.own :]
        self.sessions = self.all_sessions[: self.own]
        self.sessions += [self.gateways[at % gateways] for at in range(total - self.own)]

    # Words

    def send(self, who: int, texts: bytes, rows: bytes, count: int = 1, mark: int = PLAIN) -> None:
        """Send fixes now, as one message; the session has room."""
        counts = self.counts
        number = self.books.enter(rows, count)
        if self.receipting[who] and mark == PLAIN:
            texts = self._with_receipt(number, count, texts)
        elif count > 1:
            texts = b"[%b]" % texts
        counts.messages += 1
        if mark == PLAIN:
            counts.published += count
        elif mark == ON_PURPOSE:
            counts.on_purpose += 1
        else:
            counts.repeated += 1
        self.sessions[who].publish(self.topics_pos[who], texts, number, count, mark)

    def keep(self, who: int, texts: bytes, rows: bytes, count: int = 1) -> None:
        """Keep fixes; they leave when they can, or when enough are saved up for one upload."""
        session = self.sessions[who]
        backlog = self.backlogs.get(who)
        if backlog is None:
            backlog = self.backlogs[who] = Backlog()
        is_silent = who in self.silence.without_signal or not session.is_up
        if is_silent:
            rows = flagged(rows, self.silence.flags(who, is_up=session.is_up))
        self.counts.dropped += backlog.add(texts, rows, count)
        if self.safety is not None:
            self.safety.take(who, texts, rows)  # one: nothing is put together for who keeps a journal
        if is_silent or backlog.fixes < self._saved_up:
            return
        if self.safety is not None:
            self._held.append(who)
        elif session.behind or session.waiting or not session.has_room:
            self._let_go(session, who)
        else:
            self._send_kept(session, who, backlog)

    def press(self, who: int, last: str, payload: bytes) -> None:
        """Say something that is no fix as soon as there is signal."""
        word = topic(self.credentials[who].terminal, last)
        if who in self.silence.without_signal:
            self._muffled.setdefault(who, []).append((word, payload))
        else:
            self.utter(who, word, payload)

    def utter(self, who: int, word: bytes, payload: bytes, *, retain: bool = False) -> None:
        self.counts.messages += 1
        self.sessions[who].say(word, payload, retain=retain)

    def tell_status(self, who: int, status: bytes) -> None:
        self.utter(who, topic(self.credentials[who].terminal, "status"), status, retain=True)

    def lose(self, who: int) -> None:
        """There is no signal any more."""
        self.silence.without_signal.add(who)
        self.hush(who)

    def hush(self, who: int) -> None:
        """Mark what is still kept: from now on it waits for its person, whatever it waited for before."""
        if who in self.backlogs:
            self.backlogs[who].mark(BACKLOG | SILENT)

    def regain(self, who: int) -> None:
        """There is signal again."""
        self.silence.without_signal.discard(who)
        for word, payload in self._muffled.pop(who, ()):
            self.utter(who, word, payload)
        if who in self.backlogs:
            self._return(self.sessions[who], who)

    def let_all_go(self) -> None:
        """Send what is kept, whether or not enough is saved up."""
        for who in tuple(self.silence.without_signal):
            self.regain(who)
        for who in tuple(self.backlogs):
            self._return(self.sessions[who], who)

    def flush(self) -> None:
        """Let go what was held until it is on disk, in one transaction; write what gateways have gathered."""
        if self.safety is not None:
            self.safety.commit()
            held, self._held = self._held, []
            for who in held:
                self._let_go(self.sessions[who], who)
        for session in self.gateways:
            session.flush()

    def _let_go(self, session: Session, who: int) -> None:
        if session.behind is None:
            session.behind = OrderedDict()
        session.behind[who] = None
        self.has_room(session)

    def _return(self, session: Session, who: int) -> None:
        """Send what was kept off-line; what was being saved up was caught by it, too."""
        if self._saved_up > 1:
            self.backlogs[who].mark(BACKLOG)
        self._let_go(session, who)

    def _send_kept(self, session: Session, who: int, backlog: Backlog) -> None:
        texts, rows, count = backlog.take()
        if not backlog.fixes:
            del self.backlogs[who]
        was_off = bool(rows[-1] & BACKLOG)
        if self._saved_up > 1:
            rows = uploaded(rows)
        self.counts.batches += count > 1 and (was_off or self._saved_up == 1)
        number = self.books.enter(rows, count)
        if self.receipting[who]:
            texts = self._with_receipt(number, count, texts)
        elif count > 1:
            texts = b"[%b]" % texts
        if self.safety is not None:
            self.safety.sends(number, who, texts, rows, asks=bool(self.receipting[who]))
        self.counts.messages += 1
        self.counts.published += count
        session.publish(self.topics_pos[who], texts, number, count, PLAIN)

    def _with_receipt(self, number: int, count: int, texts: bytes) -> bytes:
        self.counts.receipts_asked += count
        if self.ears is not None:
            self.ears.expect(number, count)
        if count == 1:
            return b'{"receipt":%d,%b' % (number, texts[1:])
        return b'{"receipt":%d,"fixes":[%b]}' % (number, texts)

    # What sessions tell

    def login(self, session: Session) -> packets.Connect:
        who = session.number
        self.silence.broken_off.discard(who)
        if who >= self.own:
            if self._gateway is None:
                raise AssertionError("a gateway's session without its credential")
            client_id = f"{self._client}-{who}"
            return logins.of_gateway(self._gateway, client_id=client_id, keep_alive_s=session.keep_alive_s)
        is_stranger = who in self.strangers
        return logins.of_terminal(self.credentials[who], keep_alive_s=session.keep_alive_s, is_stranger=is_stranger)

    def topics(self, session: Session) -> tuple[str, ...]:
        who = session.number
        if who >= self.own:
            return ()
        prefix = f"gw/v1/t/{self.credentials[who].terminal}/"
        return (f"{prefix}alert", f"{prefix}stored") if self.receipting[who] else (f"{prefix}alert",)

    def greeted(self, session: Session) -> None:
        counts = self.counts
        self.dialler.opening -= 1
        counts.connected += 1
        counts.most_connected = max(counts.most_connected, counts.connected)
        counts.connections += 1
        counts.reconnects += session.is_known
        session.is_known = True
        counts.resent += session.repeat()
        if session.number < self.own:
            self.tell_status(session.number, b"online")
            behind = [session.number] if session.number in self.backlogs else []
        else:
            behind = [who for who in self.backlogs if self.sessions[who] is session]
        for who in behind:
            if who not in self.silence.without_signal:
                self._return(session, who)

    def settled(self, message: OnTheWay) -> None:
        _, row, fixes, mark = message
        counts = self.counts
        counts.messages_acknowledged += 1
        if not fixes:
            return
        self.books.acknowledge(row, fixes)
        if self.safety is not None:
            self.safety.acknowledged(row)
        if mark == PLAIN:
            counts.acknowledged += fixes
        elif mark == ON_PURPOSE:
            counts.on_purpose_acknowledged += 1

    def has_room(self, session: Session) -> None:
        session.say_waiting()
        behind = session.behind
        while behind and session.has_room:
            who = next(iter(behind))
            backlog = self.backlogs.get(who)
            if backlog is not None and who not in self.silence.without_signal:
                self._send_kept(session, who, backlog)
            if who not in self.backlogs or who in self.silence.without_signal:
                behind.pop(who, None)
        if not behind:
            session.behind = None

    def heard(self, session: Session, topic: str, payload: bytes) -> None:
        if self.ears is not None and session.number < self.own:
            self.ears.hear(session.number, topic, payload)

    def granted(self, session: Session, packet_id: int, codes: tuple[int, ...]) -> None:
        is_refused = any(code >= packets.Code.UNSPECIFIED_ERROR for code in codes)
        if packet_id != SUBSCRIBE_ID:  # asked for everybody's topics, on purpose
            self.counts.subscriptions_refused_on_purpose += is_refused
            self.counts.subscriptions_granted_wrongly += not is_refused
        elif is_refused:
            session.vanish(f"the server refused the subscription to {self.topics(session)}")

    def went_down(self, session: Session, why: str, *, was_up: bool, was_refused: bool) -> None:
        if was_up:
            self.counts.connected -= 1
        else:
            self.dialler.opening -= 1
            self.silence.broken_off.discard(session.number)  # now it is the system that does not let them in
        is_stranger = session.number in self.strangers
        self.counts.logins_refused += was_refused and not is_stranger
        self.counts.logins_refused_on_purpose += was_refused and is_stranger
        if not session.is_wanted or self.is_closing:
            return
        if why != _OURS and not is_stranger:
            name = self.credentials[session.number].terminal if session.number < self.own else ""
            self.say_trouble(f"{f'terminal {name}' if name else 'gateway'}: {why}; trying again")
        self.dialler.want_again(session, session.now_s)

    def break_off(self, session: Session) -> None:
        """Let a connection vanish; it comes back as after any accident."""
        if session.is_up:
            self.silence.broken_off.add(session.number)
            self.hush(session.number)
        session.vanish(_OURS)
