"""The refusals of a batch: how many by reason, and the rows to keep (one a packet and reason, however many reports)."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from ingest.pipeline.batch import Batch
from ingest.rules import screen
from ingest.rules.packets import Packet
from ingest.rules.screen import Verdicts
from ingest.store.refusals import RefusedRow
from ingest.wire.reports import Reason, Refusal


@dataclass(slots=True)
class Refusals:
    counts: Counter[str] = field(default_factory=Counter[str])
    rows: list[RefusedRow] = field(default_factory=list[RefusedRow])
    by_packet: dict[int, list[Refusal]] = field(default_factory=dict[int, list[Refusal]])


def collect(batch: Batch, verdicts: Verdicts, answers: list[tuple[int, Refusal]]) -> Refusals:
    """Put together what the decoders, the rules and the database (`answers`) refused."""
    found = Refusals()
    refused = np.flatnonzero(verdicts > screen.DUPLICATE)
    judged = [
        (int(report["packet"]), Refusal(int(report["at"]), _reason(int(verdict)), _detail(report)))
        for report, verdict in zip(batch.reports[refused], verdicts[refused], strict=True)
    ]
    for place, refusal in (*batch.refusals, *judged, *answers):
        _add(found, place, refusal, batch.packets[place])
    return found


def _add(found: Refusals, place: int, refusal: Refusal, packet: Packet) -> None:
    found.counts[refusal.reason.value] += refusal.reports
    earlier = found.by_packet.setdefault(place, [])
    if all(other.reason is not refusal.reason for other in earlier):
        found.rows.append(
            RefusedRow(
                received_at_us=packet.received_at_us,
                terminal=packet.terminal,
                topic=packet.topic,
                reason=refusal.reason.value,
                detail=f"report {refusal.at}: {refusal.detail}" if refusal.at else refusal.detail,
                payload=packet.payload,
            )
        )
    earlier.append(refusal)


def _reason(verdict: int) -> Reason:
    reason = screen.REASONS[verdict]
    assert reason is not None  # noqa: S101 - verdicts above DUPLICATE have one
    return reason


def _detail(report: np.void) -> str:
    return f"t={report['t_s']:.3f} lon={report['lon']:.7f} lat={report['lat']:.7f}"
