"""Where terminals connect: what the listening door shows them, and the address that new terminals are told."""

import math
from dataclasses import replace
from typing import Final

from pydantic import SecretStr

from gridwarden.descriptors import room_for_connections
from gridwarden.ports import MQTT_PORT, MQTTS_PORT
from gridwarden.settings import Settings
from gridwarden.tls import door_tls
from ingest.doors.listen_limits import Caps
from ingest.doors.subscribe import broker_of
from ingest.program import Listen
from tracker.organisation.provisioning import PublicDoor, door_of

_EVERYWHERE: Final = ("0.0.0.0", "::", "")  # noqa: S104 - compared, not bound


def listening(settings: Settings) -> Listen:
    """Return the door as it is set up, without a look at whether its port is free. Raises CertificateError."""
    tls = door_tls(
        settings.tls_certificate,
        settings.tls_key,
        client_ca=settings.tls_client_ca,
        needs_client=settings.tls_client_required,
    )
    port = settings.mqtt_port or (MQTT_PORT if tls is None else MQTTS_PORT)
    return Listen(
        host=settings.mqtt_host or settings.host,
        port=port,
        tls=tls,
        gateway=_revealed(settings.load_gateway),
        caps=_caps(settings),
        web_port=settings.mqtt_ws_port,
    )


def _caps(settings: Settings) -> Caps:
    allowed = room_for_connections()
    return Caps(
        connections=min(settings.mqtt_connections or allowed, allowed),
        per_terminal=settings.mqtt_terminal_connections,
        strangers_per_address=settings.mqtt_strangers,
        logins_per_s=settings.mqtt_logins_per_s,
        logins_at_once=math.ceil(settings.mqtt_logins_per_s),
        failures=settings.mqtt_failures,
    )


class SharingError(Exception):
    """The front door cannot be one of several; the message says why."""


def door_of_ingest(settings: Settings) -> Listen | None:
    """Return the door of `gridwarden ingest`, beside others if so set; None: it subscribes at a broker.

    Raises SharingError, CertificateError.
    """
    if settings.broker is None:
        return replace(listening(settings), is_shared=settings.share)
    if settings.share:
        raise SharingError("a subscribing ingest owns all terminals: --share goes with listening, not with --broker")
    return None


def public_door(settings: Settings, *, port: int | None = None) -> PublicDoor:
    """Return the address for terminals: as it is set, else the broker's, else this machine's with `port`.

    Raises DoorAddressError, BrokerUrlError.
    """
    if settings.terminal_url is not None:
        return door_of(settings.terminal_url)
    if settings.broker is not None:
        broker = broker_of(settings.broker)
        return PublicDoor(host=broker.host, port=broker.port, is_tls=broker.is_tls)
    is_tls = settings.tls_certificate is not None
    return PublicDoor(
        host=reachable(settings.mqtt_host or settings.host),
        port=port or settings.mqtt_port or (MQTTS_PORT if is_tls else MQTT_PORT),
        is_tls=is_tls,
    )


def reachable(host: str) -> str:
    return "127.0.0.1" if host in _EVERYWHERE else host


def broker_secret(settings: Settings) -> str | None:
    return _revealed(settings.broker_secret)


def push_secret(settings: Settings) -> bytes | None:
    """Return what the key of Web Push is made from."""
    given = _revealed(settings.push_secret)
    return None if given is None else given.encode()


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
