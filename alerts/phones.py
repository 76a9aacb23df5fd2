"""What a member does on their own phone: opens the page by a signed link, reads, passes down, has it pushed to.

A phone sees its own member's warnings and nothing else; whatever names another one is UnknownAlert. What changes
something is one transaction. It sends nothing: the dispatcher does.
"""

import hashlib
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from alerts.changes import passing
from alerts.changes.passing import Passed
from alerts.core.errors import UnknownAlert
from alerts.core.levels import Level
from alerts.core.links import Link
from alerts.core.policy import Policy
from alerts.core.records import OwnWarning, Passing
from alerts.core.states import AlertState
from alerts.core.webpush import Subscription
from alerts.core.words import Words
from alerts.store import alerts, deliveries, own_warnings, passings, phones, timers
from alerts.store.phones import Phone
from tracker.bus.interface import ALERTS, DELIVERIES, DOWNLINK, Bus

Connection = AsyncConnection[Any]

LIFETIME: Final = timedelta(days=90)  # without use; each use begins it anew
TOUCH_AFTER: Final = timedelta(hours=1)
MOST_PHONES: Final = 5  # of one member; one more closes the longest unused
RECENT: Final = timedelta(days=14)  # of warnings that are over
MOST_SHOWN: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PushOffer:
    """What a page needs for Web Push: the public key, base64url, and which push services are called."""

    public_key: str
    services: tuple[str, ...]


class Phones:
    """`clock` returns aware UTC. `push` None: pages offer no pushes."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        bus: Bus,
        clock: Callable[[], datetime],
        *,
        policy: Policy | None = None,
        push: PushOffer | None = None,
    ) -> None:
        self._pool = pool
        self._bus = bus
        self._clock = clock
        self.policy = policy or Policy()
        self.push = push

    async def open(self, link: Link, *, user_agent: str) -> str | None:
        """Return the token of a new phone; None when this link has opened one before."""
        token, now = secrets.token_urlsafe(32), self._clock()
        async with self._transaction() as connection:
            is_open = await phones.open_one(
                connection,
                member=link.member,
                alert=link.alert,
                token_hash=_hash_of(token),
                user_agent=user_agent[:300],
                now=now,
                expires_at=now + LIFETIME,
            )
            found = await phones.find(connection, _hash_of(token), now=now)
            if found is not None:
                await phones.close_others(
                    connection, member=link.member, keep=found.id, newest=MOST_PHONES - 1, now=now
                )
        return token if is_open else None

    async def find(self, token: str) -> Phone | None:
        """Return the living phone of a token, and let it live on."""
        now = self._clock()
        async with self._pool.connection() as connection:
            found = await phones.find(connection, _hash_of(token), now=now)
            if found is not None and now - found.seen_at > TOUCH_AFTER:
                await phones.touch(connection, found.id, now=now, expires_at=now + LIFETIME)
        return found

    async def close(self, phone: Phone) -> None:
        async with self._transaction() as connection:
            await phones.close(connection, phone.id, now=self._clock())

    async def close_others(self, phone: Phone) -> int:
        """Close all other phones of the same member; return how many."""
        async with self._transaction() as connection:
            return await phones.close_others(
                connection, member=phone.member, keep=phone.id, newest=0, now=self._clock()
            )

    async def list(self, member: int) -> list[OwnWarning]:
        """Return the member's warnings in force, gravest first, and those of the last fortnight."""
        async with self._pool.connection() as connection:
            rows = await own_warnings.of_member(
                connection, member, ended_since=self._clock() - RECENT, only=None, limit=MOST_SHOWN
            )
        return [_warning(row, member) for row in rows]

    async def read(self, member: int, alert: UUID) -> OwnWarning:
        """Return one of the member's warnings, with what was passed down; raises UnknownAlert."""
        async with self._pool.connection() as connection:
            rows = await own_warnings.of_member(
                connection, member, ended_since=self._clock() - RECENT, only=alert, limit=1
            )
            if not rows:
                raise UnknownAlert(alert)
            heard = await passings.of_alert(connection, alert, to=member)
            may_tell = await self._may_tell(connection, member, alert) if rows[0]["state"] == "issued" else 0
        return _warning(rows[0], member, heard=heard, may_tell=may_tell)

    async def pass_down(self, member: int, alert: UUID, *, passing_id: UUID, words: str) -> Passed:
        """Tell the leaders below, with own words; the same `passing_id` again tells nobody twice."""
        async with self._transaction() as connection:
            passed = await passing.pass_down(
                connection,
                alert,
                passing=passing_id,
                member=member,
                words=words,
                policy=self.policy,
                now=self._clock(),
            )
        for stream in (DELIVERIES, DOWNLINK, ALERTS):
            await self._bus.publish(stream, str(alert).encode())
        return passed

    async def subscribe(self, phone: Phone, to: Subscription) -> None:
        async with self._transaction() as connection:
            await phones.subscribe(connection, phone.id, to, now=self._clock())

    async def unsubscribe(self, phone: Phone) -> None:
        async with self._transaction() as connection:
            await phones.unsubscribe(connection, phone.id)

    async def shown(self, phone: Phone, delivery: int) -> UUID:
        """Note that a push arrived at its own phone; return the alert. Raises UnknownAlert for one of another phone.

        The word may come before the dispatcher has settled what it sent: the person's clock starts here, too.
        """
        now = self._clock()
        within = {level.value: wait for level, wait in self.policy.acknowledge_within.items() if wait}
        async with self._transaction() as connection:
            alert = await deliveries.confirm_push(connection, delivery, phone=phone.id, now=now)
            if alert is None:
                raise UnknownAlert(UUID(int=0))
            await timers.start_reminders(connection, deliveries=[delivery], within=within, now=now)
        await self._bus.publish(ALERTS, str(alert).encode())
        return alert

    async def _may_tell(self, connection: Connection, member: int, alert: UUID) -> int:
        grids = await alerts.grids(connection, alert)
        below = await passings.below(connection, member=member, grids=grids)
        return 0 if below is None else await passings.count(connection, member=member, units=below.units)

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[Connection]:
        async with self._pool.connection() as connection, connection.transaction():
            yield connection


def _hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _warning(
    row: Mapping[str, Any], member: int, *, heard: list[Passing] | None = None, may_tell: int = 0
) -> OwnWarning:
    return OwnWarning(
        id=row["id"],
        member=member,
        state=AlertState(row["state"]),
        version=row["version"],
        level=Level(row["level"]),
        event=row["event"],
        headline=row["headline"],
        description=row["description"],
        instruction=row["instruction"],
        note=row["note"],
        is_drill=row["is_drill"],
        issuer=Words(row["issuer_zh"], row["issuer_en"]),
        places=tuple(Words(zh, en) for zh, en in row["places"] or ()),
        issued_at=row["issued_at"],
        changed_at=row["made_at"],
        ended_at=row["ended_at"],
        expires_at=row["expires_at"],
        acknowledged_at=row["acknowledged_at"],
        passings=tuple(heard or ()),
        may_tell=may_tell,
    )
