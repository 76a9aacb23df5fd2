"""The file of SMS gateways: what is read, and what is said about each mistake; and the doctor at a real connection."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alerts.core.number_caps import NumberCaps
from alerts.smpp.gateway import Gateway, Tls
from alerts.smpp.pdus import Address
from alerts.smpp.receipts import Ids
from gridwarden.cli import app
from gridwarden.settings import Settings
from gridwarden.sms_gateways import SmsGatewaysError, gateways
from tests.running import free_port, gridwarden

FULL = """
gateways:
  - name: mobile
    kind: smpp
    host: smpp.example.org
    system_id: city
    password_file: password
    connection: pair
    tls: {name: sms.example.org, authorities: ca.pem}
    window: 64
    rate_per_s: 500
    weight: 2
    per_number: {minute: 1, day: 10}
    source: {address: "10690001", ton: 3, npi: 1}
    ids: hex_then_decimal
    concatenation: payload
    country_code: "86"
"""


@pytest.fixture
def given(tmp_path: Path) -> Callable[[str], Settings]:
    (tmp_path / "password").write_text("secret\n")

    def write(text: str) -> Settings:
        path = tmp_path / "gateways.yaml"
        path.write_text(text)
        return Settings(sms_gateways=path)

    return write


def test_without_a_file_there_is_no_gateway() -> None:
    assert gateways(Settings()) == ()


def test_all_that_can_be_said_of_a_gateway(given: Callable[[str], Settings], tmp_path: Path) -> None:
    assert gateways(given(FULL)) == (
        Gateway(
            name="mobile",
            host="smpp.example.org",
            port=3550,
            system_id="city",
            password="secret",
            is_pair=True,
            tls=Tls(name="sms.example.org", authorities=tmp_path / "ca.pem"),
            window=64,
            rate_per_s=500.0,
            weight=2.0,
            per_number=NumberCaps(minute=1, day=10),
            source=Address("10690001", 3, 1),
            ids=Ids.HEX_THEN_DECIMAL,
            concatenation="payload",  # pyright: ignore[reportArgumentType] - a StrEnum is its value
        ),
    )


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(Gateway(name="a", host="h", system_id="s", password="secret"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file: Input should be"),
        ("gateways: []", "gateways: Tuple should have at least 1 item"),
        (FULL.replace("kind: smpp", "kind: pigeon"), "gateways.0: Input tag 'pigeon' found using 'kind'"),
        (FULL.replace("window: 64", "windows: 64"), "gateways.0.windows: Extra inputs are not permitted"),
        (FULL.replace("password_file: password", ""), "give password_env"),
        (FULL.replace("password_file: password", "password_file: nowhere"), "nowhere cannot be read"),
        (
            FULL.replace("password_file: password", "password_env: NO_SUCH_PASSWORD"),
            "the environment has no NO_SUCH_PASSWORD",
        ),
        (
            FULL.replace("system_id: city", f"system_id: {'x' * 16}"),
            "gateways.0.system_id: String should have at most 15",
        ),
        (FULL + FULL.partition("gateways:")[2], "each gateway needs a name of its own"),
        ("gateways: [", "cannot be read: while parsing"),
    ],
)
def test_a_mistake_is_said_with_its_place(given: Callable[[str], Settings], text: str, words: str) -> None:
    with pytest.raises(SmsGatewaysError) as refused:
        gateways(given(text))
    assert words in str(refused.value)


def test_a_password_that_smpp_has_no_room_for_is_refused_at_the_start(
    given: Callable[[str], Settings], tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("longer than eight")
    with pytest.raises(SmsGatewaysError, match=r"SMPP 3.4 has room for 8 ASCII characters of password"):
        gateways(given(FULL))


@pytest.fixture
def centre() -> Generator[int]:
    """An SMS centre in a process of its own."""
    port = free_port()
    process = gridwarden("sms-centre", "--port", str(port), "--for", "60")
    assert process.stdout is not None
    for line in process.stdout:
        if "Ctrl-C" in line:
            break
    yield port
    process.terminate()
    process.wait()
    process.stdout.close()


def test_the_doctor_binds_once_and_says_in_a_line_what_is_wrong(
    given: Callable[[str], Settings], centre: int, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = "{{name: {name}, kind: smpp, host: 127.0.0.1, port: {port}, system_id: gridwarden, password_env: {password}}}"
    listed = [
        one.format(name="well", port=centre, password="SMS_RIGHT"),
        one.format(name="wrong", port=centre, password="SMS_WRONG"),
        one.format(name="away", port=free_port(), password="SMS_RIGHT"),
    ]
    settings = given(f"gateways: [{', '.join(listed)}]")
    monkeypatch.setenv("SMS_RIGHT", "secret")
    monkeypatch.setenv("SMS_WRONG", "guess")
    words = ["doctor", "--database", database, "--sms-gateways", str(settings.sms_gateways)]
    said = [line for line in CliRunner().invoke(app, words).output.splitlines() if "sms" in line]
    assert said[0] == f"ok    sms gateway well: bound to smpp://127.0.0.1:{centre} as gridwarden"
    assert said[1].startswith("bad   sms gateway wrong: smpp://127.0.0.1")
    assert said[1].endswith("refused gridwarden: wrong password (ESME_RINVPASWD)")
    assert said[2].endswith("cannot be reached: nobody listens there")
