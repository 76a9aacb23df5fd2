"""What an operator may set: environment variables GRIDWARDEN_*, overridden by command line options."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from alerts.core.webpush import SERVICES

LONGEST_SIGNATURE: Final = 20  # characters; as that of circulars

Port = Annotated[int, Field(ge=1, le=65535)]


def _within_brackets(signature: str) -> str:
    """Return what stands between the brackets of 【…】; raises ValueError."""
    said = signature[1:-1]
    is_wrapped = signature.startswith("【") and signature.endswith("】")
    is_plain = said == said.strip() and said.isprintable() and not any(mark in said for mark in "【】()%{}")
    if is_wrapped and is_plain and 1 <= len(said) <= LONGEST_SIGNATURE:
        return said
    raise ValueError(
        f"GRIDWARDEN_SMS_SIGNATURE is written as the carrier registered it: 【, 1 to {LONGEST_SIGNATURE} characters "
        "without other brackets, 】"
    )


Signature = Annotated[str, AfterValidator(_within_brackets)]


class Settings(BaseSettings):
    """Read once, in the composition roots, and never passed on: programs get plain values.

    An empty variable is one that is not set: compose files cannot leave one out.
    """

    model_config = SettingsConfigDict(env_prefix="GRIDWARDEN_", env_ignore_empty=True, frozen=True)

    data: Path = Path(".gridwarden")
    host: str = "127.0.0.1"
    port: Port = 8000
    mqtt_host: str | None = None  # None: like `host`
    mqtt_port: Port | None = None  # None: 1883, with TLS 8883; `up` takes the next free one
    mqtt_ws_port: Port | None = None  # MQTT over WebSocket at this port too; None: it is not spoken
    mqtt_connections: PositiveInt | None = None  # None: as many as the limit of open files allows
    mqtt_terminal_connections: PositiveInt = 4  # of one terminal; one more ends its oldest
    mqtt_strangers: PositiveInt = 500  # connections of one address that have not logged in; a balancer is one address
    mqtt_logins_per_s: PositiveFloat = 500.0  # the others of a city that comes back wait
    mqtt_failures: PositiveInt = 10  # wrong log-ins of a name in a minute, and ten times as many of an address
    broker: str | None = None  # subscribe at this MQTT broker instead of listening
    share: bool = False  # `ingest` listens beside others on its port; each terminal has one owner among them
    database: str | None = None  # None: the embedded PostgreSQL
    redis: str | None = None  # None: the bus of one process
    public_url: str | None = None  # where leaders' phones reach the dashboard; None: http://host:port
    link_secret: SecretStr | None = None  # signs acknowledgement links; None: made once, kept in `data`
    # Whether SMS of drills leave the building, marked as such, or go to the outbox, where they can be read
    drill_sms: Literal["outbox", "send"] = "outbox"
    # Of warnings in Chinese, given with its brackets, kept without; None: 【网格预警】. That of circulars is a limit
    sms_signature: Signature | None = None
    sms_gateways: Path | None = None  # YAML: the operators that SMS leave through; None: all stay in the outbox
    push_secret: Annotated[SecretStr, Field(min_length=16)] | None = (
        None  # of Web Push; None: made once, kept in `data`
    )
    # Hosts of push services that are called, with blanks between; `.host` takes all below it
    push_services: str = " ".join(SERVICES)
    # Whether issuers, approvers and administrators must show one; None: `up` asks nobody, `dashboard` asks them
    second_factor: Literal["optional", "required"] | None = None
    oidc_issuer: str | None = None  # the identity provider's address; None: no single sign-on
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_name: str = "OpenID Connect"  # what the log-in page calls it
    oidc_redirect: str | None = None  # None: public_url + /api/login/oidc/callback
    # The claim that must equal an invited account's name; preferred_username only where people cannot choose theirs
    oidc_match: Literal["email", "preferred_username"] = "email"
    oidc_second_factors: str = "mfa"  # values of amr or acr that count as a second factor, with blanks between
    cap_feeds: str = ""  # addresses of weather services' feeds (CAP, Atom, RSS), with blanks between
    cap_every_s: Annotated[float, Field(ge=30)] = 300.0  # from one fetch of a feed to the next
    cap_hosts: str = ""  # hosts that entries of feeds may lead to, beside the feed's own; with blanks between
    cap_certificates: Path | None = None  # PEM: whose signatures of CAP documents are trusted; None: none is checked
    # Positions, crossings and presence events: a fix may be 90 days old when it comes
    keep_days: Annotated[int, Field(ge=91)] = 365
    simulate: Annotated[int, Field(ge=0)] = 0
    interval_s: PositiveFloat = 5.0
    # Of one simulated terminal: five hundred press about every two minutes, so that a visitor sees one
    sos_per_hour: Annotated[float, Field(ge=0)] = 0.06
    seed: int = 1
    for_s: PositiveFloat | None = None
    metrics_port: Port | None = None  # where `ingest` and `alerts` serve Prometheus; None: nowhere
    metrics_host: str = "127.0.0.1"
    tls_certificate: Path | None = None  # PEM: the listening door speaks TLS, and nothing else
    tls_key: Path | None = None  # PEM, not encrypted; None: it stands in the certificate's file
    tls_client_ca: Path | None = None  # PEM: a terminal with a certificate signed by it needs no password
    tls_client_required: bool = False  # no terminal without one
    terminal_url: str | None = None  # where terminals connect, seen from outside: mqtts://gps.example.org:8883
    load_password: SecretStr | None = None  # of the account that `gridwarden load --account` looks and warns with
    # Whoever knows it may write as any terminal, at the listening door: for load tests only; None: there is no gateway
    load_gateway: Annotated[SecretStr, Field(min_length=16)] | None = None
    broker_secret: SecretStr | None = None  # EMQX shows it when it asks who may log in; None: nobody may ask
