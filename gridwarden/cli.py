"""The command line. Options override environment variables GRIDWARDEN_*; trouble ends in one line and exit code 1."""

import asyncio
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from pydantic import ValidationError

from dashboard.program import PortTaken
from gridwarden.account_commands import AccountError, account_app
from gridwarden.alone import Program, SettingMissingError, needed, run_alone
from gridwarden.city_commands import city_app
from gridwarden.console import Progress
from gridwarden.doctor_command import doctor
from gridwarden.door import SharingError, door_of_ingest
from gridwarden.embedded import EmbeddedPostgresError
from gridwarden.first_city import NoCityError, ensure_names, new_logins
from gridwarden.folder import FolderError
from gridwarden.load_command import load
from gridwarden.load_wish import LoadError
from gridwarden.options import Database, MetricsHost, MetricsPort, Redis, run, settings_of
from gridwarden.password_file import PasswordFileError
from gridwarden.ports import PortTakenError
from gridwarden.programs import Programs
from gridwarden.reach import reached
from gridwarden.refused_command import NotShownError, refused
from gridwarden.scraping import MetricsPortError, scraped
from gridwarden.sign_on import SignOnError
from gridwarden.sms_centre_command import SmsCentreError, sms_centre
from gridwarden.sms_gateways import SmsGatewaysError
from gridwarden.strangers import show_replay, show_simulation
from gridwarden.terminal_commands import terminal_app
from gridwarden.terminal_desk import TerminalError
from gridwarden.tls import CertificateError
from gridwarden.up import up as run_up
from gridwarden.weather import WeatherError
from ingest.doors.subscribe import BrokerUrlError
from ingest.store.owners import OwnershipLostError
from simulators.fleet.journal import JournalError
from simulators.fleet.limits import LimitError
from simulators.replay import RefusedError
from simulators.roster import Credential, RosterError
from simulators.sms_centre.faults import FaultsError
from simulators.sources.recording import RecordingError
from simulators.terminals.connector import AddressError
from tracker.bus.connect import BusUrlError
from tracker.city.export import NothingToExportError
from tracker.city.files import CityFileError
from tracker.city.load import CityExistsError
from tracker.city.tree import TreeError
from tracker.database.migrate import MigrationError, migrate
from tracker.database.partitions import ensure_partitions_at
from tracker.organisation.errors import Refused
from tracker.organisation.provisioning import DoorAddressError

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Real-time positioning and early warnings for a city."
)

app.add_typer(city_app, name="city")
app.add_typer(account_app, name="account")
app.add_typer(terminal_app, name="terminal")
app.command(name="sms-centre")(sms_centre)
app.command(name="load")(load)
app.command(name="doctor")(doctor)
app.command(name="refused")(refused)

TROUBLE = (
    EmbeddedPostgresError,
    FolderError,
    PortTakenError,
    PortTaken,
    MetricsPortError,
    NotShownError,
    MigrationError,
    SettingMissingError,
    SharingError,
    OwnershipLostError,
    CertificateError,
    NoCityError,
    AccountError,
    SignOnError,
    WeatherError,
    CityFileError,
    CityExistsError,
    RosterError,
    AddressError,
    LimitError,
    JournalError,
    RecordingError,
    RefusedError,
    FaultsError,
    LoadError,
    SmsCentreError,
    SmsGatewaysError,
    TreeError,
    NothingToExportError,
    Refused,
    BrokerUrlError,
    DoorAddressError,
    TerminalError,
    PasswordFileError,
    BusUrlError,
    ValidationError,
    psycopg.Error,
    OSError,
)
DEFAULT_ROSTER = Path(".gridwarden/city")

