"""What `make bench ONLY=peers` measures: every column, small, once quietly and once with a `kill -9` half-way."""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.peers.__main__ import TOOLS, compare
from benchmarks.peers.columns import NAMES, Run, shared_scenario
from benchmarks.peers.table import figures
from simulators.scenario.reading import read_scenario

TERMINALS: Final = 2_000
INTERVAL_S: Final = 4.0
DURATION_S: Final = 60.0
SEED: Final = 1


async def measure() -> Mapping[str, float]:
    """Raises InstallError where npm or go cannot fetch a peer, ServiceError, ColumnError."""
    quiet = await asyncio.to_thread(_measure, kill=False)
    killed = await asyncio.to_thread(_measure, kill=True)
    return {**quiet, **{f"{name}_after_kill": value for name, value in killed.items() if not name.endswith("_ms")}}


def _measure(*, kill: bool) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="gridwarden-peers-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL refuses to run as root, and must come through
        run = Run(
            scenario=shared_scenario(read_scenario("steady"), duration_s=DURATION_S, kill=kill),
            terminals=TERMINALS,
            interval_s=INTERVAL_S,
            duration_s=DURATION_S,
            seed=SEED,
            folder=Path(folder) / "report",
            tools=TOOLS,
            command="python -m benchmarks.run peers",
            say=lambda line: print(line, flush=True),
        )
        return figures(compare(NAMES, run))
