"""What a worker of viewers is told, what it says on its standard output, and the files it leaves.

`python -m simulators.viewers PLAN.json` writes JSON lines, told apart by `event`: `ready` once (everybody is connected
and has seen their unit, or the time to connect is over), `progress` each second, `said` about trouble, `done` at last.

Files (shapes in simulators/ledger.py unless here): seen.bin, what the measuring viewers were told and when; final.bin,
what the witness of each unit (its first viewer in this worker) held at the end; digests.bin, what every viewer held.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

# One row a viewer: equal digests of one unit mean equal members, places and times of arrival. A unit above street level
# with many members is a summary (1): counts by grid, and of its members only those with an open SOS.
DIGEST: Final = np.dtype(
    [
        ("viewer", "<i4"),
        ("unit", "<i4"),
        ("tick", "<u4"),
        ("members", "<u4"),
        ("is_summary", "u1"),
        ("digest", "<u8"),
    ]
)
# Who may be seen in which unit; the plan names the file.
ROLL: Final = np.dtype([("unit", "<i4"), ("member", "<u4")])
DIGEST_FILE: Final = "digests.bin"


class PlanError(Exception):
    """The plan is none."""


class ViewersPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Viewer k of all workers watches `units[k % len(units)]`; those with k < len(units) measure.

    Witnesses (and so the measuring ones) are quick, stay connected and stay with their unit. Of the others the shares
    below are drawn by `seed`, each for itself: a viewer may be slow and reconnect as well.
    """

    http: str  # where the dashboard is, http://host:port or https://
    headers: Mapping[str, str] = {}  # of the handshake: a session's Cookie, or Authorization: Bearer
    ca: str | None = None  # certificate file that an https:// is checked against; None: the system's
    units: Sequence[int]
    first: int = 0
    count: int
    slow_share: float = 0.0
    slow_s: float = 3.0  # how long a slow viewer leaves what arrived unread and unacknowledged
    reconnect_share: float = 0.0
    reconnect_every_s: float = 20.0
    away_s: float = 3.0  # between a cut connection and the next
    switch_share: float = 0.0
    switch_every_s: float = 15.0
    connect_within_s: float = 10.0  # connections begin evenly over this time
    duration_s: float
    settle_s: float = 15.0  # at the end: how long to wait until all viewers of a unit agree
    starts_at: float  # epoch s
    roll: str | None = None  # file of ROLL; None: strangers are not looked for
    out: str  # folder
    seed: int = 0


class Counts(msgspec.Struct, kw_only=True):
    """What happened so far. Everything from `out_of_order` on is a fault, and is 0 in a right system."""

    viewers: int = 0
    units: int = 0
    connected: int = 0  # now
    frames: int = 0
    bytes: int = 0  # of frames
    snapshots: int = 0
    deltas: int = 0
    summaries: int = 0  # frames of counts by grid
    news: int = 0  # JSON messages
    resumes: int = 0  # watches that named the epoch and tick to go on from
    reconnects: int = 0  # connections after a viewer's first
    switches: int = 0
    slow: int = 0  # viewers
    refused: int = 0  # handshakes and watches
    lost: int = 0  # connections that ended without our will
    lag_s: float = 0.0  # the worst lateness of the worker itself
    out_of_order: int = 0  # a tick that did not grow, a member older than before
    gaps: int = 0  # a resume answered otherwise than by the changes since, rows missed on the way
    strangers: int = 0  # members who are not of the unit
    beyond_credit: int = 0  # frames sent while two were unacknowledged
    misfits: int = 0  # what is no frame or no message


class Ready(msgspec.Struct, frozen=True, tag_field="event", tag="ready"):
    connected: int


class Progress(msgspec.Struct, frozen=True, tag_field="event", tag="progress"):
    at: float  # epoch s
    counts: Counts


class Said(msgspec.Struct, frozen=True, tag_field="event", tag="said"):
    line: str


class Done(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="done"):
    """`members` are those of all final pictures of the witnesses.

    `wrong_at_end` are the viewers who never held what their witness did at the same tick, or were not connected in the
    end; the latter are `away_at_end`.
    """

    counts: Counts
    members: int
    wrong_at_end: int
    away_at_end: int = 0
    wrong: Sequence[int] = ()  # the first ten of them
    issued: Mapping[str, float] = {}  # by alert: when the first viewer heard that it was issued, epoch s
    cpu_s: float
    rss_kb: int


Event = Ready | Progress | Said | Done


def read_plan(path: Path) -> ViewersPlan:
    """Raises PlanError."""
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=ViewersPlan)
    except (OSError, msgspec.MsgspecError) as trouble:
        raise PlanError(f"{path}: {trouble}") from trouble
    if not plan.units or plan.count < 1:
        raise PlanError(f"{path}: no units or no viewers")
    return plan


def encode(event: Event) -> bytes:
    """Return one line."""
    return msgspec.json.encode(event) + b"\n"


def decode(line: bytes) -> Event:
    """Raises msgspec.MsgspecError."""
    return msgspec.json.decode(line, type=Event)
