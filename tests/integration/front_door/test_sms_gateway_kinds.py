"""Gateways over HTTP, Kannel and modems in the file: what is read, each mistake, and the doctor at real peers."""

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from typer.testing import CliRunner

from alerts.core.gammu import GammuGateway
from alerts.over_http.description import read
from alerts.over_http.gateway import HttpGateway
from gridwarden.cli import app
from gridwarden.settings import Settings
from gridwarden.sms_gateways import SmsGatewaysError, gateways
from tests.integration.alerts.gateway_peers import SCHEMA
from tests.running import free_port
from tests.sms_operators import ACCOUNT, TOKEN, Aliyun, Operator, Tencent, Twilio, serving

DOCUMENT = Path(__file__).parents[3] / "docs" / "sms.md"
ALIYUN = """
gateways:
  - name: aliyun
    kind: http
    description: aliyun
    values: {access_key_id: testId, sign_name: 网格预警, endpoint: "https://sms.example"}
    secrets: {access_key_secret: {env: SMS_KEY}, callback: {file: callback}}
    templates: [{code: SMS_1, variables: [p1, p2], filler: "-"}]
    networks: [192.0.2.0/24]
"""
KANNEL = """
gateways:
  - {name: kannel, kind: kannel, url: "http://127.0.0.1:13013/cgi-bin/sendsms", username: city,
     secrets: {password: {env: SMS_KEY}, callback: {file: callback}}}
"""
GAMMU = """
gateways:
  - {name: modem, kind: gammu, database: "postgresql://smsd@127.0.0.1/smsd", password: {env: SMS_KEY}}
"""


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Settings]:
    (tmp_path / "callback").write_text("a-secret-in-an-address\n")
    (tmp_path / "short").write_text("short")
    monkeypatch.setenv("SMS_KEY", TOKEN)

    def write(text: str) -> Settings:
        path = tmp_path / "gateways.yaml"
        path.write_text(text)
        return Settings(sms_gateways=path)

    return write


def one(settings: Settings) -> HttpGateway:
    (found,) = gateways(settings, public_url="https://grid.example/")
    assert isinstance(found, HttpGateway)
    return found


def test_a_gateway_over_http_has_its_secrets_and_shows_none(given: Callable[[str], Settings]) -> None:
    found = one(given(ALIYUN))
    assert found.secrets == {"access_key_secret": TOKEN, "callback": "a-secret-in-an-address"}
    assert TOKEN not in repr(found)
    assert found.values["region"] == "cn-hangzhou"
    assert found.where == "https://sms.example/"
    assert found.callback("status") == "https://grid.example/sms/aliyun/status/a-secret-in-an-address"


def test_kannel_is_a_gateway_over_http_with_fields_of_its_own(given: Callable[[str], Settings]) -> None:
    found = one(given(KANNEL))
    assert (found.kind, found.where) == ("kannel", "http://127.0.0.1:13013/cgi-bin/sendsms")


def test_a_modem_is_a_database_with_its_password(given: Callable[[str], Settings]) -> None:
    (found,) = gateways(given(GAMMU))
    assert isinstance(found, GammuGateway)
    assert found.where == "database smsd at 127.0.0.1"
    assert TOKEN in found.dsn.replace("\\", "")
    assert TOKEN not in repr(found)


