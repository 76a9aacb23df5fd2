"""What time makes of a rule: when a condition that holds becomes a case, and when the case is over.

Theory. A subject (a member, or a unit) whose condition holds has a spell. The spell waits until it has held for the
rule's `hold`, is told of by a case, and is over when the condition has stayed away for the rule's `clear`: a condition
that comes and goes is one spell. Subjects of one group (those within one street, say) share a case: the first opens it,
the others join, and it ends with the last. A group whose case has ended rests; in quiet hours none opens. Both only put
it off: who still waits afterwards is told of then. When a person ends a case its subjects have been told of, so that
the same trouble opens no second one.

Time is an argument and must not go back. A book may hold a part of the spells only: those that wait or clear, and those
that a step is about; the sizes of cases count all.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from alerts.core.rules import Rule
from tracker.model.duty import Hours


class Subject(NamedTuple):
    """Of whom a condition holds: a member in their unit, or a unit itself (member 0)."""

    unit: int
    member: int = 0


class State(StrEnum):
    """Of a spell."""

    WAITING = "waiting"  # holds, and nobody has been told
    TOLD = "told"  # holds, and belongs to a case
    CLEARING = "clearing"  # belongs to a case, and does not hold at the moment
    OVER = "over"


class Turn(StrEnum):
    BEGINS = "begins"
    ENDS = "ends"
    IS_TOLD = "is told"
    STAYS_AWAY = "stays away"


MOVES: Final[Mapping[State, Mapping[Turn, State]]] = {
    State.OVER: {Turn.BEGINS: State.WAITING},
    State.WAITING: {Turn.ENDS: State.OVER, Turn.IS_TOLD: State.TOLD},
    State.TOLD: {Turn.ENDS: State.CLEARING},
    State.CLEARING: {Turn.BEGINS: State.TOLD, Turn.STAYS_AWAY: State.OVER},
}


@dataclass(slots=True, kw_only=True)
class Spell:
    subject: Subject
    group: Subject  # what its case is, or would be, about
    since: datetime
    ended_at: datetime | None = None
    case: datetime | None = None  # when the group's case that tells of it opened

    @property
    def state(self) -> State:
        if self.case is None:
            return State.WAITING
        return State.TOLD if self.ended_at is None else State.CLEARING


@dataclass(slots=True, kw_only=True)
class Case:
    """An open one. `subjects` are those that a step added; `size` counts the spells that are not over."""

    group: Subject
    opened_at: datetime
    size: int = 0
    seen_at: datetime | None = None


class Interval(NamedTuple):
    """A condition held from `hours.starts_at` until before `hours.ends_at`."""

    subject: Subject
    group: Subject
    hours: Hours


@dataclass(slots=True)
class Book:
    """The state of one rule."""

    spells: dict[State, dict[Subject, Spell]] = field(
        default_factory=lambda: {State.WAITING: {}, State.TOLD: {}, State.CLEARING: {}}
    )
    cases: dict[Subject, Case] = field(default_factory=dict[Subject, Case])  # open ones, by group
    rests_until: dict[Subject, datetime] = field(default_factory=dict[Subject, datetime])

    def put(self, spell: Spell) -> None:
        self.spells[spell.state][spell.subject] = spell

    def find(self, subject: Subject) -> Spell | None:
        return next((found[subject] for found in self.spells.values() if subject in found), None)

    def holding(self) -> Iterator[Spell]:
        yield from self.spells[State.WAITING].values()
        yield from self.spells[State.TOLD].values()


@dataclass(slots=True)
class Outcome:
    """What a step changed. A case may be in all three of opened, grown and over only over several steps."""

    at: datetime
    opened: list[Case] = field(default_factory=list[Case])
    grown: list[Case] = field(default_factory=list[Case])  # somebody joined
    over: list[Case] = field(default_factory=list[Case])
    told: list[Spell] = field(default_factory=list[Spell])  # those of opened and grown cases
    changed: list[Spell] = field(default_factory=list[Spell])  # spells to be kept
    gone: list[Subject] = field(default_factory=list[Subject])  # spells to be forgotten


def step(
    rule: Rule, book: Book, *, at: datetime, began: Iterable[Spell], ended: Iterable[Subject], zone: ZoneInfo
) -> Outcome:
    """Take in what began and ended up to `at`, and do what is due then. The book is changed."""
    outcome = Outcome(at)
    _take_in(book, outcome, began, ended)
    _let_go(rule, book, outcome)
    _tell(rule, book, outcome, zone)
    return outcome


def due_after(rule: Rule, book: Book, at: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the next moment at which a step would do something though nothing begins or ends."""
    moments = [spell.ended_at + rule.clear for spell in book.spells[State.CLEARING].values() if spell.ended_at]
    for spell in book.spells[State.WAITING].values():
        told_at = max(spell.since + rule.hold, book.rests_until.get(spell.group, spell.since))
        if told_at <= at:  # only quiet hours keep it
            told_at = rule.quiet.end_after(at, zone) if rule.quiet else told_at
        moments.append(told_at)
    return min((moment for moment in moments if moment > at), default=None)


