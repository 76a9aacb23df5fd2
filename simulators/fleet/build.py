"""Puts a fleet together: who they are, where they connect to, what they play."""

import asyncio
import random
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from simulators.fleet.books import Books
from simulators.fleet.dialler import MOST_OPENING, MOST_SHAKING, Dialler
from simulators.fleet.events import Figures
from simulators.fleet.fleet import TICK_S, Fleet
from simulators.fleet.hearing import Hearing
from simulators.fleet.journal import Journal
from simulators.fleet.mischief import Mischief
from simulators.fleet.post import Post
from simulators.fleet.presence import Presence
from simulators.fleet.safety import Safety
from simulators.fleet.schedule import Schedule
from simulators.fleet.wording import Pen
from simulators.movement.chance import Chance
from simulators.movement.crowd import Crowd
from simulators.movement.habits import habits_of
from simulators.roster import Credential, Grid, Handset
from simulators.scenario.model import Scenario
from simulators.terminals.connector import AddressError, parse_address
from simulators.terminals.line import Endpoint, Exchange

_QUIET_S: Final = 30.0  # trouble is said once in this time
_ARRIVING: Final = 205  # streams of chance that no movement draws from
_RECEIPTING: Final = 206
_SAVING_UP: Final = 207
_LIFE: Final = 1 << 32  # rows of one life on a journal: their numbers are asked for as receipts


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a process simulates: `handsets` from number `first` on, of `terminals` of all processes together."""

    handsets: Sequence[Handset]
    grids: Mapping[str, Grid]
    first: int
    terminals: int
    own: int  # the first so many have a connection of their own
    gateway: Credential | None = None
    gateways: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    fleet: Fleet
    counts: Figures
    exchange: Exchange
    books: Books


def build(
    *,
    share: Share,
    endpoint: Endpoint,
    scenario: Scenario,
    seed: int,
    interval_s: float,
    sample: int = 100,
    folder: Path | None = None,
    journal: Journal | None = None,
    connections_per_s: float | None = None,
    tick_s: float = TICK_S,
    say: Callable[[str], None],
) -> Built:
    """`folder`: where the ledger goes. `say` hears trouble in whole lines, once in a while.

    `journal`: where fixes are kept until they are safe; without a ledger, and in a scenario without misbehaviour.
    """
    counts, chance = Figures(), Chance(seed)
    books = Books(folder, first=0 if journal is None else journal.life * _LIFE)
    credentials = [handset.credential for handset in share.handsets]
    codes = [credential.terminal for credential in credentials]
    safety = None if journal is None else Safety(journal, codes=codes, first=share.first)
    post = Post(
        credentials=credentials,
        own=share.own,
        counts=counts,
        books=books,
        dialler=Dialler(
            chance=random.Random(seed * 1_000_003 + share.first),
            rate_per_s=connections_per_s,
            most_opening=MOST_OPENING if endpoint.tls is None else MOST_SHAKING,
        ),
        gateway=share.gateway,
        saved_up=scenario.handsets.fixes_per_message,
        safety=safety,
        say=_rarely(say),
    )
    exchange = Exchange(endpoint)
    post.open(exchange, gateways=share.gateways, interval_s=interval_s)
    own = np.arange(share.first, share.first + share.own, dtype=np.int64)
    post.receipting[: share.own] = (chance.uniform(_RECEIPTING, own) < scenario.handsets.receipts_share).tobytes()
    post.ears = Hearing(
        counts=counts,
        books=books,
        safety=safety,
        chance=chance,
        handsets=scenario.handsets,
        first=share.first,
        answer=lambda who, payload: post.press(who, "ack", payload),
    )
    crowd = _crowd(share, scenario, seed, interval_s)
    mischief = Mischief(scenario.misbehaviour, chance=chance, first=share.first, post=post)
    everyone = np.arange(share.first, share.first + len(share.handsets), dtype=np.int64)
    is_faulty = np.zeros(len(everyone), np.bool_)
    is_faulty[list(mischief.kinds)] = True
    arrival_s = scenario.connect_within_s * (
        chance.uniform(_ARRIVING, everyone) - (1.0 if scenario.connects_before_start else 0.0)
    )
    pen = Pen(
        first=share.first,
        by_gateway=everyone - share.first >= share.own,
        arrival_s=arrival_s,
        is_faulty=is_faulty,
        sample=sample,
        keeps_all=safety is not None,
    )
    together = 1 if safety is not None else scenario.handsets.fixes_per_message
    fleet = Fleet(
        post=post,
        schedule=Schedule(
            crowd,
            pen,
            at_first=1 + (together * chance.uniform(_SAVING_UP, everyone)).astype(np.int64),
            together=together,
            interval_s=interval_s,
        ),
        exchange=exchange,
        books=books,
        mischief=mischief,
        presence=Presence(post=post, faulty=mischief.kinds, chance=chance, first=share.first, events=scenario.events),
        is_on=crowd.connected_at(0.0),
        arrival_s=arrival_s,
        tick_s=tick_s,
    )
    return Built(fleet=fleet, counts=counts, exchange=exchange, books=books)


def _crowd(share: Share, scenario: Scenario, seed: int, interval_s: float) -> Crowd:
    crowd = Crowd(
        grids=share.grids,
        units=[handset.unit for handset in share.handsets],
        seed=seed,
        interval_s=interval_s,
        habits=habits_of(scenario),
        first=share.first,
    )
    crowd.follow(scenario.events, among=share.terminals)
    return crowd


async def resolve(
    url: str,
    *,
    ca: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    sources: Sequence[str] = (),
) -> Endpoint:
    """Find the server of mqtt://host:port or mqtts://host:port. Raises AddressError.

    `ca`: whom to believe that they are the server (None: the system's); `certificate`, `key`: who we are; all PEM.
    """
    host, port = parse_address(url, schemes=("mqtt", "mqtts"))
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        tls = await asyncio.to_thread(_tls, ca, certificate, key) if url.startswith("mqtts:") else None
    except OSError as error:  # ssl.SSLError is one, too
        raise AddressError(f"{url}: {error.strerror or error}") from error
    family, _, _, _, address = found[0]
    return Endpoint(family=family, address=cast("Any", address), host=host, tls=tls, sources=tuple(sources))


def _tls(ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context


def _rarely(say: Callable[[str], None]) -> Callable[[str], None]:
    said_at_s = float("-inf")

    def say_rarely(line: str) -> None:
        nonlocal said_at_s
        now_s = asyncio.get_running_loop().time()
        if now_s - said_at_s > _QUIET_S:
            said_at_s = now_s
            say(line)

    return say_rarely
