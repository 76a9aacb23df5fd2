"""What came of a run: its ledgers against the witness's tables, and all of it as a report.

Everything here happens after the load, in arrays: five million rows take seconds and some hundred megabytes.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np

from simulators.fleet.events import Figures
from simulators.ledger import TO_BE_REFUSED
from simulators.load import ledgers, sections
from simulators.load.audit import Finding, Sent, asked_ms, compare, displaced, said_of, span_ms, stored_keys
from simulators.load.borders import crossings
from simulators.load.goals import holds, judge
from simulators.load.machine import this_machine
from simulators.load.onlookers import wrong_viewers
from simulators.load.plan import Instant, LoadPlan
from simulators.load.stage import unplayed
from simulators.load.witness import Rows, Witness
from simulators.report.model import Crossings, Process, Report, Warned
from simulators.viewers.plan import Counts, Done

_NAMED: Final = 5
NO_WITNESS: Final = "nobody who knows the database was asked: give --database"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What is known of a run when its last worker has ended."""

    starts_at: float  # epoch s
    ended_at: float  # of publishing
    viewed_until: float  # by viewers, after all was stored
    fleet: Figures
    viewers: Counts
    viewers_done: Sequence[Done]
    warnings: Sequence[Warned]
    processes: Sequence[Process]
    cpu_s: Mapping[str, float]  # by name, while the fleet published
    seconds: Sequence[Instant]
    trouble: Sequence[str]
    is_cut_short: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the witness said before the run."""

    refused: Mapping[str, int] | None
    placed: Rows | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the witness said."""

    finding: Finding
    members: Rows | None
    newest: Rows | None
    crossings: Rows | None
    placed: Rows | None  # before the run
    refused: int | None  # during the run
    sos: int | None
    about: str


async def find(plan: LoadPlan, played: Played, *, witness: Witness | None, before: Before | None) -> Report:
    """Return the report of a run, judged."""
    sent = await asyncio.to_thread(ledgers.read_sent, plan.folder)
    seen = None if witness is None else await _ask(witness, plan, sent, before)
    return await asyncio.to_thread(_compose, plan, played, sent, seen)


async def _ask(witness: Witness, plan: LoadPlan, sent: Sent, before: Before | None) -> Seen:
    since_ms, until_ms = asked_ms(sent)
    chunks = [chunk async for chunk in witness.stored(since_ms=since_ms, until_ms=until_ms)]
    since_ms, until_ms = span_ms(sent)
    finding = await asyncio.to_thread(_compare, sent, chunks, plan.terminals)
    refused = await witness.refused()
    known = Before(refused=None, placed=None) if before is None else before
    return Seen(
        finding=finding,
        members=await witness.members(),
        newest=await witness.newest(since_ms=since_ms, until_ms=until_ms),
        crossings=await witness.crossings(since_ms=since_ms, until_ms=until_ms),
        placed=known.placed,
        refused=None if refused is None else sum(refused.values()) - sum((known.refused or {}).values()),
        sos=await witness.emergencies(since_ms=since_ms, until_ms=until_ms),
        about=await witness.about(),
    )


def _compare(sent: Sent, chunks: Sequence[Rows], terminals: int) -> Finding:
    """Compare keys, then places: a fix that is stored where nobody was is lost, too."""
    found, elsewhere = compare(sent, stored_keys(chunks, terminals=terminals)), displaced(sent, chunks)
    return replace(found, lost=found.lost + len(elsewhere), displaced=elsewhere)


def _compose(plan: LoadPlan, played: Played, sent: Sent, seen: Seen | None) -> Report:
    not_yet: dict[str, str] = {}
    finding = None if seen is None else seen.finding
    counts = sections.counts(sent, played.fleet, finding, refused=_refused(played, sent, seen))
    report = Report(
        version=plan.version,
        scenario=plan.scenario.name,
        started_at=played.starts_at,
        ended_at=played.ended_at,
        seed=plan.seed,
        command=plan.command,
        machine=this_machine(database="" if seen is None else seen.about),
        terminals=plan.terminals,
        interval_s=plan.interval_s,
        duration_s=plan.duration_s,
        held=False,
        connections=sections.connections(plan, played.fleet),
        counts=counts,
        latency=sections.latency(
            sent,
            ledgers.read_seen(plan.folder),
            None if seen is None else seen.members,
            not_yet=not_yet,
        ),
        timeline=sections.timeline(sent, played.seconds, starts_at=played.starts_at, ended_at=played.ended_at),
        processes=played.processes,
        cost=sections.cost(
            played.cpu_s,
            played.processes,
            messages=counts.messages,
            stored=counts.stored,
            connections=played.fleet.most_connected,
        ),
        crossings=_crossings(plan, seen),
        viewers=sections.viewers(played.viewers, played.viewers_done, wrong=_wrong_viewers(plan, played, seen)),
        warnings=played.warnings,
        not_yet=not_yet,
        trouble=[*played.trouble, *_trouble(plan, played, finding)],
    )
    share = sections.connected_at_end(sent, played.seconds, starts_at=played.starts_at)
    return _judged(plan, played, _reasons(report, not_yet, seen), connected_share=share)


