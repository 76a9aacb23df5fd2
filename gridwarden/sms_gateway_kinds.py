"""Kinds of SMS gateways beside SMPP, as people write them: HTTP by a description, Kannel, gammu-smsd.

No secret stands in the file: each is the name of an environment variable or of a file of its own.
"""

import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from alerts.core.gammu import GammuGateway
from alerts.core.number_caps import NumberCaps
from alerts.over_http import library
from alerts.over_http.asking import context_of
from alerts.over_http.callbacks import Network
from alerts.over_http.description import BadDescription, Description, read
from alerts.over_http.gateway import HttpGateway
from alerts.over_http.wording import Template

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
CountryCode = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}$")]
SHORTEST_PATH_SECRET: Final = 16  # characters: nobody counts how often it is guessed
PATH_SECRET: Final = re.compile(r"[A-Za-z0-9_-]+")


class SmsGatewaysError(Exception):
    """The file of gateways cannot be used; the message says where and why."""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PerNumber(Strict):
    """The most messages to one number, as the operator counts them."""

    minute: PositiveInt | None = None
    hour: PositiveInt | None = None
    day: PositiveInt | None = None

    def caps(self) -> NumberCaps:
        return NumberCaps(minute=self.minute, hour=self.hour, day=self.day)


class Secret(Strict):
    env: str | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one(self) -> "Secret":
        if (self.env is None) == (self.file is None):
            raise ValueError("give env (the name of an environment variable) or file")
        return self

    def read(self, gateway: str, folder: Path) -> str:
        """Return the secret. Raises SmsGatewaysError."""
        if self.env is not None:
            given = os.environ.get(self.env)
            if not given:
                raise SmsGatewaysError(f"gateway {gateway}: the environment has no {self.env}")
            return given
        path = folder / (self.file or "")
        try:
            given = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as wrong:
            raise SmsGatewaysError(f"gateway {gateway}: {path} cannot be read ({wrong})") from wrong
        if not given:
            raise SmsGatewaysError(f"gateway {gateway}: {path} is empty")
        return given


class _Template(Strict):
    """A template that the operator has registered: its code, its variables in order."""

    code: Annotated[str, Field(min_length=1)]
    variables: Annotated[tuple[str, ...], Field(min_length=1)]
    pattern: str | None = None
    most: Annotated[int, Field(ge=1, le=1_000)] = 35
    filler: str = ""
    link: Literal["drop", "keep"] = "drop"

    @model_validator(mode="after")
    def _pattern_has_the_variables(self) -> "_Template":
        try:
            groups = set() if self.pattern is None else set(re.compile(self.pattern, re.DOTALL).groupindex)
        except re.error as wrong:
            raise ValueError(f"pattern: {wrong}") from wrong
        missing = [name for name in self.variables if self.pattern is not None and name not in groups]
        if missing:
            raise ValueError(f"pattern: it has no group {missing[0]}")
        return self

    def template(self) -> Template:
        return Template(
            code=self.code,
            variables=self.variables,
            pattern=None if self.pattern is None else re.compile(self.pattern, re.DOTALL),
            most=self.most,
            filler=self.filler,
            keeps_link=self.link == "keep",
        )


class _OverHttp(Strict):
    """What all gateways over HTTP share."""

    name: Name
    secrets: dict[str, Secret] = {}
    callback_url: str | None = None  # where the operator reaches this dashboard; None: GRIDWARDEN_PUBLIC_URL
    networks: tuple[str, ...] = ()
    authorities: Path | None = None
    rate_per_s: PositiveFloat = 100.0
    at_once: Annotated[int, Field(ge=1, le=500)] = 16
    weight: PositiveFloat = 1.0
    per_number: PerNumber = PerNumber()
    most_parts: Annotated[int, Field(ge=1, le=255)] = 20
    country_code: CountryCode = "86"

    def over_http(
        self,
        folder: Path,
        *,
        kind: str,
        public_url: str,
        description: Description,
        values: dict[str, str],
        templates: tuple[_Template, ...] = (),
    ) -> HttpGateway:
        """Return it with its secrets. Raises SmsGatewaysError."""
        gateway = HttpGateway(
            name=self.name,
            kind=kind,
            description=description,
            values=self._values(description, values),
            secrets=self._secrets(description, folder),
            templates=tuple(each.template() for each in templates),
            callback_url=self.callback_url or public_url,
            networks=self._networks(),
            authorities=None if self.authorities is None else folder / self.authorities,
            rate_per_s=self.rate_per_s,
            at_once=self.at_once,
            weight=self.weight,
            per_number=self.per_number.caps(),
            most_parts=self.most_parts,
            country_code=self.country_code,
        )
        self._check(gateway)
        return gateway

    def wrong(self, why: str) -> SmsGatewaysError:
        return SmsGatewaysError(f"gateway {self.name}: {why}")

    def _values(self, description: Description, given: dict[str, str]) -> dict[str, str]:
        for name in given:
            if name not in description.values:
                raise self.wrong(f"values: {name} is none of {', '.join(description.values) or 'any'}")
        found = {**description.values, **given}
        missing = [name for name, value in found.items() if value is None]
        if missing:
            raise self.wrong(f"values: {missing[0]} is missing")
        return {name: value for name, value in found.items() if value is not None}

    def _secrets(self, description: Description, folder: Path) -> dict[str, str]:
        if set(self.secrets) != set(description.secrets):
            raise self.wrong(f"secrets: it needs {' and '.join(description.secrets) or 'none'}")
        found = {name: secret.read(self.name, folder) for name, secret in self.secrets.items()}
        callbacks = description.callbacks
        if callbacks is not None and callbacks.proof == "path":
            shown = found[callbacks.secret]
            if len(shown) < SHORTEST_PATH_SECRET or not PATH_SECRET.fullmatch(shown):
                raise self.wrong(
                    f"secrets: {callbacks.secret} stands in an address: "
                    f"{SHORTEST_PATH_SECRET} letters, digits, hyphens and underscores at least"
                )
        return found

    def _networks(self) -> tuple[Network, ...]:
        try:
            return tuple(ip_network(each) for each in self.networks)
        except ValueError as wrong:
            raise self.wrong(f"networks: {wrong}") from wrong

    def _check(self, gateway: HttpGateway) -> None:
        where = urlsplit(gateway.where)
        if where.scheme not in {"http", "https"} or not where.hostname:
            raise self.wrong(f"{gateway.where} is no address of http or https")
        if gateway.description.sends == "template" and not gateway.templates:
            raise self.wrong("templates: this operator sends nothing but templates: name at least one")
        try:
            context_of(gateway.authorities)
        except OSError as wrong:
            raise self.wrong(f"authorities: {wrong}") from wrong


