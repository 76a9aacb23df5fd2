"""What several commands are asked with, in the same words, and how a command becomes settings and runs."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any

import typer
import uvloop

from gridwarden.settings import Settings

Database = Annotated[
    str | None,
    typer.Option(help="PostgreSQL or TimescaleDB, postgresql://...  [default: the embedded one of the data folder]"),
]
Redis = Annotated[str | None, typer.Option(help="Bus between programs, redis://...  [default: within the process]")]
MetricsPort = Annotated[int | None, typer.Option(help="Serve /metrics to Prometheus here.  [default: nowhere]")]
MetricsHost = Annotated[str | None, typer.Option(help="Address of --metrics-port.  [default: 127.0.0.1]")]


def settings_of(**given: Any) -> Settings:
    """Return the settings with those given on the command line; None is one that was not given."""
    return Settings(**{name: value for name, value in given.items() if value is not None})


def run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)