def _crossings(plan: LoadPlan, seen: Seen | None) -> Crossings | None:
    if seen is None or seen.crossings is None:
        return None
    truth = ledgers.read_truth(plan.folder)
    return crossings(plan.roster, truth, seen.crossings, interval_s=plan.interval_s, placed=seen.placed)


def _wrong_viewers(plan: LoadPlan, played: Played, seen: Seen | None) -> set[int]:
    final, digests = ledgers.read_final(plan.folder), ledgers.read_digests(plan.folder)
    if seen is None or seen.newest is None or not len(digests):
        return set()
    roll = ledgers.read_roll(plan.roll)
    return wrong_viewers(final, digests, seen.newest, roll, until_ms=int(played.viewed_until * 1000))


def _refused(played: Played, sent: Sent, seen: Seen | None) -> int | None:
    """Return how many reports were refused though nothing was wrong with them.

    The system counts reports, whatever was wrong; of those that had to be refused the fleet has a row each.
    """
    if seen is None or seen.refused is None:
        return None
    on_purpose = int(((np.asarray(sent.rows["flags"]) & TO_BE_REFUSED != 0) & sent.was_sent).sum())
    return max(0, seen.refused - max(on_purpose, played.fleet.on_purpose))


def _trouble(plan: LoadPlan, played: Played, finding: Finding | None) -> list[str]:
    late = unplayed(plan.scenario.events, duration_s=plan.duration_s)
    lines = ["the run was ended early"] if played.is_cut_short else []
    lines += [late] if late else []
    if finding is None:
        return lines
    if len(finding.missing):
        lines.append(f"lost, among others: {_named(finding.missing)} (places in {plan.roster}, from 0)")
    if len(finding.displaced):
        lines.append(
            f"{len(finding.displaced):,} positions are stored at another place than was said, and count as lost, "
            f"among them: {_named(finding.displaced)}"
        )
    if finding.foreign:
        lines.append(f"{finding.foreign:,} positions of these terminals are stored that nobody here published")
    if finding.kept_though_bad:
        lines.append(f"{finding.kept_though_bad:,} positions are stored that had to be refused")
    return lines


def _named(keys: Rows) -> str:
    return ", ".join(f"terminal {place} at {said_ms} ms" for place, said_ms in map(said_of, keys[:_NAMED].tolist()))


def _reasons(report: Report, not_yet: dict[str, str], seen: Seen | None) -> Report:
    """Say why each figure that is missing is missing."""
    if seen is None:
        not_yet.update({f"counts.{name}": NO_WITNESS for name in ("stored", "lost", "duplicated", "refused")})
    if report.counts.receipted is None:
        not_yet["counts.receipted"] = not_yet["latency.receipt"] = "the scenario's handsets ask for no receipts"
    if report.viewers is None:
        not_yet["viewers"] = not_yet["latency.frame"] = "nobody watched the map: give --viewers"
    if report.crossings is None:
        not_yet["crossings"] = (
            NO_WITNESS if seen is None else "nobody's true way is known, or the system keeps no crossings"
        )
    if any(each.first_frame_s is None for each in report.warnings):
        not_yet["warnings.first_frame_s"] = "no viewer was told of it" if report.viewers else "nobody watched the map"
    not_yet["sms"] = "no SMS centre takes part in a load run yet"
    return msgspec.structs.replace(report, not_yet=not_yet)


def _judged(plan: LoadPlan, played: Played, report: Report, *, connected_share: float | None) -> Report:
    worst_lag_s = played.fleet.worst_lag_s
    goals = judge(plan.scenario.goals, report, worst_lag_s=worst_lag_s, connected_share=connected_share)
    return msgspec.structs.replace(report, goals=goals, held=holds(goals))
