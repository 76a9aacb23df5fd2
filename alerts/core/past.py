"""From what a history of people says to the times at which a rule's condition held. It is read elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple

from alerts.core.cases import Interval, Subject
from alerts.core.rules import Kind, Measure, Rule, Threshold
from alerts.core.tree import Node, Tree
from tracker.model.duty import Hours, on_hours

FORGOTTEN_AFTER: Final = timedelta(days=1)  # who was heard longer ago is off-line, and no more looked for


class Sign(NamedTuple):
    """A terminal of a member came on-line, or was heard no more."""

    member: int
    terminal: int
    at: datetime
    is_online: bool


class Stay(NamedTuple):
    """A member was in a place (a leaf, by id), as far as they were on-line."""

    member: int
    unit: int
    hours: Hours


@dataclass(slots=True, kw_only=True)
class Past:
    """What a part of the city was like between two times."""

    since: datetime
    until: datetime
    homes: Mapping[int, int] = field(default_factory=dict[int, int])  # member -> unit
    online: Mapping[int, Sequence[Hours]] = field(default_factory=dict[int, Sequence[Hours]])
    silent: Mapping[int, Sequence[Hours]] = field(default_factory=dict[int, Sequence[Hours]])
    outings: Mapping[int, Sequence[Hours]] = field(default_factory=dict[int, Sequence[Hours]])
    shifts: Mapping[int, Sequence[Hours]] = field(default_factory=dict[int, Sequence[Hours]])  # of whom rosters speak
    presses: Sequence[tuple[Subject, Hours]] = ()
    stays: Sequence[Stay] = ()


def intervals(rule: Rule, past: Past, tree: Tree, *, rank: int | None) -> list[Interval]:
    """Return when the rule's condition held, and of whom. `rank` is of the level at which subjects share a case."""
    threshold = rule.threshold
    held = _of_people(rule, past) if threshold is None else _of_units(rule, threshold, past, tree)
    return [Interval(subject, group_of(subject, tree, rank), hours) for subject, hours in held]


def group_of(subject: Subject, tree: Tree, rank: int | None) -> Subject:
    """Return what a subject's case is about."""
    return subject if rank is None else Subject(tree.home_of(subject.unit, rank))


def presence(
    signs: Iterable[Sign], since: datetime, until: datetime
) -> tuple[dict[int, list[Hours]], dict[int, list[Hours]]]:
    """Return when each member was on-line by any terminal, and when they were silent: heard of, and not on-line.

    `signs` are in order of (member, terminal, time). What a terminal's first sign ends is taken to have been so before.
    """
    online: dict[int, list[Hours]] = {}
    known: dict[int, datetime] = {}
    for (member, _terminal), group in groupby(signs, key=lambda sign: (sign.member, sign.terminal)):
        ordered = list(group)
        known[member] = min(known.get(member, until), since if not ordered[0].is_online else ordered[0].at)
        spans = online.setdefault(member, [])
        began = None if ordered[0].is_online or ordered[0].at <= since else since
        for sign in ordered:
            if sign.is_online and began is None:
                began = sign.at
            elif not sign.is_online and began is not None:
                spans.append(Hours(began, sign.at))
                began = None
            if not sign.is_online:
                known[member] = min(known[member], sign.at)
        if began is not None:
            spans.append(Hours(began, until))
    merged = {member: on_hours(spans, leave=(), calls=()) for member, spans in online.items()}
    return merged, {member: _gaps(known[member], spans, until) for member, spans in merged.items()}


def _gaps(since: datetime, spans: Sequence[Hours], until: datetime) -> list[Hours]:
    gaps = on_hours([Hours(since, until)], leave=spans, calls=()) if since < until else []
    return [Hours(gap.starts_at, min(gap.ends_at, gap.starts_at + FORGOTTEN_AFTER)) for gap in gaps]


def _of_people(rule: Rule, past: Past) -> list[tuple[Subject, Hours]]:
    if rule.kind is Kind.SOS:
        return list(past.presses)
    held = past.silent if rule.kind is Kind.SILENT else past.outings
    return [
        (Subject(past.homes[member], member), hours)
        for member, spans in held.items()
        if member in past.homes
        for hours in (_on_duty(past, member, spans) if rule.on_duty_only else spans)
    ]