def test_the_documents_own_description_can_be_read(given: Callable[[str], Settings], tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    (described,) = [block for block in blocks if block.startswith("values:")]
    assert read(described).callbacks is not None
    (tmp_path / "relay.yaml").write_text(described)
    text = """
gateways:
  - {name: relay, kind: http, description: relay.yaml, values: {endpoint: "https://relay.example"},
     secrets: {token: {env: SMS_KEY}, callback: {file: callback}}}
"""
    assert one(given(text)).where == "https://relay.example/messages"


def test_the_documents_examples_of_gateways_can_be_read(
    given: Callable[[str], Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    for name in ("SMS_MOBILE_PASSWORD", "SMS_ALIYUN_SECRET", "KANNEL_PASSWORD", "SMSD_PASSWORD"):
        monkeypatch.setenv(name, "secret")
    for name in ("aliyun-callback", "kannel-callback"):
        (tmp_path / name).write_text("a-secret-in-an-address")
    listed = [block for block in blocks if "kind:" in block]
    whole = [block if block.startswith("gateways:") else f"gateways:\n{block}" for block in listed]
    assert [type(gateways(given(text))[0]).__name__ for text in whole] == [
        "Gateway",
        "HttpGateway",
        "HttpGateway",
        "GammuGateway",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            ALIYUN.replace("description: aliyun", "description: pigeon"),
            "is none of aliyun, kannel, tencent, twilio",
        ),
        (ALIYUN.replace("access_key_id: testId, ", ""), "gateway aliyun: values: access_key_id is missing"),
        (ALIYUN.replace("access_key_id", "access_key"), "values: access_key is none of access_key_id, sign_name"),
        (ALIYUN.replace(", callback: {file: callback}", ""), "secrets: it needs access_key_secret and callback"),
        (ALIYUN.replace("{file: callback}", "{file: short}"), "secrets: callback stands in an address: 16 letters"),
        (ALIYUN.replace("{env: SMS_KEY}", "{env: NO_SUCH}"), "gateway aliyun: the environment has no NO_SUCH"),
        (ALIYUN.replace("{env: SMS_KEY}", "secret"), "gateways.0.secrets.access_key_secret: Input should be"),
        (ALIYUN.replace("https://sms.example", "ftp://sms.example"), "ftp://sms.example/ is no address of http"),
        (ALIYUN.replace("192.0.2.0/24", "192.0.2.1/24"), "networks: 192.0.2.1/24 has host bits set"),
        (ALIYUN.replace("filler:", "pattern: '(?P<p1>.*)', filler:"), "pattern: it has no group p2"),
        (ALIYUN.replace("filler:", "pattern: '(', filler:"), "pattern: missing ), unterminated subpattern"),
        (ALIYUN.replace('    templates: [{code: SMS_1, variables: [p1, p2], filler: "-"}]', ""), "sends nothing but"),
        (ALIYUN + "    authorities: nowhere.pem", "authorities: [Errno 2]"),
        (KANNEL.replace("username: city,", ""), "gateways.0.username: Field required"),
        (GAMMU.replace("smsd@", "smsd:word@"), "gateway modem: the password does not stand in this file"),
        (GAMMU.replace("postgresql://smsd@127.0.0.1/smsd", "nothing"), "gateway modem: database:"),
    ],
)
def test_a_mistake_is_said_with_its_place(given: Callable[[str], Settings], text: str, words: str) -> None:
    with pytest.raises(SmsGatewaysError) as refused:
        gateways(given(text))
    assert words in str(refused.value)
    assert TOKEN not in str(refused.value)


def told(settings: Settings, database: str) -> list[str]:
    words = ["doctor", "--database", database, "--sms-gateways", str(settings.sms_gateways)]
    return [line for line in CliRunner().invoke(app, words).output.splitlines() if "sms" in line]


@pytest.mark.parametrize(
    ("operator", "description", "values", "secrets"),
    [
        (Aliyun(), "aliyun", "access_key_id: testId, sign_name: x", "access_key_secret: {env: SMS_KEY}, "),
        (Tencent(), "tencent", "secret_id: AKIDtest, app_id: 1400006666, sign_name: x", "secret_key: {env: SMS_KEY}, "),
        (Twilio(), "twilio", f"account_sid: {ACCOUNT}, sender: '+1'", "auth_token: {env: SMS_KEY}"),
    ],
)
def test_the_doctor_asks_an_operator_and_sends_nothing(
    given: Callable[[str], Settings],
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    operator: Operator,
    description: str,
    values: str,
    secrets: str,
) -> None:
    callback = "" if description == "twilio" else "callback: {file: callback}"
    templates = "" if description == "twilio" else "templates: [{code: SMS_1, variables: [a]}], "
    with serving(operator):
        text = (
            f"gateways: [{{name: op, kind: http, description: {description}, {templates}"
            f"values: {{{values}, endpoint: '{operator.origin}'}}, secrets: {{{secrets}{callback}}}}}]"
        )
        (line,) = told(given(text), database)
        assert line.startswith(f"ok    sms gateway op: {operator.origin}/")
        assert "knows us" in line
        settings = given(text)
        monkeypatch.setenv("SMS_KEY", "a guess")
        (line,) = told(settings, database)
        assert line.startswith(f"bad   sms gateway op: {operator.origin}/")
        assert operator.taken == []
    (line,) = told(settings, database)
    assert "cannot be reached" in line


def test_the_doctor_says_which_template_is_not_approved(given: Callable[[str], Settings], database: str) -> None:
    with serving(Aliyun()) as operator:
        both = "templates: [{code: SMS_1, variables: [a]}, {code: SMS_2, variables: [a]}]"
        text = ALIYUN.replace("https://sms.example", operator.origin)
        text = re.sub(r"templates: .*", both, text)
        first, second = told(given(text), database)
    assert first.endswith("knows us, and template SMS_1")
    assert "SMS_2 isv.SMS_TEMPLATE_ILLEGAL" in second


def test_the_doctor_looks_whether_smsd_lives(given: Callable[[str], Settings], database: str) -> None:
    text = f"gateways: [{{name: modem, kind: gammu, database: 'postgresql://x@127.0.0.1:{free_port()}/smsd'}}]"
    (line,) = told(given(text), database)
    assert line.startswith("bad   sms gateway modem")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(SCHEMA.read_bytes())
    parts = conninfo_to_dict(database)
    password = parts.pop("password", None)
    bare = make_conninfo("", **parts)
    secret = "" if password is None else ", password: {file: word}"
    settings = given(f'gateways: [{{name: modem, kind: gammu, database: "{bare}"{secret}}}]')
    assert settings.sms_gateways is not None
    (settings.sms_gateways.parent / "word").write_text(str(password))
    (line,) = told(settings, database)
    assert "gammu-smsd does not run" in line
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO phones ("ID", "IMEI", "Send", "TimeOut") VALUES ('modem', '9', true, localtimestamp)
            """
        )
    (line,) = told(settings, database)
    assert line.startswith("ok    sms gateway modem: gammu-smsd runs")
