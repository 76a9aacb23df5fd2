"""A recording: what was said when, ready to be said again with other times; and what could not be read, by line."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

# The first second of GPS time, 1980-01-06: no receiver ever made an earlier fix.
GPS_EPOCH_S: Final = 315_964_800.0


class RecordingError(Exception):
    """A file cannot be replayed at all; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    file: Path
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.why}"


class Recorded(Protocol):
    """One message of a recording."""

    @property
    def line(self) -> int: ...

    @property
    def at_s(self) -> float:
        """The time of the fix, epoch seconds."""
        ...

    def topic(self, terminal: str) -> str: ...

    def payload(self, shift_s: int) -> bytes:
        """The message with its times moved by `shift_s` (0: byte for byte as recorded, where that is a format)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    file: Path
    messages: list[Recorded] = field(default_factory=list)  # in order of time once `ordered`
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was passed over, in words

    def fault(self, line: int, why: str) -> None:
        self.faults.append(Fault(self.file, line, why))


Reader = Callable[[Path, bytes], Recording]


def believable(recording: Recording, *, now_s: float) -> Recording:
    """Return the recording without fixes that no receiver made then: those before GPS, and those of the future.

    One such date would stretch a replay by decades, or move all other fixes there. Each is a fault instead.
    """
    kept: list[Recorded] = []
    faults = list(recording.faults)
    for message in recording.messages:
        if GPS_EPOCH_S <= message.at_s <= now_s:
            kept.append(message)
        else:
            why = "before GPS existed" if message.at_s < GPS_EPOCH_S else "in the future"
            faults.append(Fault(recording.file, message.line, f"dated {_date(message.at_s)}, {why}: left out"))
    faults.sort(key=lambda fault: fault.line)
    return Recording(file=recording.file, messages=kept, faults=faults, notes=recording.notes)


def ordered(messages: Iterable[Recorded]) -> list[Recorded]:
    """Sort by time; a file may hold several tracks in any order."""
    return sorted(messages, key=lambda message: message.at_s)


def _date(at_s: float) -> str:
    try:
        return datetime.fromtimestamp(at_s, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return f"{at_s:g} s"