class HttpSettings(_OverHttp):
    kind: Literal["http"]
    description: str  # aliyun, tencent, twilio, or a path of a YAML file, from this file's folder
    values: dict[str, str | int] = {}
    templates: tuple[_Template, ...] = ()

    def gateway(self, folder: Path, *, public_url: str) -> HttpGateway:
        """Return it with its secrets. Raises SmsGatewaysError."""
        values = {name: str(value) for name, value in self.values.items()}
        return self.over_http(
            folder,
            kind="http",
            public_url=public_url,
            description=self._description(folder),
            values=values,
            templates=self.templates,
        )

    def _description(self, folder: Path) -> Description:
        if self.description in library.READY:
            return library.ready(self.description)
        path = folder / self.description
        try:
            return read(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as wrong:
            ready = ", ".join(library.READY)
            raise self.wrong(f"{path} cannot be read ({wrong}), and is none of {ready}") from wrong
        except BadDescription as wrong:
            raise self.wrong(f"{path}: {wrong}") from wrong


class KannelSettings(_OverHttp):
    kind: Literal["kannel"]
    url: Annotated[str, Field(min_length=1)]  # of sendsms
    username: Annotated[str, Field(min_length=1)]
    sender: str = ""
    smsc: str = ""

    def gateway(self, folder: Path, *, public_url: str) -> HttpGateway:
        """Return it with its secrets. Raises SmsGatewaysError."""
        values = {"url": self.url, "username": self.username, "sender": self.sender, "smsc": self.smsc}
        description = library.ready("kannel")
        return self.over_http(folder, kind="kannel", public_url=public_url, description=description, values=values)


class GammuSettings(Strict):
    name: Name
    kind: Literal["gammu"]
    database: Annotated[str, Field(min_length=1)]  # postgresql://smsd@127.0.0.1/smsd, without a password
    password: Secret | None = None  # None: the server asks for none
    rate_per_s: PositiveFloat = 0.2
    most_waiting: Annotated[int, Field(ge=1, le=1_000)] = 10
    weight: PositiveFloat = 1.0
    per_number: PerNumber = PerNumber()
    most_parts: Annotated[int, Field(ge=1, le=255)] = 10
    country_code: CountryCode = "86"

    def gateway(self, folder: Path, *, public_url: str) -> GammuGateway:  # noqa: ARG002 - one signature for all kinds
        """Return it with its password. Raises SmsGatewaysError."""
        try:
            parts = conninfo_to_dict(self.database)
        except ProgrammingError as wrong:
            raise SmsGatewaysError(f"gateway {self.name}: database: {' '.join(str(wrong).split())}") from wrong
        if "password" in parts:
            raise SmsGatewaysError(f"gateway {self.name}: the password does not stand in this file: give password")
        password = None if self.password is None else self.password.read(self.name, folder)
        return GammuGateway(
            name=self.name,
            dsn=self.database if password is None else make_conninfo(self.database, password=password),
            where=f"database {parts.get('dbname', '')} at {parts.get('host') or 'this machine'}",
            rate_per_s=self.rate_per_s,
            most_waiting=self.most_waiting,
            weight=self.weight,
            per_number=self.per_number.caps(),
            most_parts=self.most_parts,
            country_code=self.country_code,
        )
