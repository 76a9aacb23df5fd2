"""What is wrong with a database: settings that lose data or time, a schema that is behind, days that are not made."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import psycopg

from gridwarden.diagnosis import Finding, Grade, judged
from tracker.database.migrate import MigrationError, pending
from tracker.database.partitions import days_missing

Connection = psycopg.Connection[Any]

_MB: Final = 1024 * 1024
OLDEST_POSTGRES, NEWEST_POSTGRES = 17, 18
OLDEST_TIMESCALE: Final = (2, 18)
SHORTEST_CHECKPOINT_S: Final = 900
SMALLEST_WAL: Final = 2_048 * _MB
FEWEST_KEPT: Final = 1_024 * _MB
SMALLEST_BUFFERS: Final = 256 * _MB
MOST_SKEW_S: Final = 1.0
WORST_SKEW_S: Final = 30.0  # a fix 60 s ahead of us is refused: half of that is gone
DAYS_AHEAD: Final = 2


class Rule(NamedTuple):
    """A setting that must be one of these words."""

    name: str
    wanted: frozenset[str]
    otherwise: Grade
    advice: str


WORDS: Final = (
    Rule("fsync", frozenset({"on"}), Grade.BAD, "a power cut corrupts the database: set it to on"),
    Rule("full_page_writes", frozenset({"on"}), Grade.BAD, "a power cut may tear pages: set it to on"),
    Rule(
        "synchronous_commit",
        frozenset({"on", "local", "remote_write", "remote_apply"}),
        Grade.BAD,
        "what a terminal holds a PUBACK for may be lost: set it to on",
    ),
    Rule("data_checksums", frozenset({"on"}), Grade.WARN, "silent corruption stays silent: pg_checksums --enable"),
    Rule(
        "wal_compression",
        frozenset({"off", "lz4", "zstd"}),
        Grade.WARN,
        "with pglz a position costs four times the CPU after each checkpoint: set it to lz4 or off",
    ),
    Rule("TimeZone", frozenset({"UTC", "Etc/UTC", "GMT"}), Grade.WARN, "days are cut in UTC: set timezone to UTC"),
)


def examine(connection: Connection, *, now: datetime) -> list[Finding]:
    """Return what is to be said about the database behind an autocommitting connection. Changes nothing."""
    said = _settings(connection)
    return [
        _version(said),
        *(_word(rule, said) for rule in WORDS),
        *_sizes(connection),
        *_timescale(connection),
        _clock(connection, now),
        *_schema(connection, now),
    ]


def _settings(connection: Connection) -> Mapping[str, str]:
    rows = connection.execute("SELECT name, setting FROM pg_settings").fetchall()
    return dict(rows)


def _version(said: Mapping[str, str]) -> Finding:
    major = int(said["server_version_num"]) // 10_000
    what = f"database: PostgreSQL {said['server_version']}"
    if major > NEWEST_POSTGRES:
        return Finding(Grade.WARN, what, f"newer than what was tried ({OLDEST_POSTGRES} and {NEWEST_POSTGRES})")
    return judged(what, f"upgrade to {OLDEST_POSTGRES} or {NEWEST_POSTGRES}", is_well=major >= OLDEST_POSTGRES)


def _word(rule: Rule, said: Mapping[str, str]) -> Finding:
    value = said.get(rule.name, "unknown")
    what = f"database: {rule.name} {value}"
    return judged(what, rule.advice, is_well=value in rule.wanted, otherwise=rule.otherwise)


def _sizes(connection: Connection) -> list[Finding]:
    row = connection.execute(
        """
        SELECT extract(epoch FROM current_setting('checkpoint_timeout')::interval)::int,
            pg_size_bytes(current_setting('max_wal_size')), pg_size_bytes(current_setting('min_wal_size')),
            pg_size_bytes(current_setting('shared_buffers'))
        """
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate-free SELECT without FROM has one row
    checkpoint_s, wal, kept, buffers = row
    few = "checkpoints come often, and each makes the next writes four times as large"
    return [
        judged(
            f"database: checkpoint_timeout {checkpoint_s} s",
            f"{few}: set it to 30min",
            is_well=checkpoint_s >= SHORTEST_CHECKPOINT_S,
            otherwise=Grade.WARN,
        ),
        judged(
            f"database: max_wal_size {wal // _MB} MB",
            f"{few}: set it to 8GB or more",
            is_well=wal >= SMALLEST_WAL,
            otherwise=Grade.WARN,
        ),
        judged(
            f"database: min_wal_size {kept // _MB} MB",
            "a new file of the WAL is filled with zeros while all wait: set it to 4GB, and old ones are used again",
            is_well=kept >= FEWEST_KEPT,
            otherwise=Grade.WARN,
        ),
        judged(
            f"database: shared_buffers {buffers // _MB} MB",
            "the index of the running hours should fit: set it to a quarter of the memory",
            is_well=buffers >= SMALLEST_BUFFERS,
            otherwise=Grade.WARN,
        ),
    ]


def _timescale(connection: Connection) -> list[Finding]:
    row = connection.execute(
        """
        SELECT extversion, current_setting('timescaledb.license', true) FROM pg_extension WHERE extname = 'timescaledb'
        """
    ).fetchone()
    if row is None:
        return [Finding(Grade.OK, "database: plain PostgreSQL, without TimescaleDB")]
    version, licence = str(row[0]), str(row[1])
    parts = tuple(int(part) for part in version.split("-", maxsplit=1)[0].split(".")[:2])
    return [
        judged(
            f"database: TimescaleDB {version}",
            "upgrade it to 2.18 or later",
            is_well=parts >= OLDEST_TIMESCALE,
        ),
        judged(
            f"database: TimescaleDB's licence {licence}",
            "the Apache edition has no compression: install the Community edition",
            is_well=licence == "timescale",
        ),
    ]


def _clock(connection: Connection, now: datetime) -> Finding:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    theirs: datetime = now if row is None else row[0]
    skew_s = abs((theirs - now).total_seconds())
    grade = Grade.WARN if skew_s <= WORST_SKEW_S else Grade.BAD
    advice = "run NTP on both machines: fixes are refused as of the future by our clock"
    return judged(f"clock: {skew_s:.1f} s from the database's", advice, is_well=skew_s <= MOST_SKEW_S, otherwise=grade)


def _schema(connection: Connection, now: datetime) -> list[Finding]:
    try:
        behind = pending(connection)
    except MigrationError as error:
        return [Finding(Grade.BAD, "schema", str(error))]
    if behind:
        return [Finding(Grade.BAD, f"schema: {len(behind)} migrations behind", "run gridwarden migrate")]
    today = now.astimezone(UTC).date()
    wanted = [today + timedelta(days=day) for day in range(DAYS_AHEAD + 1)]
    missing = days_missing(connection, wanted)
    return [
        Finding(Grade.OK, "schema: up to date"),
        judged(
            f"schema: {len(missing)} of the next {len(wanted)} days not made",
            "ingest makes them while it runs; gridwarden migrate does too",
            is_well=not missing,
            otherwise=Grade.WARN,
        ),
    ]
