"""NMEA 0183 logs: the RMC and GGA of one instant are one message on the `nmea` topic, as a terminal sends them.

Moving them in time means writing them anew: the time of day keeps its decimals, the date rolls, the checksum is
computed again. Sentences whose checksum is wrong are faults: a terminal would not know what to make of them either.
A GGA has no date; for its place in the replay it gets that of the RMC before it (or after, at the beginning).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Final

from simulators.sources.recording import Recording, ordered

_SENTENCE: Final = re.compile(rb"\$([^*]*)(?:\*([0-9A-Fa-f]{2}))?")
_TIME: Final = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d|60)(\.\d*)?", re.ASCII)  # 60: a leap second
_DATE: Final = re.compile(r"(\d\d)(\d\d)(\d\d)", re.ASCII)
_KINDS: Final = frozenset({"RMC", "GGA"})
_ADDRESS: Final = 5  # letters: two of the talker, three of the kind
_RMC_STATUS: Final = 2
_RMC_DATE: Final = 9
_GGA_QUALITY: Final = 6
_GPS_CENTURY: Final = 80  # two-digit years from here on are of the last century
_DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Sentence:
    line: int
    kind: str  # RMC or GGA
    fields: tuple[str, ...]  # the address first; no $, no checksum
    second: float  # of the day
    day: date | None

    @property
    def has_fix(self) -> bool:
        if self.kind == "RMC":
            return self.fields[_RMC_STATUS] == "A"
        return self.fields[_GGA_QUALITY] not in {"", "0"}

    def moved(self, shift_s: int) -> str:
        """Return the sentence, checksum and all, `shift_s` later."""
        fields = list(self.fields)
        if shift_s:
            midnight = datetime.combine(self.day or date(2000, 1, 1), datetime.min.time(), UTC)
            at = midnight + timedelta(seconds=int(self.second) + shift_s)
            fields[1] = f"{at:%H%M%S}{fields[1][6:]}"
            if self.kind == "RMC":
                fields[_RMC_DATE] = f"{at:%d%m%y}"
        body = ",".join(fields)
        return f"${body}*{checksum(body.encode()):02X}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """The sentences of one time of day: one message."""

    line: int
    at_s: float
    sentences: tuple[Sentence, ...]

    def topic(self, terminal: str) -> str:
        return f"gw/v1/t/{terminal}/nmea"

    def payload(self, shift_s: int) -> bytes:
        return "".join(sentence.moved(shift_s) + "\r\n" for sentence in self.sentences).encode()


def checksum(body: bytes) -> int:
    """Return the exclusive or of the bytes between $ and * (NMEA 0183, 5.3.1)."""
    return reduce(xor, body, 0)


def read(path: Path, data: bytes) -> Recording:
    """Read a log; lines that begin with # are its notes, sentences other than RMC and GGA are passed over."""
    recording = Recording(file=path)
    sentences = list(_sentences(recording, data))
    groups = list(_grouped(sentences))
    instants = list(_dated(recording, groups))
    without = sum(not any(sentence.has_fix for sentence in instant.sentences) for instant in instants)
    if without:
        recording.notes.append(f"{without} messages hold no fix (status V, quality 0); they are sent as they are")
    recording.messages.extend(ordered(instants))
    return recording


def _sentences(recording: Recording, data: bytes) -> Iterator[Sentence]:
    timeless = 0
    for number, raw in enumerate(data.split(b"\n"), start=1):
        line = raw.strip()
        if not line or line.startswith(b"#"):
            continue
        sentence = _sentence(recording, number, line)
        if isinstance(sentence, Sentence):
            yield sentence
        timeless += sentence is _TIMELESS
    if timeless:
        recording.notes.append(f"{timeless} sentences without a time of day passed over")


_TIMELESS: Final = "timeless"


def _sentence(recording: Recording, number: int, line: bytes) -> Sentence | str | None:
    """Return an RMC or GGA; None for others and, reported, for broken ones."""
    match = _SENTENCE.fullmatch(line)
    if match is None:
        recording.fault(number, "no NMEA sentence")
        return None
    body, said = match.groups()
    fields = body.decode("ascii", "replace").split(",")
    kind = fields[0][2:] if len(fields[0]) == _ADDRESS else ""
    if said is not None and int(said, 16) != checksum(body):
        recording.fault(number, f"bad checksum {said.decode()}, computed {checksum(body):02X}")
        return None
    if kind not in _KINDS:
        return None
    if said is None or len(fields) <= (_RMC_DATE if kind == "RMC" else _GGA_QUALITY):
        recording.fault(number, f"{kind} without a checksum" if said is None else f"{kind} with {len(fields)} fields")
        return None
    return _timed(recording, number, kind, fields)


def _timed(recording: Recording, number: int, kind: str, fields: list[str]) -> Sentence | str | None:
    clock = _TIME.fullmatch(fields[1])
    if not fields[1]:
        return _TIMELESS
    if clock is None:
        recording.fault(number, f"{fields[1][:20]!r} is no time of day")
        return None
    day = _day(fields[_RMC_DATE]) if kind == "RMC" else None
    if kind == "RMC" and day is None:
        recording.fault(number, f"{fields[_RMC_DATE][:20]!r} is no date")
        return None
    hours, minutes, seconds, fraction = clock.groups()
    second = int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0{fraction or '.'}0")
    return Sentence(number, kind, tuple(fields), second, day)


def _day(text: str) -> date | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    day, month, year = (int(part) for part in match.groups())
    try:
        return date(year + (1900 if year >= _GPS_CENTURY else 2000), month, day)
    except ValueError:
        return None


def _grouped(sentences: list[Sentence]) -> Iterator[list[Sentence]]:
    """Neighbours of the same time of day belong together, one of each kind."""
    group: list[Sentence] = []
    for sentence in sentences:
        if group and (sentence.second != group[0].second or sentence.kind in {other.kind for other in group}):
            yield group
            group = []
        group.append(sentence)
    if group:
        yield group


def _dated(recording: Recording, groups: list[list[Sentence]]) -> Iterator[Instant]:
    known = [_midnight_and_second(group) for group in groups]
    last = next((found for found in known if found is not None), None)
    for group, found in zip(groups, known, strict=True):
        if last is None:
            recording.fault(group[0].line, "a GGA, and no RMC in the file to say the date")
            continue
        at_s = sum(found) if found is not None else _nearest(last, group[0].second)
        last = found or last
        yield Instant(line=group[0].line, at_s=at_s, sentences=tuple(group))


def _midnight_and_second(group: list[Sentence]) -> tuple[float, float] | None:
    for sentence in group:
        if sentence.day is not None:
            midnight = datetime.combine(sentence.day, datetime.min.time(), UTC)
            return midnight.timestamp(), sentence.second
    return None


def _nearest(known: tuple[float, float], second: float) -> float:
    """The instant of that second of a day that is nearest to a known one."""
    midnight_s, known_second = known
    days = round((known_second - second) / _DAY_S)
    return midnight_s + second + days * _DAY_S
