"""The signature of warnings, as an operator sets it: what the carrier registered, or the start says what is wrong."""

from typing import Any

import psycopg
import pytest
from pydantic import ValidationError

from alerts.core.policy import Policy
from alerts.desk import Desk
from gridwarden.programs import Programs
from gridwarden.settings import Settings
from tests.integration.alerts.builders import Clock, a_city, all_of, issued
from tests.running import gridwarden, one_line
from tracker.bus.local import LocalBus
from tracker.database.pool import open_pool

VARIABLE = "GRIDWARDEN_SMS_SIGNATURE"


def policy_of(settings: Settings) -> Policy:
    programs = Programs(dsn="", bus=LocalBus(), link_secret=b"", public_url="", sms_signature=settings.sms_signature)
    return programs.policy


@pytest.mark.parametrize(("given", "begins"), [("", "【网格预警】"), ("【郑州网格】", "【郑州网格】")])
async def test_warnings_begin_with_the_signature_that_is_set(
    database: str, connection: psycopg.AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch, given: str, begins: str
) -> None:
    monkeypatch.setenv(VARIABLE, given)
    city, clock = await a_city(connection), Clock()
    async with await open_pool(database, name="test", size=2) as pool:
        await issued(Desk(pool, LocalBus(), clock, policy_of(Settings())), city)
    bodies = await all_of(connection, "SELECT body FROM delivery WHERE channel = 'sms'")
    assert bodies
    assert all(body.startswith(f"{begins}暴雨黄色预警") for body in bodies)


@pytest.mark.parametrize(
    "given", ["郑州网格", "【】", "【 郑州】", "【郑【州】", "【" + "网" * 21 + "】", "[郑州网格]", "【"]
)
def test_what_is_no_signature_is_refused(given: str) -> None:
    with pytest.raises(ValidationError, match=VARIABLE):
        Settings.model_validate({"sms_signature": given})


@pytest.mark.parametrize("program", ["up", "alerts", "dashboard"])
def test_no_program_starts_with_a_wrong_one(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setenv(VARIABLE, "郑州网格")
    said = one_line(gridwarden(program))
    assert said.startswith("gridwarden: ")
    assert "1 to 20 characters" in said
