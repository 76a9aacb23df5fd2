"""Tables of text: bytes to rows of clean fields, whatever encoding and separator a spreadsheet chose."""

import codecs
import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from tracker.city.intake.findings import Findings, Place

# The reference city's largest file has 40 MiB. A file is held in memory as a whole, and several times over for a while.
FILE_BYTES: Final = 256 * 1024 * 1024
UTF_8: Final = "UTF-8"
GBK: Final = "GBK"
CODECS: Final[Mapping[str, str]] = {UTF_8: "utf-8", GBK: "gb18030"}  # GB 18030 holds all of GBK
SEPARATORS: Final = (",", "\t", ";")
CONTROLS: Final = {code: None for code in range(32) if code not in {9, 10, 13}}
INVISIBLE: Final = "\ufeff\u200b\u200c\u200d\u2060"
CODE_LIKE: Final = frozenset(
    ("code", "parent", "level", "role_set", "unit", "role", "terminal", "primary", "language", "interval_s", "rank")
)


class Row(NamedTuple):
    place: Place
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    name: str  # of the file
    columns: tuple[str, ...]
    text: str
    separator: str

    def rows(self, findings: Findings) -> Iterator[Row]:
        """Yield rows with as many fields as the header; spaces and full-width characters are put right."""
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.separator)
        next(reader, None)
        end = False
        while not end:
            place = Place(self.name, reader.line_num + 1)
            try:
                fields = next(reader)
            except StopIteration:
                end = True
                continue
            except csv.Error as error:
                findings.add("unreadable", place, reason=str(error))
                return
            if not any(fields):
                continue
            if len(fields) != len(self.columns):
                findings.add("fields", place, have=len(fields), want=len(self.columns))
                continue
            yield Row(place, self._clean(fields, place, findings))

    def _clean(self, fields: list[str], place: Place, findings: Findings) -> dict[str, str]:
        return {
            column: field if not field else clean(field, column, place, findings)
            for column, field in zip(self.columns, fields, strict=True)
        }


def clean(field: str, column: str, place: Place, findings: Findings) -> str:
    """Return a field without spaces around it, and with half-width characters where a code stands."""
    tidy = field.strip().strip(INVISIBLE).strip()
    if tidy != field:
        findings.add("spaces", place, column=column)
    if column in CODE_LIKE and not tidy.isascii():
        narrow = unicodedata.normalize("NFKC", tidy)
        if narrow != tidy:
            findings.add("full_width", place, column=column, text=narrow)
            tidy = narrow
    if tidy.translate(CONTROLS) != tidy:
        findings.add("control", place, column=column)
        return tidy.translate(CONTROLS)
    return tidy


def read_table(path: Path, *, encoding: str, findings: Findings) -> Table | None:
    """Read a CSV file; None when it cannot be read, with the reason among the findings.

    `encoding` is auto, utf-8 or gbk.
    """
    place = Place(path.name)
    data = _bytes(path, findings)
    if data is None:
        return None
    name = _encoding(data) if encoding == "auto" else {"utf-8": UTF_8, "gbk": GBK}[encoding]
    text = _decoded(data, name, path.name, findings)
    if text is None:
        return None
    if name != UTF_8:
        findings.add("read_as", place, encoding=name)
    header, _, _ = text.partition("\n")
    separator = max(SEPARATORS, key=header.count)
    columns = next(csv.reader([header.strip("\r")], delimiter=separator), [])
    names = tuple(column.strip().strip(INVISIBLE).strip().lower() for column in columns)
    return Table(path.name, names, text, separator)


def _bytes(path: Path, findings: Findings) -> bytes | None:
    place = Place(path.name)
    try:
        size = path.stat().st_size
        if size > FILE_BYTES:
            findings.add("too_large", place, mib=size >> 20, limit=FILE_BYTES >> 20)
            return None
        return path.read_bytes()
    except OSError as error:
        findings.add("unreadable", place, reason=error.strerror)
        return None


def _encoding(data: bytes) -> str:
    """Return which of the two encodings it is.

    Text in GBK is hardly ever also UTF-8, line for line, but UTF-8 with a wrong byte somewhere often decodes as GBK to
    nonsense: where most lines that are not ASCII are UTF-8, the file is UTF-8, and the others are wrong.
    """
    if _is(data, UTF_8):
        return UTF_8
    lines = [line for line in data.splitlines() if not line.isascii()]
    right = sum(_is(line, UTF_8) for line in lines)
    return UTF_8 if right * 2 > len(lines) else GBK


def _is(data: bytes, name: str) -> bool:
    try:
        data.decode(CODECS[name])
    except UnicodeDecodeError:
        return False
    return True


def _decoded(data: bytes, name: str, file: str, findings: Findings) -> str | None:
    data = data.removeprefix(codecs.BOM_UTF8)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        findings.add("wrong_bytes", Place(file, 1), encoding=f"{UTF_8} / {GBK} (UTF-16)")
        return None
    try:
        return data.decode(CODECS[name])
    except UnicodeDecodeError:
        for number, line in enumerate(data.split(b"\n"), start=1):
            if not _is(line, name):
                findings.add("wrong_bytes", Place(file, number), encoding=name)
        return None
