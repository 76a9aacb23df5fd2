"""The two programs of the simulators: a simulated crowd, and recordings of real movement, as terminals over MQTT."""

import asyncio
import contextlib
import dataclasses
import random
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from simulators.fleet.build import Share, build, resolve
from simulators.fleet.journal import opened
from simulators.fleet.limits import make_room
from simulators.fleet.summary import Summary
from simulators.replay import Replay, ReplaySummary, announcement
from simulators.roster import TERMINALS, Credential, RosterError, read_handsets, read_roster
from simulators.scenario.model import Handsets, Scenario
from simulators.sources.files import read_recording
from simulators.sources.recording import Recording, RecordingError, believable
from simulators.terminals.connector import Connector, parse_address
from simulators.timeline import lay_timelines

CONNECTIONS_PER_S: Final = 250.0  # a server with TLS pays 1 to 2 ms for each
SOS_PER_HOUR: Final = 0.03  # of one terminal: 500 people press some 15 times an hour
ANSWER_S: Final = (4.0, 60.0)  # after an alert arrived, people acknowledge it
_SETTLE_S: Final = 15.0  # how long a clean stop waits for acknowledgements
_TICK_S: Final = 0.01  # a demonstration needs no exact moments; it shares a core with what it shows


def _nothing(*_said: object) -> None:
    return


async def simulate(
    *,
    roster: Path,
    url: str,
    terminals: int,
    interval_s: float,
    seed: int,
    duration_s: float | None = None,
    say: Callable[[str], None] = _nothing,
    progress: Callable[[Summary], None] = _nothing,
    ready: Callable[[], None] = _nothing,
    sos_per_hour: float = SOS_PER_HOUR,
    connections_per_s: float = CONNECTIONS_PER_S,
    answer_s: tuple[float, float] = ANSWER_S,
    receipts_share: float = 0.0,
    backlog: Path | None = None,
    ca: Path | None = None,
) -> Summary:
    """Let the first `terminals` of the roster move and report every `interval_s` seconds to mqtt://host:port.

    mqtts:// is TLS; `ca`: whom to believe that they are the server (PEM; None: the system's). Runs for
    `duration_s`, or until cancelled; stops cleanly. `say` hears trouble in whole lines, `progress` the
    figures every second, `ready` once that all are connected. The same seed moves them alike.
    `receipts_share` of the terminals ask for receipts. `backlog`: folder of the journal that holds each fix until it is
    safe; what an earlier start left there is published first.
    Raises RosterError, AddressError, LimitError, JournalError.
    """
    endpoint = await resolve(url, ca=ca)
    city = await asyncio.to_thread(read_roster, roster)  # seconds, for a whole city
    if not 0 < terminals <= len(city.handsets):
        raise RosterError(f"{roster}: {len(city.handsets)} terminals in it, {terminals} wanted")
    make_room(terminals)
    handsets = Handsets(sos_per_hour=sos_per_hour, acknowledge_s=answer_s, receipts_share=receipts_share)
    with opened(backlog) as journal:
        built = await asyncio.to_thread(
            build,
            share=Share(
                handsets=city.handsets[:terminals], grids=city.grids, first=0, terminals=terminals, own=terminals
            ),
            endpoint=endpoint,
            scenario=Scenario(connect_within_s=0.0, handsets=handsets),
            seed=seed,
            interval_s=interval_s,
            journal=journal,
            connections_per_s=connections_per_s,
            tick_s=_TICK_S,
            say=lambda line: say(f"{url}, {line}"),
        )
        summary = Summary(terminals=terminals, counts=built.counts)
        with contextlib.closing(built.exchange):
            await built.fleet.run(
                starts_at=time.time(),
                duration_s=duration_s,
                settle_s=_SETTLE_S,
                prepares=False,
                ready=ready,
                second=lambda: progress(summary),
            )
    return summary


async def replay(
    *,
    files: Sequence[Path],
    url: str,
    roster: Path | None = None,
    credentials: Sequence[Credential] = (),
    skip: int = 0,
    speed: float | None = None,
    as_recorded: bool = False,
    say: Callable[[str], None] = _nothing,
) -> ReplaySummary:
    """Publish each of `files` (GPX, NMEA log, OwnTracks .rec) as one terminal to mqtt://host:port.

    Terminals are `credentials`, else those of the roster in its order, `skip` of them passed over (those that a
    simulation uses). Sending keeps recorded gaps divided by `speed` (None: 1); see `simulators.timeline` for the times
    said. `as_recorded` leaves them as they are. `say` hears bad lines, what to expect and trouble.
    Raises RosterError, AddressError, RecordingError (no file can be read), RefusedError (by the server), ValueError.
    """
    host, port = parse_address(url)
    pace = 1.0 if speed is None else speed
    if not 0 < pace < float("inf"):
        raise ValueError(f"a speed is a positive number, not {pace}")
    now_s = time.time()
    recordings, unreadable = _read(files, now_s=now_s, as_recorded=as_recorded)
    for line in unreadable:
        say(line)
    if not recordings:
        raise RecordingError("; ".join(unreadable) or "no files to replay")
    known = _credentials(roster, credentials, wanted=len(recordings), skip=skip)
    timelines = lay_timelines(recordings, speed=pace)
    for timeline, credential in zip(timelines, known, strict=True):
        for line in announcement(timeline, credential.terminal, now_s=now_s, as_recorded=as_recorded):
            say(line)
    say(f"the replay takes {timedelta(seconds=round(max(timeline.ends_s for timeline in timelines)))}")
    connector = Connector(host, port, rate_per_s=CONNECTIONS_PER_S, chance=random.Random(), say=say)
    run = Replay(timelines=timelines, credentials=known, connector=connector, as_recorded=as_recorded)
    return dataclasses.replace(await run.run(), unreadable=tuple(unreadable))


def _read(files: Sequence[Path], *, now_s: float, as_recorded: bool) -> tuple[list[Recording], list[str]]:
    recordings: list[Recording] = []
    unreadable: list[str] = []
    for file in files:
        try:
            recording = read_recording(file)
        except RecordingError as error:
            unreadable.append(str(error))
            continue
        recordings.append(recording if as_recorded else believable(recording, now_s=now_s))
    return recordings, unreadable


def _credentials(roster: Path | None, given: Sequence[Credential], *, wanted: int, skip: int) -> tuple[Credential, ...]:
    """Return the terminals to replay as, one a file."""
    if given or roster is None:
        found = tuple(given)
        where = "the command line"
    else:
        found = tuple(handset.credential for handset in read_handsets(roster / TERMINALS)[skip:])
        where = f"{roster / TERMINALS}, {skip} passed over"
    if len(found) < wanted:
        raise RosterError(f"{wanted} files want a terminal each; {where}: {len(found)}")
    return found[:wanted]