Data = Annotated[Path | None, typer.Option(help="Folder of everything that is kept.  [default: .gridwarden]")]
Broker = Annotated[str | None, typer.Option(help="Subscribe at this MQTT broker, mqtt://..., instead of listening")]
Host = Annotated[str | None, typer.Option(help="Address to listen at.  [default: 127.0.0.1]")]
Port = Annotated[int | None, typer.Option(help="Port of the map.  [default: 8000]")]
MqttPort = Annotated[int | None, typer.Option(help="Port for terminals.  [default: 1883, with TLS 8883]")]
MqttWsPort = Annotated[
    int | None, typer.Option(help="Port for terminals that speak MQTT over WebSocket.  [default: none]")
]
MqttConnections = Annotated[
    int | None, typer.Option(help="Most terminals connected at a time.  [default: what the limit of open files allows]")
]
MqttLogins = Annotated[
    float | None,
    typer.Option("--mqtt-logins-per-s", help="Log-ins of terminals a second; the others wait.  [default: 500]"),
]
Certificate = Annotated[Path | None, typer.Option(help="PEM file: terminals connect over TLS, and not without")]
Key = Annotated[Path | None, typer.Option(help="PEM file of its key, if that is not in the same file")]
ClientCa = Annotated[
    Path | None, typer.Option(help="PEM file: a terminal whose certificate it signed needs no password")
]
ClientRequired = Annotated[
    bool | None, typer.Option("--tls-client-required", help="No terminal without such a certificate")
]
LoadGateway = Annotated[
    str | None,
    typer.Option(
        help="For load tests only: with this secret, user `gateway` may write as any terminal. 16 or more long"
    ),
]
For = Annotated[float | None, typer.Option("--for", help="Stop by itself after so many seconds")]
Seed = Annotated[int, typer.Option(help="Same seed, same city and same walks")]


def main() -> None:
    """Entry point of the command; turns expected trouble into one line."""
    try:
        app()
    except TROUBLE as error:
        _fail(error)
    except BaseExceptionGroup as group:
        known, unknown = group.split(TROUBLE)
        if known is None or unknown is not None:
            raise
        _fail(_first(known))


@app.command()
def up(
    *,
    data: Data = None,
    host: Host = None,
    port: Port = None,
    mqtt_port: MqttPort = None,
    simulate: Annotated[int | None, typer.Option(help="Terminals that walk on the map")] = None,
    broker: Broker = None,
    database: Database = None,
    redis: Redis = None,
    for_s: For = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same city and same walks.  [default: 1]")] = None,
    mqtt_ws_port: MqttWsPort = None,
    mqtt_connections: MqttConnections = None,
    mqtt_logins_per_s: MqttLogins = None,
    tls_certificate: Certificate = None,
    tls_key: Key = None,
    tls_client_ca: ClientCa = None,
    tls_client_required: ClientRequired = None,
    load_gateway: LoadGateway = None,
) -> None:
    """Run everything in one process, on an embedded PostgreSQL unless told otherwise."""
    settings = settings_of(
        data=data,
        host=host,
        port=port,
        mqtt_port=mqtt_port,
        simulate=simulate,
        broker=broker,
        database=database,
        redis=redis,
        for_s=for_s,
        seed=seed,
        mqtt_ws_port=mqtt_ws_port,
        mqtt_connections=mqtt_connections,
        mqtt_logins_per_s=mqtt_logins_per_s,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
        tls_client_ca=tls_client_ca,
        tls_client_required=tls_client_required,
        load_gateway=load_gateway,
    )
    run(run_up(settings))


@app.command(name="migrate")
def migrate_command(*, database: Database = None) -> None:
    """Bring a database's schema up to date, and make the days that positions go into."""
    dsn = needed(settings_of(database=database).database, "--database (GRIDWARDEN_DATABASE)")
    progress = Progress()
    count = migrate(dsn, say=progress.step)
    ensure_partitions_at(dsn, datetime.now(UTC).date())
    run(ensure_names(dsn))
    progress.done()
    progress.print(f"{count} migrations applied")


@app.command()
def logins(*, database: Database = None) -> None:
    """Give the accounts of the command centre new passwords, and print them."""
    with Progress() as progress, reached(settings_of(database=database), progress) as dsn:
        made = asyncio.run(new_logins(dsn))
    for login in made:
        progress.print(f"{login.name}   {login.password}")


@app.command()
def ingest(
    *,
    database: Database = None,
    redis: Redis = None,
    broker: Broker = None,
    mqtt_host: Annotated[str | None, typer.Option(help="Address to listen at for terminals")] = None,
    mqtt_port: MqttPort = None,
    mqtt_ws_port: MqttWsPort = None,
    mqtt_connections: MqttConnections = None,
    mqtt_logins_per_s: MqttLogins = None,
    tls_certificate: Certificate = None,
    tls_key: Key = None,
    tls_client_ca: ClientCa = None,
    tls_client_required: ClientRequired = None,
    load_gateway: LoadGateway = None,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = None,
    share: Annotated[
        bool | None, typer.Option("--share", help="Listen beside others on this port  [default: take all over]")
    ] = None,
) -> None:
    """Packets in, committed positions out: listens for terminals, or subscribes at a broker."""
    settings = settings_of(
        database=database,
        redis=redis,
        broker=broker,
        mqtt_host=mqtt_host,
        mqtt_port=mqtt_port,
        mqtt_ws_port=mqtt_ws_port,
        mqtt_connections=mqtt_connections,
        mqtt_logins_per_s=mqtt_logins_per_s,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
        tls_client_ca=tls_client_ca,
        tls_client_required=tls_client_required,
        load_gateway=load_gateway,
        metrics_port=metrics_port,
        metrics_host=metrics_host,
        share=share,
    )
    listen = door_of_ingest(settings)

    def choose(programs: Programs) -> Program:
        return partial(programs.ingest, listen=listen, broker=settings.broker)

    with scraped(settings):
        run(run_alone(settings, "ingest", choose))


