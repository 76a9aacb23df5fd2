"""`gridwarden doctor`: looks at a deployment and says, a line a check, what is well and what to do about the rest.

It reads and measures, and changes nothing. Exit code 1 when anything is bad.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from gridwarden.descriptors import room_for_connections
from gridwarden.diagnosis import Finding, Grade, is_bad
from gridwarden.doctor_database import examine as examine_database
from gridwarden.doctor_machine import (
    examine_broker,
    examine_certificate,
    examine_descriptors,
    examine_disk,
    examine_redis,
    now,
)
from gridwarden.doctor_mosquitto import examine as examine_mosquitto
from gridwarden.doctor_sms import examine as examine_sms
from gridwarden.embedded import EmbeddedPostgres
from gridwarden.options import Database, Redis, settings_of
from gridwarden.settings import Settings
from ingest.doors.subscribe import broker_of


def doctor(
    *,
    data: Annotated[Path | None, typer.Option(help="Folder of `gridwarden up`.  [default: .gridwarden]")] = None,
    database: Database = None,
    redis: Redis = None,
    broker: Annotated[str | None, typer.Option(help="A running broker, mqtt://user:password@host")] = None,
    mosquitto_conf: Annotated[list[Path] | None, typer.Option(help="A mosquitto.conf; may be given again")] = None,
    terminals: Annotated[int | None, typer.Option(min=1, help="How many are to connect to one ingest")] = None,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM file that the door shows")] = None,
    tls_client_ca: Annotated[Path | None, typer.Option(help="PEM file of the authority of client certificates")] = None,
    sms_gateways: Annotated[Path | None, typer.Option(help="YAML file of SMS gateways: each is asked once")] = None,
) -> None:
    """Check a deployment: a line for each check, and what to do; exit code 1 when something is bad."""
    settings = settings_of(
        data=data,
        database=database,
        redis=redis,
        broker=broker,
        tls_certificate=tls_certificate,
        tls_client_ca=tls_client_ca,
        sms_gateways=sms_gateways,
    )
    findings: list[Finding] = []
    for finding in _findings(settings, mosquitto_conf or [], terminals):
        findings.append(finding)
        typer.echo(finding.line())
    raise typer.Exit(is_bad(findings))


def _findings(settings: Settings, configurations: list[Path], terminals: int | None) -> Iterator[Finding]:
    yield examine_descriptors(room_for_connections(), terminals)
    for path in (settings.tls_certificate, settings.tls_client_ca):
        if path is not None:
            yield examine_certificate(path, now=now())
    yield from _database(settings)
    if settings.redis is not None:
        yield from examine_redis(settings.redis)
    if settings.broker is not None:
        yield from examine_broker(broker_of(settings.broker))
    yield from examine_sms(settings)
    for path in configurations:
        yield from examine_mosquitto(path.read_text())


def _database(settings: Settings) -> Iterator[Finding]:
    dsn = settings.database
    if dsn is None:
        yield examine_disk(settings.data.resolve())
        embedded = EmbeddedPostgres(settings.data.resolve())
        if not embedded.answers:
            yield Finding(Grade.WARN, "database: the embedded one is down", "start gridwarden up, or give --database")
            return
        dsn = embedded.dsn
    try:
        connection = psycopg.connect(dsn, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        yield Finding(
            Grade.BAD, f"database: no answer ({' '.join(str(error).split())})", "start it, or correct --database"
        )
        return
    with connection:
        yield from examine_database(connection, now=now())
