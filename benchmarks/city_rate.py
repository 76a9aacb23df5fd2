"""`python -m benchmarks.city_rate [NAME ...]`: a city's whole rate on one machine, each program a process of its own.

Database, ingest, the live map's process, alerts and the load tool share the machine; `gridwarden load` publishes on an
open-loop schedule and looks for every acknowledged fix in the database. `listen-*`: ingest listens, `broker-*`: it
subscribes at Mosquitto. Each run's report stays in benchmarks/results/city_rate/NAME.

The files of PostgreSQL's WAL have been round once before, as they have after its first quarter of an hour: new ones
are written full of zeros first, by whoever needs them.

In the first interval everybody comes on line at once, and each first fix has its row of presence beside it. The delays
are given of the whole run, and apart of what was due after the first minute.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.capacity import GRIDWARDEN, RESULTS, SEED
from benchmarks.peers.mosquitto import start_broker
from benchmarks.peers.service import Service, free_port
from gridwarden.embedded import EmbeddedPostgres
from gridwarden.load_run import LEDGER
from simulators.load.latency import answered_us, percentiles
from simulators.load.ledgers import read_sent
from simulators.report.model import Report, read_report
from simulators.report.page import JSON

FOLDER: Final = RESULTS.parent / "city_rate"
FIGURES: Final = FOLDER / "figures.json"
TERMINALS: Final = 270_342
VIEWERS: Final = 20
WAL_FILES: Final = 520  # of 16 MB: max_wal_size
BAD: Final = ("broken_json", "future", "repeated", "foreign_topic")
HELD, MISSED = 0, 1  # exit codes of the load tool
COMING_S: Final = 60  # until everybody has come on line
SCENARIO: Final = """\
name: {name}
title: {name}
about: Everybody reports at their interval, for the highest rate of a city.
starts_at: "10:00"
interval_s: {interval_s:g}
connect_within_s: 60
connects_before_start: true
misbehaviour: {{share: {bad:g}, every_s: 1, kinds: [{kinds}]}}
handsets: {{sos_per_hour: 0.001, fixes_per_message: {fixes}}}
goals: {{lost: 0, duplicated: 0, unexpected_refusals: 0, ack_p99_s: {ack_p99_s}, frame_p99_s: 2.0, lag_s: 1.0}}
"""
_GATEWAY_SECRET: Final = "for-load-tests-on-this-machine"  # noqa: S105 - of a door that lives for the run
_COUNTED: Final = ("published", "acknowledged", "stored", "lost", "duplicated")
_PATIENCE_S: Final = 900.0
_OF_A_BROKER: Final = 19_400  # connections: a process here may hold 20,000 descriptors, and so may the broker


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    name: str
    interval_s: float
    fixes: int
    duration_s: int
    ack_p99_s: float
    is_behind_broker: bool = False
    bad: float = 0.0  # share of the terminals whose every report is a bad one


RUNS: Final = (
    Run(name="listen-city", interval_s=30, fixes=1, duration_s=600, ack_p99_s=0.3),
    Run(name="listen-threes", interval_s=10, fixes=3, duration_s=600, ack_p99_s=0.5),
    Run(name="listen-summit", interval_s=10, fixes=1, duration_s=120, ack_p99_s=1.5),
    # 9,011 good messages a second, and 1,001 bad ones
    Run(name="listen-bad", interval_s=27, fixes=1, duration_s=120, ack_p99_s=0.5, bad=0.1),
    Run(name="broker-city", interval_s=30, fixes=1, duration_s=600, ack_p99_s=0.3, is_behind_broker=True),
    Run(name="broker-threes", interval_s=10, fixes=3, duration_s=600, ack_p99_s=0.5, is_behind_broker=True),
)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.city_rate", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(run.name for run in RUNS))
    parser.add_argument("--for", dest="duration_s", type=int, help="seconds of each run")
    parser.add_argument("--data", type=Path, required=True, help="data folder with the full-size city, and its roster")
    parser.add_argument("--ingests", type=int, default=1, help="so many listen on one port  [default: 1]")
    parser.add_argument("--roster", type=Path, help="folder of terminals.csv  [DATA/city]")
    asked = parser.parse_args(arguments)
    rows: dict[str, dict[str, object]] = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    for run in RUNS:
        if not asked.names or run.name in asked.names:
            rows[_named(run, asked)] = _made(run, asked)
            FIGURES.parent.mkdir(parents=True, exist_ok=True)
            FIGURES.write_text(json.dumps(rows, indent=1) + "\n")
    _show(rows)
    return 0


def _named(run: Run, asked: argparse.Namespace) -> str:
    return run.name if asked.ingests == 1 or run.is_behind_broker else f"{run.name}-{asked.ingests}"


def _go_round(data: Path) -> None:
    """Let the WAL need as many files as it ever will; a checkpoint keeps them to be used again."""
    if len(list((data / "postgres" / "pg_wal").iterdir())) > WAL_FILES // 2:
        return
    Console().print("filling the files of the WAL: a minute or two")
    cluster = EmbeddedPostgres(data)
    cluster.start()
    try:
        with psycopg.connect(cluster.dsn, autocommit=True) as connection:
            for _ in range(WAL_FILES):
                connection.execute("SELECT pg_logical_emit_message(false, 'round', ''), pg_switch_wal()")
            connection.execute("CHECKPOINT")
    finally:
        cluster.stop()


def _made(run: Run, asked: argparse.Namespace) -> dict[str, object]:
    folder, duration_s = FOLDER / _named(run, asked), asked.duration_s or run.duration_s
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        scenario = scratch / f"{run.name}.yaml"
        scenario.write_text(
            SCENARIO.format(
                name=run.name,
                interval_s=run.interval_s,
                fixes=run.fixes,
                ack_p99_s=run.ack_p99_s,
                bad=run.bad,
                kinds=", ".join(BAD if run.bad else ()),
            )
        )
        _go_round(asked.data)
        with _services(run, scratch) as words:
            done = subprocess.run(  # noqa: S603 - our own command
                [
                    *(*GRIDWARDEN, "load", "--up", "--data", str(asked.data), "--seed", str(SEED)),
                    *("--roster", str(asked.roster or asked.data / "city"), "--scenario", str(scenario)),
                    *("--terminals", str(TERMINALS), "--for", str(duration_s), "--viewers", str(VIEWERS)),
                    *("--report", str(folder), "--prepare", "--keep-ledger", *words),
                    *([] if run.is_behind_broker else ["--ingests", str(asked.ingests)]),
                ],
                env=os.environ | {"GRIDWARDEN_LOAD_GATEWAY": _GATEWAY_SECRET},
                check=False,
                timeout=duration_s + _PATIENCE_S,
            )
    if done.returncode not in (HELD, MISSED):
        raise SystemExit(f"{run.name}: the load tool ended with exit code {done.returncode}: nothing was measured")
    row = _row(read_report(folder / JSON)) | _later(folder / LEDGER)
    shutil.rmtree(folder / LEDGER)
    return row


@contextmanager
def _services(run: Run, scratch: Path) -> Generator[list[str]]:
    """Start Redis, and Mosquitto where the run wants it; yield the words that name them."""
    port = free_port()
    redis = Service(
        name="redis",
        command=["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        log=scratch / "redis.log",
    )
    redis.start()
    broker: Service | None = None
    words = ["--redis", f"redis://127.0.0.1:{port}", "--watch", f"redis={redis.pid}"]
    try:
        if run.is_behind_broker:
            broker, mqtt = start_broker(scratch)
            words += ["--broker", f"mqtt://127.0.0.1:{mqtt}", "--watch", f"mosquitto={broker.pid}"]
            words += ["--connections", str(_OF_A_BROKER)]
        yield words
    finally:
        if broker is not None:
            broker.stop()
        redis.stop()


def _row(report: Report) -> dict[str, object]:
    published = [second.published for second in report.timeline]
    spans = {"puback": report.latency.puback, "frame": report.latency.frame}
    return {
        "seconds": len(published),
        "terminals": report.terminals,
        "connections": report.connections.real,
        "positions_per_s": float(np.median(published)) if published else None,
        **{f"{name}_p50_ms": None if span is None else round(span.p50) for name, span in spans.items()},
        **{f"{name}_p99_ms": None if span is None else round(span.p99) for name, span in spans.items()},
        **{f"cpu_{process.name}_pct": round(process.cpu_pct, 1) for process in report.processes},
        **{f"us_{name}": round(spent_us, 1) for name, spent_us in report.cost.by_process.items()},
        **{
            name: getattr(report.counts, name) for name in ("published", "acknowledged", "stored", "lost", "duplicated")
        },
        "missed": [goal.name for goal in report.goals if goal.held is False],
    }


def _later(ledger: Path) -> dict[str, float]:
    """Return the delays of what was due after everybody had come on line."""
    sent = read_sent(ledger)
    due_us = np.asarray(sent.rows["due_us"])
    is_later = due_us >= due_us.min() + COMING_S * 1_000_000
    found = percentiles(np.asarray(answered_us(sent, np.where(is_later, sent.acknowledged_us, 0))))
    if found is None:
        return {}
    return {
        "later_count": found.count,
        "later_p50_ms": round(found.p50),
        "later_p99_ms": round(found.p99),
        "later_max_ms": round(found.max),
    }


def _show(rows: Mapping[str, Mapping[str, object]]) -> None:
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    table = Table("", *rows)
    for name in names:
        table.add_row(name, *(str(row.get(name, "")) for row in rows.values()))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
