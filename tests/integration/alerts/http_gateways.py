"""Gateways over HTTP to the operators of the tests, and the provider of one."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from psycopg_pool import AsyncConnectionPool

from alerts.core.policy import Policy
from alerts.over_http import library
from alerts.over_http.gateway import HttpGateway, Patience
from alerts.over_http.wording import Template
from alerts.providers.http import Http
from tests.integration.alerts.gateways import now
from tests.sms_operators import ACCOUNT, TOKEN

QUICK = Patience(connect_s=10, answer_s=25, turn_s=2, broken_s=0.3, look_s=0.05)
CALLBACK = "a-secret-in-an-address"
PUBLIC = "https://grid.example"
FOUR = Template(code="SMS_1", variables=("p1", "p2", "p3", "p4"), filler="-")
THREE = Template(code="1110", variables=("1", "2", "3"), filler="-")


def _gateway(name: str, origin: str, given: dict[str, Any], changes: dict[str, Any]) -> HttpGateway:
    description = library.ready(name)
    values = {
        **{key: value or "" for key, value in description.values.items()},
        **given.pop("values"),
        "endpoint": origin,
    }
    common: dict[str, Any] = {
        "name": name,
        "description": description,
        "values": values,
        "callback_url": PUBLIC,
        "rate_per_s": 1_000.0,
        "patience": QUICK,
    }
    return HttpGateway(**{**common, **given, **changes})


def aliyun(origin: str, **changes: Any) -> HttpGateway:
    given = {
        "values": {"access_key_id": "testId", "sign_name": "网格预警"},
        "secrets": {"access_key_secret": TOKEN, "callback": CALLBACK},
        "templates": (FOUR,),
    }
    return _gateway("aliyun", origin, given, changes)


def tencent(origin: str, **changes: Any) -> HttpGateway:
    given = {
        "values": {"secret_id": "AKIDtest", "app_id": "1400006666", "sign_name": "网格预警"},
        "secrets": {"secret_key": TOKEN, "callback": CALLBACK},
        "templates": (THREE,),
    }
    return _gateway("tencent", origin, given, changes)


def twilio(origin: str, **changes: Any) -> HttpGateway:
    given = {
        "values": {"account_sid": ACCOUNT, "sender": "+15005550006"},
        "secrets": {"auth_token": TOKEN},
    }
    return _gateway("twilio", origin, given, changes)


@asynccontextmanager
async def running(pool: AsyncConnectionPool[Any], gateway: HttpGateway, clock: Any = now) -> AsyncGenerator[Http]:
    """Run the provider of a gateway."""
    provider = Http(pool, clock, gateway, policy=Policy())
    async with asyncio.TaskGroup() as group:
        task = group.create_task(provider.run(), name="provider")
        yield provider
        task.cancel()
