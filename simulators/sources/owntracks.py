"""OwnTracks recorder files (.rec): a time, a kind and the JSON that a phone published, separated by tabs, a line each.

The JSON is published again as it was, on `owntracks/{terminal}/{device}`; moved in time, only `tst` and `created_at`
change. Locations and transitions are fixes; other kinds (lwt, waypoint, ...) are passed over.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from simulators.sources.recording import Recording, ordered

_COLUMNS: Final = 3
_FIXES: Final = frozenset({"location", "transition"})
_TIMES: Final = ("tst", "created_at")
_DEVICE: Final = "replay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    line: int
    at_s: float
    raw: bytes
    device: str

    def topic(self, terminal: str) -> str:
        return f"owntracks/{terminal}/{self.device}"

    def payload(self, shift_s: int) -> bytes:
        if not shift_s:
            return self.raw
        said: dict[str, Any] = json.loads(self.raw)
        for name in _TIMES:
            if name in said and (at_s := _seconds(said[name])) is not None:
                moved = at_s + shift_s
                said[name] = int(moved) if moved.is_integer() else moved
        return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def read(path: Path, data: bytes) -> Recording:
    """Read a recorder file; lines that are none are faults."""
    recording = Recording(file=path)
    others, found = 0, list[Published]()
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        message = _line(recording, number, line)
        if isinstance(message, Published):
            found.append(message)
        others += message is False
    if others:
        recording.notes.append(f"{others} lines that are no location passed over")
    recording.messages.extend(ordered(found))
    return recording


def _line(recording: Recording, number: int, line: bytes) -> Published | bool:
    """Return a fix; False for another kind of message, True for a reported fault."""
    columns = line.rstrip(b"\r").split(b"\t", _COLUMNS - 1)
    if len(columns) < _COLUMNS:
        recording.fault(number, "no recorder line: wanted a time, a kind and JSON between tabs")
        return True
    raw = columns[2].strip()
    try:
        said: Any = json.loads(raw)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        recording.fault(number, f"broken JSON: {error}")
        return True
    if not isinstance(said, dict):
        recording.fault(number, "the JSON is no object")
        return True
    return _fix(recording, number, raw, cast("dict[str, Any]", said))


def _fix(recording: Recording, number: int, raw: bytes, said: dict[str, Any]) -> Published | bool:
    if said.get("_type") not in _FIXES:
        return False
    at_s = _seconds(said.get("tst"))
    if at_s is None:
        recording.fault(number, f"no time in tst: {str(said.get('tst'))[:40]}")
        return True
    return Published(line=number, at_s=at_s, raw=raw, device=_device(said))


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if abs(seconds) < 1e11 else None  # noqa: PLR2004 - the year 5138; NaN compares false


def _device(said: dict[str, Any]) -> str:
    """The device's own name, as the recorder keeps it in `topic`."""
    topic = said.get("topic")
    device = topic.rpartition("/")[2] if isinstance(topic, str) else ""
    return device if device and not set(device) & set("+#\0") and len(device) < 64 else _DEVICE  # noqa: PLR2004
