"""The file that names the city's SMS gateways (GRIDWARDEN_SMS_GATEWAYS): YAML, and each mistake said with its place.

Passwords stand in environment variables or in files of their own, never in this one.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, ValidationError, model_validator

from alerts.smpp.gateway import Gateway, Tls
from alerts.smpp.pdus import LONGEST_PASSWORD, LONGEST_SYSTEM_ID, LONGEST_SYSTEM_TYPE, Address
from alerts.smpp.receipts import Ids
from alerts.smpp.segments import MOST_PARTS, Concatenation
from gridwarden.settings import Port, Settings

DEFAULT_PORT: Final = 2775
DEFAULT_TLS_PORT: Final = 3550  # what most operators offer SMPP over TLS at


class SmsGatewaysError(Exception):
    """The file of gateways cannot be used; the message says where and why."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Source(_Strict):
    """Who the message is from: a number of the operator's, or a name of up to eleven letters."""

    address: Annotated[str, Field(max_length=20)] = ""
    ton: Annotated[int, Field(ge=0, le=6)] = 0
    npi: Annotated[int, Field(ge=0, le=18)] = 0


class _Destination(_Strict):
    ton: Annotated[int, Field(ge=0, le=6)] = 1
    npi: Annotated[int, Field(ge=0, le=18)] = 1


class _Tls(_Strict):
    name: str | None = None  # whose certificate is expected; None: the host's
    authorities: Path | None = None  # PEM; None: those that the machine trusts


class SmppGateway(_Strict):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
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
    source: _Source = _Source()
    destination: _Destination = _Destination()
    ids: Ids = Ids.SAME
    concatenation: Concatenation = Concatenation.UDH
    most_parts: Annotated[int, Field(ge=1, le=MOST_PARTS)] = 20
    validity: bool = True  # whether validity_period is sent; some operators refuse it
    country_code: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}$")] = "86"

    @model_validator(mode="after")
    def _one_password(self) -> "SmppGateway":
        if (self.password_env is None) == (self.password_file is None):
            raise ValueError("give password_env (the name of an environment variable) or password_file")
        return self

    def gateway(self, folder: Path) -> Gateway:
        """Return it with its password. Raises SmsGatewaysError."""
        password = self._password(folder)
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
            country_code=self.country_code,
        )

    def _password(self, folder: Path) -> str:
        if self.password_env is not None:
            given = os.environ.get(self.password_env)
            if not given:
                raise SmsGatewaysError(f"gateway {self.name}: the environment has no {self.password_env}")
            return given
        path = folder / (self.password_file or "")
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as wrong:
            raise SmsGatewaysError(f"gateway {self.name}: {path} cannot be read ({wrong})") from wrong


class _File(_Strict):
    gateways: Annotated[tuple[SmppGateway, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_differ(self) -> "_File":
        names = [each.name for each in self.gateways]
        if len(set(names)) < len(names) or "outbox" in names:
            raise ValueError("each gateway needs a name of its own, and `outbox` is taken")
        return self


def gateways(settings: Settings) -> tuple[Gateway, ...]:
    """Return the gateways that SMS leave through; none without a file: all stay in the outbox.

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
        place = ".".join(map(str, first["loc"])) or "the file"
        raise SmsGatewaysError(f"{path}: {place}: {first['msg']}") from wrong
    return tuple(each.gateway(path.parent) for each in read.gateways)
