"""A rule as it is now, run over what has been: part by part, so that it says how far it is and holds nobody up."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from alerts.changes import past
from alerts.core.rules import Rule
from alerts.core.tree import Tree
from alerts.core.trials import Episode, Findings, episodes, findings
from alerts.store import observing
from alerts.store.rules import RuleRow

Connection = AsyncConnection[Any]
Progress = Callable[[int, int], Awaitable[None]]

MOST_PARTS: Final = 300


async def run(
    connection: Connection,
    row: RuleRow,
    *,
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
    progress: Progress,
    tick: Callable[[], float] = time.monotonic,
) -> Mapping[str, Any]:
    """Return what is kept of the trial; `progress` is told how many parts of how many are done."""
    began_s, rule = tick(), row.rule
    tree = await observing.tree(connection, top=row.unit, left=row.tree_left, right=row.tree_right)
    rank = await observing.rank_of(connection, rule.together)
    parts = tree.parts(await _rank_of_parts(connection, rule, tree, rank))
    found: list[Episode] = []
    for done, units in enumerate(parts):
        await progress(done, len(parts))
        held = await past.intervals(connection, rule, tree, units, rank=rank, since=since, until=until)
        found += episodes(rule, held, since=since, until=until, zone=zone)
    found.sort(key=lambda episode: (episode.opened_at, episode.group))
    took_ms = round((tick() - began_s) * 1_000)
    return plain(findings(found, since=since, zone=zone), took_ms=took_ms)


async def _rank_of_parts(connection: Connection, rule: Rule, tree: Tree, rank: int | None) -> int:
    """Return the deepest rank at which neither a group nor a counted unit lies in two parts, of few enough parts."""
    widest = [given for given in (rank, await observing.rank_of(connection, rule.at_level)) if given is not None]
    ranks: dict[int, int] = {}
    for node in tree.nodes.values():
        if node.rank is not None:
            ranks[node.rank] = ranks.get(node.rank, 0) + 1
    fitting = [each for each, count in ranks.items() if count <= MOST_PARTS and each <= min(widest, default=each)]
    return max(fitting, default=min(ranks, default=0))


def plain(found: Findings, *, took_ms: int) -> dict[str, Any]:
    """Return findings as JSON holds them."""
    return {
        "count": found.count,
        "standing": found.standing,
        "subjects": found.subjects,
        "by_day": {day.isoformat(): count for day, count in found.by_day.items()},
        "sample": _sample(found.sample),
        "took_ms": took_ms,
    }


def _sample(sample: Sequence[Episode]) -> list[dict[str, Any]]:
    return [
        {
            "unit": episode.group.unit,
            "member": episode.group.member or None,
            "opened_at": episode.opened_at.isoformat(),
            "ended_at": None if episode.ended_at is None else episode.ended_at.isoformat(),
            "subjects": len(episode.subjects),
        }
        for episode in sample
    ]
