"""Alerts as they are published to other systems: all that was told of each, put together for alerts.core.cap."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from alerts.core.cap import Bulletin, Region
from alerts.core.levels import Level
from alerts.core.policy import Policy
from alerts.core.texts import Kind, Notice
from alerts.core.words import Words
from alerts.store import bulletins
from alerts.store.bulletins import OutlineRow, ToldRow

Connection = AsyncConnection[Any]


async def read(
    connection: Connection, alerts: Sequence[UUID], *, sender: str, policy: Policy, is_shown: Callable[[int], bool]
) -> dict[UUID, Bulletin]:
    """Return the bulletins of those of `alerts` that people heard of; units that are not `is_shown` are left out."""
    made: dict[UUID, Bulletin] = {}
    for alert, rows in groupby(await bulletins.told(connection, alerts), key=lambda row: row.alert):
        told = list(rows)
        units = [unit for unit in told[-1].targets if is_shown(unit)]
        outlines = await bulletins.outlines(connection, units, at=told[0].issued_at)
        made[alert] = _bulletin(told, outlines, sender=sender, policy=policy)
    return made


def _bulletin(told: Sequence[ToldRow], outlines: Sequence[OutlineRow], *, sender: str, policy: Policy) -> Bulletin:
    last = told[-1]
    return Bulletin(
        identifier=last.identifier,
        sender=sender,
        notices=[_notice(row) for row in told],
        expires_at=last.expires_at,
        regions=_regions(outlines, last.area),
        timezone=policy.timezone,
    )


def _notice(row: ToldRow) -> Notice:
    return Notice(
        kind=Kind(row.kind),
        level=Level(row.level),
        event=row.event,
        headline=row.headline,
        description=row.description,
        instruction=row.instruction,
        issuer=Words(row.issuer, row.issuer_en or row.issuer),
        made_at=row.made_at,
        is_drill=row.is_drill,
        note=row.note,
    )


def _regions(outlines: Sequence[OutlineRow], area: bytes | None) -> list[Region]:
    """A drawn area is one region, whose leaders' units are its codes; else each unit is one, with its own outline."""
    if area is None:
        return [Region(name=unit.name, codes=(unit.code,), outline=unit.outline) for unit in outlines]
    names = "、".join(unit.name for unit in outlines)
    return [Region(name=names, codes=tuple(unit.code for unit in outlines), outline=area)]
