"""How every transition starts: the alert locked, its version compared, the move looked up in the table."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from alerts.core.authority import Place
from alerts.core.errors import NotAllowed, UnknownAlert, VersionConflict
from alerts.core.records import Actor
from alerts.core.states import AlertMove, AlertState, after
from alerts.core.words import Words
from alerts.store import alerts, authority
from alerts.store.alerts import Head

Connection = AsyncConnection[Any]

SECOND_PERSONS: Final = frozenset({AlertMove.APPROVE, AlertMove.DECLINE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A locked alert and the state the move leads to. `is_repeat`: this very request was carried out before."""

    head: Head
    target: AlertState
    is_repeat: bool


async def open_for(
    connection: Connection, alert: UUID, *, by: Actor, expected_version: int, move: AlertMove, kinds: frozenset[str]
) -> Opened:
    """Lock the alert for `move`; raises UnknownAlert, NotAllowed, VersionConflict or IllegalMove.

    A lost answer and a retry act once: when the newest version is of one of `kinds`, made by the same account on
    top of the version that is expected, the request is a repeat.
    """
    head = await alerts.lock(connection, alert)
    if head is None:
        raise UnknownAlert(alert)
    await check_hand(connection, head, by, move)
    if head.version == expected_version + 1 and head.made_by == by.account and head.kind in kinds:
        return Opened(head=head, target=head.alert_state, is_repeat=True)
    if head.version != expected_version:
        raise VersionConflict(head.version)
    return Opened(head=head, target=after(head.alert_state, move), is_repeat=False)


async def check_hand(connection: Connection, head: Head, by: Actor, move: AlertMove) -> None:
    """Raise NotAllowed unless the role is held for the issuing unit or for one above it, and allows the move."""
    if move in SECOND_PERSONS and not by.may_approve:
        raise NotAllowed(Words("此账号没有审批预警的权限", "this account may not approve alerts"))
    if move not in SECOND_PERSONS and not by.may_issue:
        raise NotAllowed(Words("此账号没有发布预警的权限", "this account may not issue alerts"))
    found = await authority.places(connection, [by.unit, head.unit])
    mine, issuer = found.get(by.unit), found.get(head.unit)
    if mine is None or issuer is None or not mine.holds(issuer):
        raise NotAllowed(_not_yours(mine, issuer))


def _not_yours(mine: Place | None, issuer: Place | None) -> Words:
    who = mine.words if mine else Words("本账号", "this account")
    whose = issuer.words if issuer else Words("该预警的发布单位", "its issuer")
    return Words(
        f"只有{whose.zh}或其上级可以变更此预警，{who.zh}不能",
        f"only {whose.en} or a unit above it may change this alert; {who.en} may not",
    )
