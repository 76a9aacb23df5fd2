"""The listening door over TLS, as an operator sets it up."""

import asyncio
import ssl
from pathlib import Path

import aiomqtt
import pytest

from gridwarden.ports import next_free
from gridwarden.programs import Programs
from gridwarden.settings import Settings
from gridwarden.tls import CertificateError, door_tls
from gridwarden.up import choose_addresses
from ingest.program import Listen
from tests.certificates import self_signed
from tracker.bus.local import LocalBus


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return self_signed(tmp_path)


async def test_ingest_answers_over_tls(database: str, files: tuple[Path, Path]) -> None:
    listen = Listen(host="127.0.0.1", port=next_free("127.0.0.1", 28883, option="-"), tls=door_tls(*files))
    programs = Programs(dsn=database, bus=LocalBus(), link_secret=b"x" * 32, public_url="http://localhost")
    is_ready = asyncio.Event()
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        program = tasks.create_task(programs.ingest(listen=listen, broker=None, ready=is_ready.set))
        await is_ready.wait()
        trust = ssl.create_default_context(cafile=files[0])
        with pytest.raises(aiomqtt.MqttError, match="Bad user name or password"):
            async with aiomqtt.Client("127.0.0.1", listen.port, username="nobody", password="guess", tls_context=trust):
                pass
        program.cancel()


def test_a_key_in_the_certificate_s_file_needs_no_file_of_its_own(files: tuple[Path, Path], tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_text(files[0].read_text() + files[1].read_text())
    assert door_tls(both, None) is not None


def test_without_a_certificate_there_is_no_tls() -> None:
    assert door_tls(None, None) is None


def test_a_missing_file_is_named(files: tuple[Path, Path]) -> None:
    with pytest.raises(CertificateError, match=r"no file /nowhere/key\.pem"):
        door_tls(files[0], Path("/nowhere/key.pem"))


def test_a_key_without_a_certificate_is_half_of_what_it_takes(files: tuple[Path, Path]) -> None:
    with pytest.raises(CertificateError, match="Give --tls-certificate too"):
        door_tls(None, files[1])


def test_a_file_that_is_no_certificate_is_named(files: tuple[Path, Path], tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("not PEM")
    with pytest.raises(CertificateError, match=r"wrong\.pem and .*key\.pem: no certificate"):
        door_tls(wrong, files[1])


def test_terminals_are_sent_to_the_port_of_mqtt_over_tls(files: tuple[Path, Path], tmp_path: Path) -> None:
    port = next_free("127.0.0.1", 28000, option="-")
    settings = Settings(data=tmp_path, port=port, tls_certificate=files[0], tls_key=files[1])
    addresses = choose_addresses(settings)
    assert addresses.mqtt.startswith("mqtts://127.0.0.1:888")


def test_simulated_terminals_cannot_be_had_with_tls(files: tuple[Path, Path], tmp_path: Path) -> None:
    port = next_free("127.0.0.1", 28000, option="-")
    settings = Settings(data=tmp_path, port=port, simulate=5, tls_certificate=files[0], tls_key=files[1])
    with pytest.raises(CertificateError, match="leave out --simulate"):
        choose_addresses(settings)


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDWARDEN_BROKER", "")
    assert Settings().broker is None
