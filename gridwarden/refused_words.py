"""Refused reports as a person, a pipe or a program reads them. What a terminal sent never steers the screen. Pure."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from dashboard.store.refused import DayRow, RefusedRow

WIDTH: Final = 16  # bytes in a line of a hexdump
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION: Final = re.compile(r"(\d{1,6})([smhdw])")


def moment(text: str, *, now: datetime) -> datetime:
    """Return `now` less a duration (90s, 15m, 6h, 3d, 2w), or the moment that RFC 3339 names; without a zone, UTC.

    Raises ValueError.
    """
    if found := _DURATION.fullmatch(text.strip()):
        return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
    read = datetime.fromisoformat(text.strip())
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def plain(row: RefusedRow) -> str:
    """Return one line with tabs between: time, terminal, reason, topic, detail."""
    return "\t".join([stamp(row.received_at), row.terminal or "-", row.reason, shown(row.topic), shown(row.detail)])


def plain_day(row: DayRow) -> str:
    return f"{row.day}\t{row.reason}\t{row.reports}"


def as_json(row: RefusedRow) -> str:
    """Return one object in one line; `payload` where it is UTF-8, else `payload_hex`."""
    said: dict[str, object] = {
        "id": row.id,
        "received_at": row.received_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "terminal": row.terminal,
        "topic": row.topic,
        "reason": row.reason,
        "detail": row.detail,
    }
    try:
        said["payload"] = row.payload.decode()
    except UnicodeDecodeError:
        said["payload_hex"] = row.payload.hex()
    return json.dumps(said, ensure_ascii=False)


def day_as_json(row: DayRow) -> str:
    return json.dumps({"day": str(row.day), "reason": row.reason, "reports": row.reports})


def payload_lines(payload: bytes) -> list[str]:
    """Return text as it is, by lines, and anything else as a hexdump."""
    if not payload:
        return ["(empty)"]
    try:
        lines = payload.decode().splitlines()
    except UnicodeDecodeError:
        return hexdump(payload)
    return lines if all(line.replace("\t", " ").isprintable() for line in lines) else hexdump(payload)


def hexdump(payload: bytes) -> list[str]:
    lines: list[str] = []
    for start in range(0, len(payload), WIDTH):
        part = payload[start : start + WIDTH]
        drawn = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)  # noqa: PLR2004 - ASCII's printable
        lines.append(f"{start:08x}  {part.hex(' '):<{WIDTH * 3 - 1}}  |{drawn}|")
    return lines


def shown(text: str) -> str:
    """Return `text` with what is not printable as escapes: a topic may hold anything, an escape sequence too."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
