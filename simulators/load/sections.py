"""The parts of a report, each from the figures that it takes. Pure."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np

from simulators.fleet.events import Figures
from simulators.load.audit import Finding, Sent, per_second
from simulators.load.latency import answered_us, framed_us, percentiles
from simulators.load.plan import Instant, LoadPlan
from simulators.load.witness import Rows
from simulators.report import model
from simulators.viewers.plan import Counts as Watched
from simulators.viewers.plan import Done

LOAD: Final = frozenset({"fleet", "viewers", "conductor"})  # the load tool's own processes; all others are the system's
_ENOUGH: Final = 500  # connections, before memory divided by them says something
_US: Final = 1_000_000


def counts(sent: Sent, fleet: Figures, finding: Finding | None, *, refused: int | None) -> model.Counts:
    """Fixes as the ledgers have them: good ones, each once; what the fleet alone knows is taken from its words."""
    good = sent.is_good & sent.was_sent
    asked = fleet.receipts_asked > 0
    return model.Counts(
        due=fleet.due,
        published=len(np.unique(sent.keys[good])),
        messages=fleet.messages,
        acknowledged=len(np.unique(sent.keys[good & (sent.acknowledged_us > 0)])),
        receipted=len(np.unique(sent.keys[good & (sent.receipted_us > 0)])) if asked else None,
        stored=None if finding is None else finding.stored,
        lost=None if finding is None else finding.lost,
        duplicated=None if finding is None else finding.duplicated,
        refused=refused,
        refused_on_purpose=None if finding is None else finding.refused_on_purpose,
        unacknowledged=int((good & ~sent.was_answered).sum()),
        dropped=fleet.dropped,
        reconnects=fleet.reconnects,
        logins_refused=fleet.logins_refused,
        sos=fleet.sos,
        alerts=fleet.alerts_heard,
    )


def connections(plan: LoadPlan, fleet: Figures) -> model.Connections:
    has_gateway = plan.gateway is not None and plan.own_connections < plan.terminals
    return model.Connections(
        real=plan.own_connections,
        gateway=max(plan.gateway.connections, plan.workers) if plan.gateway and has_gateway else 0,
        gateway_kind=plan.gateway_kind if has_gateway else "none",
        at_most=fleet.most_connected,
    )


def latency(sent: Sent, seen: Rows, members: Rows | None, *, not_yet: dict[str, str]) -> model.Latency:
    """Return the three latencies; `not_yet` is told why the frames' is missing."""
    if members is None and len(seen):
        not_yet["latency.frame"] = "nobody said which member carries which terminal"
    frames = framed_us(sent, seen, members) if members is not None else np.zeros(0, np.int64)
    if members is not None and len(seen) and not len(frames):
        not_yet["latency.frame"] = "no position that was published came to a viewer who measures"
    return model.Latency(
        puback=percentiles(answered_us(sent, sent.acknowledged_us)),
        receipt=percentiles(answered_us(sent, sent.receipted_us)),
        frame=percentiles(frames),
    )


def connected_at_end(sent: Sent, seconds: Sequence[Instant], *, starts_at: float) -> float | None:
    """Return how much of the connections wanted was up when the last fix was due; None when nobody wanted one."""
    last_due_s = int(sent.rows["due_us"].max(initial=0)) / _US - starts_at
    before = [each for each in seconds if each.wanted and each.t_s <= last_due_s]
    return before[-1].connected / before[-1].wanted if before else None


def timeline(sent: Sent, seconds: Sequence[Instant], *, starts_at: float, ended_at: float) -> list[model.Second]:
    """Return each second: what was due, published, acknowledged by the ledgers; the connections as they were told."""
    length = max(1, math.ceil(ended_at - starts_at))
    rows = sent.rows
    columns = [
        per_second(moments, starts_at=starts_at, seconds=length)
        for moments in (np.asarray(rows["due_us"]), np.asarray(rows["sent_us"]), sent.acknowledged_us)
    ]
    said = {int(each.t_s): (each.connected, each.lag_s) for each in seconds}
    last = (0, 0.0)
    found: list[model.Second] = []
    for t_s in range(length):
        last = said.get(t_s, last)
        due, published, acknowledged = (column[t_s] for column in columns)
        found.append(
            model.Second(
                t_s=t_s,
                due=due,
                published=published,
                acknowledged=acknowledged,
                connected=last[0],
                lag_s=round(last[1], 3),
            )
        )
    return found


def cost(
    cpu_s: Mapping[str, float],
    processes: Sequence[model.Process],
    *,
    messages: int | None,
    stored: int | None,
    connections: int,
) -> model.Cost:
    """Return what a message and a connection cost the fleet, and what a position cost each process of the system.

    A connection's memory is what the fleet's processes grew by since the first second, when hardly any was up.
    """
    by_process = {name: round(spent * _US / stored, 2) for name, spent in cpu_s.items() if stored and name not in LOAD}
    fleet = next((process for process in processes if process.name == "fleet"), None)
    grown_mb = fleet.rss_mb_max - fleet.series[0][2] if fleet and connections >= _ENOUGH else None
    return model.Cost(
        fleet_kb_per_connection=None if grown_mb is None else round(grown_mb * 1024 / connections, 2),
        fleet_us_per_message=round(cpu_s.get("fleet", 0.0) * _US / messages, 2) if messages and fleet else None,
        system_us_per_position=round(sum(by_process.values()), 2) if by_process else None,
        by_process=by_process,
    )


def viewers(watched: Watched, done: Sequence[Done], *, wrong: Collection[int]) -> model.Viewers | None:
    """Return how the viewers fared; wrong are who differ from their unit's first, and those `wrong` by the tables."""
    if not watched.viewers:
        return None
    return model.Viewers(
        viewers=watched.viewers,
        units=watched.units,
        frames=watched.frames,
        snapshots=watched.snapshots,
        resumes=watched.resumes,
        slow=watched.slow,
        wrong_at_end=min(watched.viewers, sum(each.wrong_at_end for each in done) + len(wrong)),
        out_of_order=watched.out_of_order,
        gaps=watched.gaps,
        strangers=watched.strangers,
        members=sum(each.members for each in done),
    )
