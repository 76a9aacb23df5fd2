"""Terminals that prove who they are by a certificate, over real TLS."""

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from gridwarden.tls import CertificateError, door_tls
from tests.certificates import authority, self_signed, signed
from tests.integration.mqtt.bench import Bench, a_door


@dataclass(frozen=True, slots=True)
class City:
    folder: Path
    door: tuple[Path, Path]
    authority: tuple[Path, Path]

    def of(self, name: str, *, by: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        """TLS as the terminal `name` speaks it."""
        context = ssl.create_default_context(cafile=self.door[0])
        context.load_cert_chain(*signed(self.folder, by or self.authority, name=name))
        return context

    @property
    def nobody(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.door[0])


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path, self_signed(tmp_path), authority(tmp_path))


@asynccontextmanager
async def tls_door(database: str, city: City, *, needs_client: bool = False) -> AsyncGenerator[Bench]:
    tls = door_tls(*city.door, client_ca=city.authority[0], needs_client=needs_client)
    async with a_door(database, tls=tls) as door:
        yield door


def client(door: Bench, tls: ssl.SSLContext, **login: Any) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", door.listener.port, tls_context=tls, timeout=20, **login)


@pytest.mark.parametrize("login", [{}, {"username": "T1"}])
async def test_a_certified_terminal_needs_no_password(database: str, city: City, login: dict[str, str]) -> None:
    async with tls_door(database, city) as door, client(door, city.of("T1"), **login) as terminal:
        await terminal.publish("gw/v1/t/T1/pos", b"{}", qos=1)


async def test_a_certificate_lets_nobody_be_another_terminal(database: str, city: City) -> None:
    async with tls_door(database, city) as door:
        with pytest.raises(aiomqtt.MqttError, match="Bad user name or password"):
            async with client(door, city.of("T1"), username="T2", password="S-T2"):
                pass


async def test_a_certificate_of_nobody_s_is_refused(database: str, city: City) -> None:
    async with tls_door(database, city) as door:
        with pytest.raises(aiomqtt.MqttError, match="Bad user name or password"):
            async with client(door, city.of("stranger")):
                pass


async def test_a_revoked_terminal_is_refused_whatever_it_shows(database: str, city: City) -> None:
    async with tls_door(database, city) as door:
        door.directory.by_code.pop("T1")
        with pytest.raises(aiomqtt.MqttError, match="Bad user name or password"):
            async with client(door, city.of("T1")):
                pass


async def test_a_certificate_of_another_authority_opens_no_connection(
    database: str, city: City, tmp_path: Path
) -> None:
    other = authority(tmp_path, "other")
    async with tls_door(database, city) as door:
        with pytest.raises(aiomqtt.MqttError):
            async with client(door, city.of("T1", by=other)):
                pass
        assert door.listener.connections == 0


async def test_where_certificates_are_an_option_a_password_still_does(database: str, city: City) -> None:
    async with tls_door(database, city) as door, client(door, city.nobody, username="T1", password="S-T1") as terminal:
        await terminal.publish("gw/v1/t/T1/pos", b"{}", qos=1)


async def test_where_certificates_are_required_a_password_does_not(database: str, city: City) -> None:
    async with tls_door(database, city, needs_client=True) as door:
        with pytest.raises(aiomqtt.MqttError):
            async with client(door, city.nobody, username="T1", password="S-T1"):
                pass
        async with client(door, city.of("T1")) as terminal:
            await terminal.publish("gw/v1/t/T1/pos", b"{}", qos=1)


def test_an_authority_without_tls_is_half_of_what_it_takes(city: City) -> None:
    with pytest.raises(CertificateError, match="give --tls-certificate too"):
        door_tls(None, None, client_ca=city.authority[0])


def test_required_certificates_need_an_authority(city: City) -> None:
    with pytest.raises(CertificateError, match="Give --tls-client-ca too"):
        door_tls(*city.door, needs_client=True)


def test_a_file_that_is_no_authority_is_named(city: City, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("not PEM")
    with pytest.raises(CertificateError, match=r"wrong\.pem: no certificate authority"):
        door_tls(*city.door, client_ca=wrong)
