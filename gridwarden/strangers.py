"""Simulators at the terminal: their progress, their words, their summary."""

from collections.abc import Sequence
from pathlib import Path

from gridwarden.console import Progress
from simulators.program import replay, simulate
from simulators.roster import Credential


async def show_simulation(
    *,
    roster: Path,
    url: str,
    terminals: int,
    interval_s: float,
    seed: int,
    receipts_share: float,
    backlog: Path | None,
    for_s: float | None,
) -> None:
    """Simulate until the time is over or Ctrl-C, with the figures on one line; then print the summary."""
    progress = Progress()
    progress.step(f"connecting {terminals} terminals to {url}")
    try:
        summary = await simulate(
            roster=roster,
            url=url,
            terminals=terminals,
            interval_s=interval_s,
            seed=seed,
            duration_s=for_s,
            receipts_share=receipts_share,
            backlog=backlog,
            say=progress.step,
            progress=lambda figures: progress.update(figures.brief),
        )
    finally:
        progress.done()
    progress.print(str(summary))


async def show_replay(
    *,
    files: Sequence[Path],
    url: str,
    roster: Path,
    credential: Credential | None,
    skip: int,
    speed: float,
    as_recorded: bool,
) -> None:
    """Replay the files, bad lines named as they are found; then print the summary."""
    progress = Progress()
    try:
        summary = await replay(
            files=files,
            url=url,
            roster=roster,
            credentials=() if credential is None else (credential,),
            skip=skip,
            speed=speed,
            as_recorded=as_recorded,
            say=progress.step,
        )
    finally:
        progress.done()
    progress.print(str(summary))
