"""One run of one rule: what changed since the last one, what the engine makes of it, written in one transaction.

After an outage what happened meanwhile is taken from history first, in its order: cases that came and went are kept
with their own times, and nothing is proposed for them any more.
"""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from alerts.changes import past
from alerts.core import past as rules_of_past
from alerts.core.cases import Outcome, Spell, advance, step
from alerts.core.rules import EVERY, Kind, Rule
from alerts.core.tree import Node, Tree, sums
from alerts.store import observing, rule_cases, rules
from alerts.store.observing import Census, Changed, Duty
from alerts.store.rules import RuleRow
from tracker.organisation import duty as rosters

Connection = AsyncConnection[Any]

OUTAGE: Final = timedelta(minutes=5)  # since the last run: more than a busy minute
MOST: Final = 5_000  # changes taken in at once: while they are, the program sends nothing
LONGEST_OUTAGE: Final = timedelta(days=1)  # what was before is not looked at


class Judged(NamedTuple):
    """What came and went during an outage, and what is now."""

    past: list[Outcome]
    now: list[Outcome]


class Look:
    """The city at one moment, as far as somebody asked."""

    def __init__(self, connection: Connection, at: datetime) -> None:
        self._connection = connection
        self.at = at
        self._duty: Duty | None = None
        self._census: Census | None = None
        self._trees: dict[int, Tree] = {}

    async def duty(self) -> Duty:
        if self._duty is None:
            self._duty = Duty((), ())
            if await observing.duty_is_kept(self._connection, self.at):
                words = await rosters.words(self._connection, self.at)
                self._duty = Duty(words.on, words.off)
        return self._duty

    async def tree(self, row: RuleRow) -> Tree:
        """Return the units that a rule watches; mostly nothing has begun, and nobody asks."""
        if row.unit not in self._trees:
            self._trees[row.unit] = await observing.tree(
                self._connection, top=row.unit, left=row.tree_left, right=row.tree_right
            )
        return self._trees[row.unit]

    async def census(self) -> Census:
        if self._census is None:
            self._census = await observing.census(self._connection, await self.duty(), at=self.at)
        return self._census


async def run(connection: Connection, row: RuleRow, look: Look, *, zone: ZoneInfo) -> Judged:
    """Judge the rule at the look's moment and write what that changes; of very many changes some at a time."""
    rule, at = row.rule, look.at
    rank = await observing.rank_of(connection, rule.together)
    judged = Judged([], [])
    if row.ran_at is not None and at - row.ran_at > OUTAGE + EVERY[rule.kind]:
        judged.past.extend(await _catch_up(connection, row, await look.tree(row), rank=rank, until=at, zone=zone))
    is_all = False
    while not is_all:
        changed = await _changed(connection, row, look)
        is_all = len(changed.began) + len(changed.ended) < MOST
        book = await rule_cases.book(connection, row.id, rule, is_whole=False)
        await rule_cases.add_to(connection, row.id, book, [*(each.subject for each in changed.began), *changed.ended])
        began = await _spells(row, changed, look, rank)
        outcome = step(rule, book, at=at, began=began, ended=changed.ended, zone=zone)
        await rule_cases.save(connection, row.id, row.revision, row.level, outcome)
        judged.now.append(outcome)
    await rules.ran(connection, row.id, at)
    return judged


async def _spells(row: RuleRow, changed: Changed, look: Look, rank: int | None) -> list[Spell]:
    if not changed.began:
        return []
    tree = await look.tree(row)
    return [
        Spell(subject=subject, group=rules_of_past.group_of(subject, tree, rank), since=min(since, look.at))
        for subject, since in changed.began
    ]


async def _catch_up(
    connection: Connection, row: RuleRow, tree: Tree, *, rank: int | None, until: datetime, zone: ZoneInfo
) -> list[Outcome]:
    rule, since = row.rule, max(row.ran_at or until, until - LONGEST_OUTAGE)
    held = await past.intervals(connection, rule, tree, list(tree.nodes), rank=rank, since=since, until=until)
    book = await rule_cases.book(connection, row.id, rule, is_whole=True)
    outcomes = list(advance(rule, book, held, since=since, until=until, zone=zone))
    for outcome in outcomes:
        await rule_cases.save(connection, row.id, row.revision, row.level, outcome)
    return outcomes


async def _changed(connection: Connection, row: RuleRow, look: Look) -> Changed:
    rule = row.rule
    if rule.threshold is not None:
        found = crossed(rule, await look.tree(row), await look.census())
        return await observing.units(connection, row.id, found, at=look.at, most=MOST)
    off = (await look.duty()).off if rule.on_duty_only and rule.kind is not Kind.SOS else ()
    return await observing.people(
        connection, rule.kind, row.id, left=row.tree_left, right=row.tree_right, off=off, at=look.at, most=MOST
    )


def crossed(rule: Rule, tree: Tree, census: Census) -> list[int]:
    """Return the units that cross the rule's threshold. Without people of its own one has too many or nothing."""
    threshold = rule.threshold
    if threshold is None or rule.at_level is None:
        return []
    places: list[Node] = tree.at_level(rule.at_level)
    totals = sums(places, census.total)
    counts = sums(places, census.by[threshold.measure])
    return [
        place.unit
        for place, total, count in zip(places, totals, counts, strict=True)
        if threshold.is_crossed(count) and (total or not threshold.is_below)
    ]