@app.command()
def alerts(
    *,
    database: Database = None,
    redis: Redis = None,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = None,
) -> None:
    """Sends what is queued, chases who does not answer."""
    settings = settings_of(database=database, redis=redis, metrics_port=metrics_port, metrics_host=metrics_host)

    def choose(programs: Programs) -> Program:
        return programs.alerts

    with scraped(settings):
        run(run_alone(settings, "alerts", choose))


@app.command()
def dashboard(*, database: Database = None, redis: Redis = None, host: Host = None, port: Port = None) -> None:
    """REST, WebSocket and the web app."""
    settings = settings_of(database=database, redis=redis, host=host, port=port)

    def choose(programs: Programs) -> Program:
        return partial(programs.dashboard, host=settings.host, port=settings.port)

    run(run_alone(settings, "dashboard", choose))


@app.command(name="simulate")
def simulate_command(
    *,
    url: Annotated[str, typer.Option(help="Where terminals connect")] = "mqtt://127.0.0.1:1883",
    roster: Annotated[Path, typer.Option(help="Folder of terminals.csv and grids.geojson")] = DEFAULT_ROSTER,
    terminals: Annotated[int, typer.Option(help="How many of the roster, one MQTT connection each")] = 500,
    interval: Annotated[float, typer.Option(help="Seconds between two reports of a terminal")] = 5.0,
    receipts: Annotated[float, typer.Option(min=0, max=1, help="Share of the terminals that ask for receipts")] = 0.0,
    backlog: Annotated[
        Path | None, typer.Option(help="Keep each fix in this folder until it is safe, across kills of this program")
    ] = None,
    seed: Seed = 1,
    for_s: For = None,
) -> None:
    """Simulated people who walk and drive through their grids, lose the signal and press SOS."""
    run(
        show_simulation(
            roster=roster,
            url=url,
            terminals=terminals,
            interval_s=interval,
            seed=seed,
            receipts_share=receipts,
            backlog=backlog,
            for_s=for_s,
        )
    )


@app.command(name="replay")
def replay_command(
    *,
    files: Annotated[list[Path], typer.Argument(help="GPX files, NMEA logs, OwnTracks recorder lines (.rec)")],
    url: Annotated[str, typer.Option(help="Where terminals connect")] = "mqtt://127.0.0.1:1883",
    roster: Annotated[Path, typer.Option(help="Folder of terminals.csv; one terminal a file")] = DEFAULT_ROSTER,
    terminal: Annotated[str | None, typer.Option(help="Replay as this terminal, not as one of the roster")] = None,
    secret: Annotated[str | None, typer.Option(help="Its secret")] = None,
    skip: Annotated[int, typer.Option(help="Leave out so many of the roster: those that are simulated")] = 500,
    speed: Annotated[float, typer.Option(min=0.001, help="Times faster than it was")] = 1.0,
    as_recorded: Annotated[bool, typer.Option("--as-recorded", help="Keep the dates of the files")] = False,
) -> None:
    """Recorded reality as terminals, with times moved so that the last fix falls on the end of the replay."""
    credential = Credential(terminal=terminal, secret=secret or "") if terminal else None
    run(
        show_replay(
            files=files,
            url=url,
            roster=roster,
            credential=credential,
            skip=skip,
            speed=speed,
            as_recorded=as_recorded,
        )
    )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner


def _fail(error: BaseException) -> None:
    print(f"gridwarden: {' '.join(_words(error).split())}", file=sys.stderr)  # noqa: T201
    sys.exit(1)


def _words(error: BaseException) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    said = (f"--{wrong['loc'][0]}: {wrong['msg']}" for wrong in error.errors(include_url=False))
    return "; ".join(said).replace("_", "-")
