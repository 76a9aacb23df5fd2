"""The file that names the city's SMS gateways (GRIDWARDEN_SMS_GATEWAYS): YAML, and each mistake said with its place.

Passwords stand in environment variables or in files of their own, never in this one.
"""

from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import Field, PositiveFloat, ValidationError, model_validator

from alerts.program import AnyGateway
from alerts.smpp.gateway import Gateway, Tls
from alerts.smpp.pdus import LONGEST_PASSWORD, LONGEST_SYSTEM_ID, LONGEST_SYSTEM_TYPE, Address
from alerts.smpp.receipts import Ids
from alerts.smpp.segments import MOST_PARTS, Concatenation
from gridwarden.settings import Port, Settings
from gridwarden.sms_gateway_kinds import (
    CountryCode,
    GammuSettings,
    HttpSettings,
    KannelSettings,
    Name,
    PerNumber,
    Secret,
    SmsGatewaysError,
    Strict,
)

__all__ = ["SmsGatewaysError", "gateways"]

KINDS: Final = frozenset({"smpp", "http", "kannel", "gammu"})  # pydantic names the chosen one in the place of a mistake
DEFAULT_PORT: Final = 2775
DEFAULT_TLS_PORT: Final = 3550  # what most operators offer SMPP over TLS at


class _Source(Strict):
    """Who the message is from: a number of the operator's, or a name of up to eleven letters."""

    address: Annotated[str, Field(max_length=20)] = ""
    ton: Annotated[int, Field(ge=0, le=6)] = 0
    npi: Annotated[int, Field(ge=0, le=18)] = 0


class _Destination(Strict):
    ton: Annotated[int, Field(ge=0, le=6)] = 1
    npi: Annotated[int, Field(ge=0, le=18)] = 1


class _Tls(Strict):
    name: str | None = None  # whose certificate is expected; None: the host's
    authorities: Path | None = None  # PEM; None: those that the machine trusts


class SmppGateway(Strict):
    name: Name
    kind: Literal["smpp"]
    host: Annotated[str, Field(min_length=1)]
    port: Port | None = None
    system_id: Annotated[str, Field(min_length=1, max_length=LONGEST_SYSTEM_ID)]
    password_env: str | None = None
    password_file: Path | None = None
    system_type: Annotated[str, Field(max_length=LONGEST_SYSTEM_TYPE)] = ""
    service_type: Annotated[str, Field(max_length=5)] = ""
    connection: Literal["transceiver", "pair"] = "transceiver"
    tls: _Tls | Literal[True] | None = None
    window: Annotated[int, Field(ge=1, le=1_000)] = 32
    rate_per_s: PositiveFloat = 100.0  # segments
    weight: PositiveFloat = 1.0
    per_number: PerNumber = PerNumber()
    source: _Source = _Source()
    destination: _Destination = _Destination()
    ids: Ids = Ids.SAME
    concatenation: Concatenation = Concatenation.UDH
    most_parts: Annotated[int, Field(ge=1, le=MOST_PARTS)] = 20
    validity: bool = True  # whether validity_period is sent; some operators refuse it
    country_code: CountryCode = "86"

    @model_validator(mode="after")
    def _one_password(self) -> "SmppGateway":
        if (self.password_env is None) == (self.password_file is None):
            raise ValueError("give password_env (the name of an environment variable) or password_file")
        return self

    def gateway(self, folder: Path, *, public_url: str) -> Gateway:  # noqa: ARG002 - one signature for all kinds
        """Return it with its password. Raises SmsGatewaysError."""
        password = Secret(env=self.password_env, file=self.password_file).read(self.name, folder)
        if len(password) > LONGEST_PASSWORD or not password.isascii():
            raise SmsGatewaysError(
                f"gateway {self.name}: SMPP 3.4 has room for {LONGEST_PASSWORD} ASCII characters of password"
            )
        tls = None
        if self.tls is True:
            tls = Tls()
        elif self.tls is not None:
            authorities = self.tls.authorities
            tls = Tls(name=self.tls.name, authorities=None if authorities is None else folder / authorities)
        return Gateway(
            name=self.name,
            host=self.host,
            port=self.port or (DEFAULT_PORT if tls is None else DEFAULT_TLS_PORT),
            system_id=self.system_id,
            password=password,
            system_type=self.system_type,
            service_type=self.service_type,
            is_pair=self.connection == "pair",
            tls=tls,
            window=self.window,
            rate_per_s=self.rate_per_s,
            source=Address(self.source.address, self.source.ton, self.source.npi),
            destination_ton=self.destination.ton,
            destination_npi=self.destination.npi,
            ids=self.ids,
            concatenation=self.concatenation,
            most_parts=self.most_parts,
            sends_validity=self.validity,
            weight=self.weight,
            per_number=self.per_number.caps(),
            country_code=self.country_code,
        )


AnySettings = Annotated[SmppGateway | HttpSettings | KannelSettings | GammuSettings, Field(discriminator="kind")]


class _File(Strict):
    gateways: Annotated[tuple[AnySettings, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_differ(self) -> "_File":
        names = [each.name for each in self.gateways]
        if len(set(names)) < len(names) or "outbox" in names:
            raise ValueError("each gateway needs a name of its own, and `outbox` is taken")
        return self


def gateways(settings: Settings, *, public_url: str = "") -> tuple[AnyGateway, ...]:
    """Return the gateways that SMS leave through; none without a file: all stay in the outbox.

    `public_url` is where operators call back, unless a gateway says otherwise.

    Raises SmsGatewaysError.
    """
    path = settings.sms_gateways
    if path is None:
        return ()
    try:
        given: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as wrong:
        raise SmsGatewaysError(f"{path} cannot be read: {' '.join(str(wrong).split())}") from wrong
    try:
        read = _File.model_validate(given)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        place = ".".join(str(step) for step in first["loc"] if step not in KINDS) or "the file"
        raise SmsGatewaysError(f"{path}: {place}: {first['msg']}") from wrong
    return tuple(each.gateway(path.parent, public_url=public_url) for each in read.gateways)
