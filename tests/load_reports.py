"""Builders of load reports: a city of 2,703 terminals that held, with whatever a test wants otherwise."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from simulators.report.model import (
    Connections,
    Cost,
    Counts,
    Crossings,
    Goal,
    Latency,
    Machine,
    Percentiles,
    Process,
    Report,
    Second,
    Viewers,
    Warned,
)

DURATION_S = 120
TERMINALS = 2703
BEGAN_S = 1_795_000_000.0
FIXES = 10_812
QUANTILES = (*(number / 50 for number in range(50)), 0.99, 0.995, 0.999, 0.9995, 0.9999, 1.0)


def a_report(**otherwise: Any) -> Report:
    """Return a report of which every value is there, except what is given as something else."""
    report = Report(
        version="0.1.0",
        scenario="steady",
        started_at=BEGAN_S,
        ended_at=BEGAN_S + DURATION_S + 9.3,
        seed=7,
        command="gridwarden load --up --terminals 2703 --interval 30 --for 120 --seed 7 --report run",
        machine=Machine(
            cores=2, cpu="AMD EPYC 7B13", memory_gb=23.4, system="Debian 12", python="3.11.2", postgres="18.6"
        ),
        terminals=TERMINALS,
        interval_s=30.0,
        duration_s=float(DURATION_S),
        held=True,
        connections=Connections(real=TERMINALS, at_most=TERMINALS),
        counts=some_counts(),
        latency=Latency(
            puback=a_latency(median=18.0, spread=0.55),
            receipt=a_latency(median=31.0, spread=0.5),
            frame=a_latency(median=420.0, spread=0.4),
        ),
        timeline=a_timeline(),
        processes=[
            a_process("ingest", cpu_pct=9.1, rss_mb=121),
            a_process("dashboard", cpu_pct=4.4, rss_mb=148),
            a_process("alerts", cpu_pct=0.9, rss_mb=74),
            a_process("postgres", cpu_pct=12.2, rss_mb=310),
            a_process("fleet-0", cpu_pct=2.6, rss_mb=96),
            a_process("viewers-0", cpu_pct=3.0, rss_mb=88),
        ],
        cost=Cost(
            fleet_us_per_message=27.4,
            fleet_kb_per_connection=2.6,
            system_us_per_position=261.0,
            by_process={"ingest": 101.0, "dashboard": 49.0, "alerts": 10.0, "postgres": 135.0},
        ),
        crossings=Crossings(sample=135, expected=61, reported=62, matched=60, missed=1, unexpected=2),
        viewers=some_viewers(),
        warnings=[
            Warned(at_s=40, level="red", unit="Heluo county", told=1204, acknowledged=838, issue_s=0.31,
                   first_frame_s=0.44),
            Warned(at_s=80, level="yellow", unit="Zhengbian street", told=96, acknowledged=61, issue_s=0.08,
                   first_frame_s=0.21),
        ],
        goals=[
            Goal(name="lost", wanted=0, found=0, held=True),
            Goal(name="duplicated", wanted=0, found=0, held=True),
            Goal(name="unexpected_refusals", wanted=0, found=0, held=True),
            Goal(name="ack_p99_s", wanted=1.0, found=0.0781, held=True),
            Goal(name="frame_p99_s", wanted=2.0, found=1.11, held=True),
            Goal(name="lag_s", wanted=0.5, found=0.034, held=True),
            Goal(name="connected_share", wanted=0.99, found=1.0, held=True),
            Goal(name="viewers_wrong", wanted=0, found=0, held=True),
        ],
        not_yet={"sms": "text messages are sent by a later release"},
    )  # fmt: skip
    return msgspec.structs.replace(report, **otherwise)


def a_lossy_report(**otherwise: Any) -> Report:
    """Return a report of a run in which positions were lost and the answers came late."""
    return a_report(**{
        "held": False,
        "counts": some_counts(stored=FIXES - 129, lost=117, duplicated=4, unacknowledged=12, reconnects=2703),
        "goals": [
            Goal(name="lost", wanted=0, found=117, held=False),
            Goal(name="duplicated", wanted=0, found=4, held=False),
            Goal(name="ack_p99_s", wanted=1.0, found=4.2, held=False),
            Goal(name="frame_p99_s", wanted=2.0),
        ],
        "latency": Latency(puback=a_latency(median=61, spread=1.4)),
        "viewers": None,
        "crossings": None,
        "not_yet": {
            "latency.receipt": "the terminals of this run asked for no receipt",
            "latency.frame": "no viewer was started",
            "viewers": "no viewer was started",
            "crossings": "the peer knows no borders",
            "sms": "text messages are sent by a later release",
        },
        "trouble": ["fleet-0: connection reset by peer", "ingest ended with 137 and was started again"],
    } | otherwise)  # fmt: skip


def some_counts(**otherwise: Any) -> Counts:
    counts = Counts(
        due=FIXES,
        published=FIXES,
        messages=10_640,
        acknowledged=FIXES,
        receipted=FIXES,
        stored=FIXES,
        lost=0,
        duplicated=0,
        refused=0,
        refused_on_purpose=0,
        unacknowledged=0,
        dropped=0,
        reconnects=3,
        logins_refused=0,
        sos=2,
        alerts=2,
    )
    return msgspec.structs.replace(counts, **otherwise)


def some_viewers(**otherwise: Any) -> Viewers:
    viewers = Viewers(
        viewers=200,
        units=100,
        frames=23_871,
        snapshots=200,
        resumes=41,
        slow=20,
        wrong_at_end=0,
        out_of_order=0,
        gaps=0,
        members=2703,
    )
    return msgspec.structs.replace(viewers, **otherwise)


def a_latency(*, median: float, spread: float, count: int = FIXES) -> Percentiles:
    """Return a log-normal latency: as a queue behind batches has it."""
    drawn = np.sort(np.random.default_rng(int(median)).lognormal(np.log(median), spread, count))
    at = {
        name: float(np.quantile(drawn, q)) for name, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999))
    }
    curve = [(quantile, float(np.quantile(drawn, quantile))) for quantile in QUANTILES]
    return Percentiles(count=count, max=float(drawn[-1]), curve=curve, **at)


def a_timeline(length_s: int = DURATION_S) -> Sequence[Second]:
    rng = np.random.default_rng(3)
    due = rng.poisson(TERMINALS / 30, length_s)
    late = np.concatenate([[0], due[:-1] // 20])
    return [
        Second(
            t_s=second,
            due=int(due[second]),
            published=int(due[second]),
            acknowledged=int(due[second] - due[second] // 20 + late[second]),
            connected=TERMINALS,
            lag_s=float(rng.exponential(0.004)),
        )
        for second in range(length_s)
    ]


def a_process(name: str, *, cpu_pct: float, rss_mb: float) -> Process:
    rng = np.random.default_rng(len(name))
    cpu = np.maximum(rng.normal(cpu_pct, cpu_pct / 5, DURATION_S), 0)
    rss = rss_mb + np.linspace(0, rss_mb / 20, DURATION_S)
    return Process(
        name=name,
        cpu_pct=float(cpu.mean()),
        cpu_pct_max=float(cpu.max()),
        rss_mb=float(rss.mean()),
        rss_mb_max=float(rss.max()),
        cpu_s=float(cpu.sum() / 100),
        series=[(float(second), float(cpu[second]), float(rss[second])) for second in range(DURATION_S)],
    )