def advance(
    rule: Rule, book: Book, intervals: Iterable[Interval], *, since: datetime, until: datetime, zone: ZoneInfo
) -> Iterator[Outcome]:
    """Yield the outcomes of all moments in [since, until) at which something happens, in order.

    The book must hold all spells. What it holds at `since` and no interval covers ends there.
    """
    merged = _merged(intervals, until)
    began_at: dict[datetime, list[Spell]] = {}
    ended_at: dict[datetime, list[Subject]] = {}
    covered: set[Subject] = set()
    for subject, group, hours in merged:
        if hours.ends_at <= since:
            continue
        if hours.starts_at <= since:
            covered.add(subject)
        spell = Spell(subject=subject, group=group, since=hours.starts_at)
        began_at.setdefault(max(since, hours.starts_at), []).append(spell)
        if hours.ends_at < until:
            ended_at.setdefault(hours.ends_at, []).append(subject)
    ended_at.setdefault(since, []).extend(spell.subject for spell in book.holding() if spell.subject not in covered)
    edges = iter(sorted({*began_at, *ended_at}))
    edge = next(edges, None)
    at: datetime | None = None
    while True:
        due = None if at is None else due_after(rule, book, at, zone)
        at = min((moment for moment in (edge, due) if moment is not None), default=until)
        if at >= until:
            return
        if at == edge:
            edge = next(edges, None)
        yield step(rule, book, at=at, began=began_at.get(at, ()), ended=ended_at.get(at, ()), zone=zone)


def _take_in(book: Book, outcome: Outcome, began: Iterable[Spell], ended: Iterable[Subject]) -> None:
    for subject in ended:
        spell = book.find(subject)
        turn = MOVES[State.OVER if spell is None else spell.state].get(Turn.ENDS)
        if spell is None or turn is None:
            continue
        del book.spells[spell.state][subject]
        if turn is State.OVER:
            outcome.gone.append(subject)
            continue
        spell.ended_at = outcome.at
        book.put(spell)
        outcome.changed.append(spell)
    for new in began:
        spell = book.find(new.subject) or new
        if Turn.BEGINS not in MOVES[State.OVER if spell is new else spell.state]:
            continue
        if spell is not new:
            del book.spells[spell.state][spell.subject]
            spell.ended_at = None
        book.put(spell)
        outcome.changed.append(spell)


def _let_go(rule: Rule, book: Book, outcome: Outcome) -> None:
    clearing = book.spells[State.CLEARING]
    away = [spell for spell in clearing.values() if spell.ended_at and outcome.at - spell.ended_at >= rule.clear]
    for spell in away:
        del clearing[spell.subject]
        outcome.gone.append(spell.subject)
        case = book.cases.get(spell.group)
        if case is None or case.opened_at != spell.case:
            continue  # a person ended it before
        case.size -= 1
        if not case.size:
            del book.cases[spell.group]
            book.rests_until[spell.group] = outcome.at + rule.rest
            outcome.over.append(case)


def _tell(rule: Rule, book: Book, outcome: Outcome, zone: ZoneInfo) -> None:
    at = outcome.at
    ripe = [spell for spell in book.spells[State.WAITING].values() if at - spell.since >= rule.hold]
    is_quiet = rule.quiet is not None and rule.quiet.holds(at, zone)
    opened: dict[Subject, Case] = {}
    for spell in sorted(ripe, key=lambda each: (each.since, each.subject)):
        case = book.cases.get(spell.group)
        if case is None:
            if is_quiet or book.rests_until.get(spell.group, at) > at:
                continue
            case = book.cases[spell.group] = opened[spell.group] = Case(group=spell.group, opened_at=at)
            outcome.opened.append(case)
        elif spell.group not in opened and case not in outcome.grown:
            outcome.grown.append(case)
        del book.spells[State.WAITING][spell.subject]
        spell.case, case.size, case.seen_at = case.opened_at, case.size + 1, at
        book.put(spell)
        outcome.told.append(spell)
        outcome.changed.append(spell)


def _merged(intervals: Iterable[Interval], until: datetime) -> list[Interval]:
    """Return the same time without overlaps of one subject; what touches is one. What begins later is left out."""
    by_subject: dict[Subject, list[Interval]] = {}
    for interval in intervals:
        if interval.hours.starts_at < min(until, interval.hours.ends_at):
            by_subject.setdefault(interval.subject, []).append(interval)
    found: list[Interval] = []
    for each in by_subject.values():
        each.sort(key=lambda interval: interval.hours.starts_at)
        current = each[0]
        for following in each[1:]:
            if following.hours.starts_at <= current.hours.ends_at:
                ends_at = max(current.hours.ends_at, following.hours.ends_at)
                current = current._replace(hours=Hours(current.hours.starts_at, ends_at))
            else:
                found.append(current)
                current = following
        found.append(current)
    return found
