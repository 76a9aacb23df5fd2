"""What a load run found: the shape of report.json, and the one strict way to read it back.

Seconds and milliseconds are in the names. None means that nobody measured it; `Report.not_yet` has the reason under the
value's path ("latency.frame", "counts.stored", "crossings"). Nothing here computes: whoever measured fills it in.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

FORMAT: Final = 1


class ReportError(Exception):
    """No report, or one that this version cannot read; the text says which file and why."""


class Machine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cores: int
    cpu: str = ""
    memory_gb: float = 0.0
    system: str = ""
    python: str = ""
    postgres: str = ""


class Connections(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    real: int = 0  # terminals with a connection of their own
    gateway: int = 0  # connections that carry many terminals each
    gateway_kind: str = "none"  # none, listener or broker
    at_most: int = 0  # most that were open at one moment


class Counts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fixes, unless said otherwise."""

    due: int | None = None
    published: int | None = None
    messages: int | None = None  # QoS 1, each once: an array of fixes is one, and so are a status, a press, an answer
    acknowledged: int | None = None  # by PUBACK
    receipted: int | None = None  # by the answer on the `stored` topic
    stored: int | None = None
    lost: int | None = None  # acknowledged and not stored
    duplicated: int | None = None  # stored more than once
    refused: int | None = None  # by the system, though nothing was wrong with it
    refused_on_purpose: int | None = None  # misbehaviour that the system had to refuse, and did
    unacknowledged: int | None = None  # published, and no PUBACK until the end
    dropped: int | None = None  # by the terminal, whose memory was full
    reconnects: int | None = None
    logins_refused: int | None = None
    sos: int | None = None
    alerts: int | None = None


class Percentiles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Milliseconds from the intended moment of publication: waiting in a queue of ours counts."""

    count: int
    p50: float
    p90: float
    p99: float
    p999: float
    max: float
    curve: Sequence[tuple[float, float]] = ()  # quantile from 0 to 1, milliseconds


class Latency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    puback: Percentiles | None = None
    receipt: Percentiles | None = None
    frame: Percentiles | None = None  # of the live map, at a viewer


class Second(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One second of the run. Fixes a second, except for connections and the lag."""

    t_s: float
    due: int
    published: int
    acknowledged: int
    connected: int
    lag_s: float = 0.0  # of the load tool behind its own schedule


class Process(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    cpu_pct: float  # of one core, on average
    cpu_pct_max: float
    rss_mb: float
    rss_mb_max: float
    cpu_s: float
    series: Sequence[tuple[float, float, float]] = ()  # t_s, cpu_pct, rss_mb


class Cost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    fleet_us_per_message: float | None = None
    fleet_kb_per_connection: float | None = None
    system_us_per_position: float | None = None
    by_process: Mapping[str, float] = {}  # name -> CPU microseconds a position


class Crossings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sample: int  # terminals whose true way is known
    expected: int
    reported: int
    matched: int
    missed: int
    unexpected: int


class Viewers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    viewers: int
    units: int
    frames: int
    snapshots: int
    resumes: int
    slow: int
    wrong_at_end: int  # viewers that did not hold the newest state of their unit
    out_of_order: int
    gaps: int  # resumed with something missing
    members: int
    strangers: int = 0  # members shown who are not of the unit


class Warned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    at_s: float
    level: str
    unit: str
    told: int
    acknowledged: int | None = None
    issue_s: float | None = None  # how long issuing it took
    first_frame_s: float | None = None  # until the first viewer saw it


class Goal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str  # as in the scenario's goals: lost, ack_p99_s, connected_share
    wanted: float
    found: float | None = None
    held: bool | None = None  # None: could not be judged


class Report(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int = FORMAT
    name: str = "Gridwarden"  # of what was under load: a column's head where reports stand side by side
    version: str
    scenario: str
    started_at: float  # seconds since 1970
    ended_at: float
    seed: int
    command: str
    machine: Machine
    terminals: int
    interval_s: float
    duration_s: float
    held: bool
    connections: Connections = Connections()
    counts: Counts = Counts()
    latency: Latency = Latency()
    timeline: Sequence[Second] = ()
    processes: Sequence[Process] = ()
    cost: Cost = Cost()
    crossings: Crossings | None = None
    viewers: Viewers | None = None
    warnings: Sequence[Warned] = ()
    sms: Mapping[str, float] | None = None
    goals: Sequence[Goal] = ()
    not_yet: Mapping[str, str] = {}
    trouble: Sequence[str] = ()


class _Head(msgspec.Struct):
    format: int


def read_report(path: Path) -> Report:
    """Read a report.json.

    Raises:
        ReportError: There is no such file, it is not a report, or of another format.

    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}") from error
    try:
        head = msgspec.json.decode(text, type=_Head)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ReportError(f"{path} is not a report: {error}") from error
    if head.format != FORMAT:
        raise ReportError(f"{path} has format {head.format}, this version reads format {FORMAT}: measure again with it")
    try:
        return msgspec.json.decode(text, type=Report)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ReportError(f"{path} is damaged: {error}") from error
