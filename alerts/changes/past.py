"""From the tables of history to the times at which a rule's condition held, for one part of the city."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from alerts.core import past as rules_of_past
from alerts.core.cases import Interval
from alerts.core.past import Past
from alerts.core.rules import Kind, Measure, Rule
from alerts.core.tree import Tree
from alerts.store import past

Connection = AsyncConnection[Any]


async def intervals(
    connection: Connection,
    rule: Rule,
    tree: Tree,
    units: Sequence[int],
    *,
    rank: int | None,
    since: datetime,
    until: datetime,
) -> list[Interval]:
    """Return when the rule's condition held in [since, until) for what belongs to `units`."""
    found = await _read(connection, rule, units, since=since, until=until)
    return rules_of_past.intervals(rule, found, tree, rank=rank)


async def _read(connection: Connection, rule: Rule, units: Sequence[int], *, since: datetime, until: datetime) -> Past:
    """Read what this rule asks about, and nothing else."""
    if rule.kind is Kind.SOS:
        return Past(since=since, until=until, presses=await past.presses(connection, units, since, until))
    homes = await past.homes(connection, units)
    found = Past(since=since, until=until, homes=homes)
    measure = None if rule.threshold is None else rule.threshold.measure
    members = list(homes)
    if measure is Measure.PRESENT:
        found.stays = await past.stays(connection, units, since, until)
        members = list({stay.member for stay in found.stays})
    if rule.kind is Kind.OUTSIDE or measure is Measure.OUTSIDE:
        found.outings = await past.outings(connection, members, since, until)
    else:
        signs = await past.signs(connection, members, since, until)
        found.online, found.silent = rules_of_past.presence(signs, since, until)
    if measure is Measure.ON_DUTY or (measure is None and rule.on_duty_only):
        found.shifts = await past.shifts(connection, members, since, until)
    return found
