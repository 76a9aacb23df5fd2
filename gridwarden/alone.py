"""One program a process, as containers run them: `gridwarden ingest`, `alerts`, `dashboard`."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from gridwarden import weather
from gridwarden.collector import spare_what_stays
from gridwarden.console import configure_log
from gridwarden.door import broker_secret, public_door, push_secret
from gridwarden.programs import Programs
from gridwarden.settings import Settings
from gridwarden.sign_on import single_sign_on
from gridwarden.signals import until_stopped
from gridwarden.sms_gateways import gateways
from tracker.bus.connect import connect

Program = Callable[..., Coroutine[Any, Any, None]]

log = structlog.get_logger()


class SettingMissingError(Exception):
    """A program that runs alone needs it; the message names the option."""


def needed(value: str | None, option: str) -> str:
    if value is None:
        raise SettingMissingError(f"a program that runs alone needs {option}")
    return value


async def run_alone(settings: Settings, name: str, choose: Callable[[Programs], Program]) -> None:
    """Run the program that `choose` picks until a signal; its facts go to standard error as JSON lines."""
    configure_log(None)
    given = settings.link_secret
    secret = needed(None if given is None else given.get_secret_value(), "GRIDWARDEN_LINK_SECRET")
    bus = connect(needed(settings.redis, "--redis (GRIDWARDEN_REDIS)"))
    public_url = settings.public_url or f"http://{settings.host}:{settings.port}"
    programs = Programs(
        dsn=needed(settings.database, "--database (GRIDWARDEN_DATABASE)"),
        bus=bus,
        link_secret=secret.encode(),
        public_url=public_url,
        needs_second_factor=settings.second_factor != "optional",
        single_sign_on=single_sign_on(settings, public_url=public_url),
        door=public_door(settings),
        broker_secret=broker_secret(settings),
        push_secret=push_secret(settings),
        push_services=tuple(settings.push_services.split()),
        keep_days=settings.keep_days,
        sends_drill_sms=settings.drill_sms == "send",
        sms_signature=settings.sms_signature,
        feeds=weather.feeds(settings),
        trusted=weather.trusted(settings),
        gateways=gateways(settings, public_url=public_url),
    )
    async with asyncio.TaskGroup() as group:

        def ready() -> None:
            spare_what_stays()
            log.info("program.ready", program=name)

        task = group.create_task(choose(programs)(ready=ready), name=name)
        await until_stopped(settings.for_s)
        task.cancel()
    await bus.close()
