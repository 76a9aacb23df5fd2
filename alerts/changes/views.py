"""Rows of the store put together as the records that the screens show."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from alerts.core.levels import Level
from alerts.core.reach import Reached
from alerts.core.records import (
    AccountName,
    Alert,
    AlertHead,
    Content,
    People,
    Person,
    Proposal,
    Reach,
    TeamName,
    UnitName,
)
from alerts.core.states import AlertState, legal_moves
from alerts.store import reach as counting
from alerts.store import reading

Connection = AsyncConnection[Any]


async def heads(
    connection: Connection, *, within: int | None, state: str | None = None, only: UUID | None = None, limit: int
) -> list[AlertHead]:
    """Return alerts the viewer's unit may see, newest first."""
    rows = await reading.alerts(connection, within=within, state=state, only=only, limit=limit)
    names = await reading.unit_names(connection, [unit for row in rows for unit in row["targets"]])
    teams = await reading.team_names(connection, [team for row in rows for team in row["teams"]])
    return [_head(row, names, teams) for row in rows]


async def counted(connection: Connection, head: AlertHead) -> Alert:
    """Return the alert with its reach."""
    return reached(head, await counting.total(connection, head.id) if head.in_force is not None else Reach())


def reached(head: AlertHead, reach: Reach) -> Alert:
    return Alert(**{field.name: getattr(head, field.name) for field in fields(head)}, reach=reach)


def _head(row: Mapping[str, Any], names: Mapping[int, UnitName], teams: Mapping[int, TeamName]) -> AlertHead:
    state = AlertState(row["state"])
    return AlertHead(
        id=row["id"],
        identifier=row["identifier"],
        state=state,
        version=row["version"],
        in_force=row["in_force"],
        content=_content(row),
        unit=UnitName(row["unit"], row["unit_name"], row["unit_name_en"], row["unit_level"]),
        targets=tuple(names[unit] for unit in row["targets"] if unit in names),
        teams=tuple(teams[team] for team in row["teams"] if team in teams),
        created_by=AccountName(row["account"], row["account_name"]),
        created_at=row["created_at"],
        issued_at=row["issued_at"],
        ended_at=row["ended_at"],
        proposal=(proposal := _proposal(row)),
        moves=legal_moves(state, has_proposal=proposal is not None),
    )


def _proposal(row: Mapping[str, Any]) -> Proposal | None:
    if row["proposed_level"] is None:
        return None
    return Proposal(
        level=Level(row["proposed_level"]),
        note=row["proposed_note"],
        made_by=AccountName(row["proposer"], row["proposer_name"]),
        made_at=row["proposed_at"],
    )


def _content(row: Mapping[str, Any]) -> Content:
    return Content(
        level=Level(row["level"]),
        event=row["event"],
        headline=row["headline"],
        description=row["description"],
        instruction=row["instruction"],
        targets=tuple(row["targets"]),
        teams=tuple(row["teams"]),
        depth=row["depth"],
        area=row["area"],
        expires_at=row["expires_at"],
        is_drill=row["is_drill"],
    )


async def reach(connection: Connection, alert: UUID) -> Reached:
    """Return the reach of one alert, by unit and by channel, to be cut to a viewer's subtree."""
    return Reached(
        units=await counting.by_unit(connection, alert),
        channels=await counting.by_channel(connection, alert),
        answers=await counting.by_answer(connection, alert),
    )


async def people(connection: Connection, alert: UUID, *, within: int | None, limit: int, offset: int) -> People:
    """Return a page of the audience with reasons, deliveries and answers."""
    rows = await reading.people(connection, alert, within=within, limit=limit, offset=offset)
    lines = await reading.delivery_lines(connection, alert, [row.member for row in rows])
    found = tuple(
        Person(
            member=row.member,
            name=row.name,
            phone=row.phone,
            unit=_unit(row.unit, row.unit_name, row.unit_name_en, row.unit_level),
            reasons=tuple(row.reasons),
            deliveries=lines.get(row.member, ()),
            acknowledged_at=row.acknowledged_at,
        )
        for row in rows
    )
    return People(total=rows[0].total if rows else 0, people=found)


def _unit(unit: int | None, name: str | None, name_en: str | None, level: str | None) -> UnitName | None:
    return None if unit is None else UnitName(unit, name or "", name_en, level or "")