def _on_duty(past: Past, member: int, spans: Sequence[Hours]) -> Sequence[Hours]:
    """Return what of the spans lies in the member's shifts; all of them when no roster speaks of them."""
    return spans if member not in past.shifts else common(spans, past.shifts[member])


def common(left: Sequence[Hours], right: Sequence[Hours]) -> list[Hours]:
    """Return what two lists of spans share; each is in order and without overlaps."""
    found: list[Hours] = []
    at = 0
    for hours in left:
        while at and (at == len(right) or right[at].starts_at > hours.starts_at):
            at -= 1
        while at < len(right) and right[at].starts_at < hours.ends_at:
            starts_at, ends_at = max(hours.starts_at, right[at].starts_at), min(hours.ends_at, right[at].ends_at)
            if starts_at < ends_at:
                found.append(Hours(starts_at, ends_at))
            at += 1
    return found


def _of_units(rule: Rule, threshold: Threshold, past: Past, tree: Tree) -> list[tuple[Subject, Hours]]:
    counted = _counted(threshold.measure, past)
    people = set(past.homes.values())
    found: list[tuple[Subject, Hours]] = []
    for place, spans in _by_place(rule.at_level or "", counted, people, tree).items():
        if threshold.is_below and not any(_lies_in(unit, place, tree) for unit in people):
            continue  # whom it should have is a question of staffing
        found += [(Subject(place.unit), hours) for hours in crossed(threshold, spans, past.since, past.until)]
    return found


def _by_place(
    level: str, counted: Iterable[tuple[int, Hours]], people: Iterable[int], tree: Tree
) -> dict[Node, list[Hours]]:
    """Return the spans of each unit of the level that has people, or something counted."""
    found: dict[Node, list[Hours]] = {}
    memory: dict[int, Node | None] = {}

    def place_of(unit: int) -> Node | None:
        if unit not in memory:
            node = tree.nodes.get(unit)
            while node is not None and node.level != level:
                node = None if node.parent is None else tree.nodes.get(node.parent)
            memory[unit] = node
        return memory[unit]

    for unit in people:
        place = place_of(unit)
        if place is not None:
            found.setdefault(place, [])
    for unit, hours in counted:
        place = place_of(unit)
        if place is not None:
            found.setdefault(place, []).append(hours)
    return found


def _lies_in(unit: int, place: Node, tree: Tree) -> bool:
    node = tree.nodes.get(unit)
    return node is not None and place.left <= node.left <= place.right


def _counted(measure: Measure, past: Past) -> Iterable[tuple[int, Hours]]:
    """Yield (unit, hours) of everybody who counts there."""
    if measure is Measure.PRESENT:
        for stay in past.stays:
            for hours in common([stay.hours], past.online.get(stay.member, ())):
                yield stay.unit, hours
        return
    for member, unit in past.homes.items():
        for hours in _spans_of(measure, member, past):
            yield unit, hours


def _spans_of(measure: Measure, member: int, past: Past) -> Sequence[Hours]:
    if measure is Measure.ON_DUTY and member in past.shifts:
        return past.shifts[member]
    if measure is Measure.SILENT:
        return past.silent.get(member, ())
    if measure is Measure.OUTSIDE:
        return past.outings.get(member, ())
    return past.online.get(member, ())


def crossed(threshold: Threshold, spans: Sequence[Hours], since: datetime, until: datetime) -> list[Hours]:
    """Return when the number of spans that hold at once crosses the threshold."""
    edges: dict[datetime, int] = {since: 0}
    for hours in spans:
        starts_at, ends_at = max(hours.starts_at, since), min(hours.ends_at, until)
        if starts_at < ends_at:
            edges[starts_at] = edges.get(starts_at, 0) + 1
            edges[ends_at] = edges.get(ends_at, 0) - 1
    found: list[Hours] = []
    count, began = 0, None
    for at in sorted(edges):
        count += edges[at]
        is_crossed = at < until and threshold.is_crossed(count)
        if is_crossed and began is None:
            began = at
        elif not is_crossed and began is not None:
            found.append(Hours(began, at))
            began = None
    if began is not None:
        found.append(Hours(began, until))
    return found
