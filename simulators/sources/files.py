"""Which kind of recording a file is: by what it begins with, since .log and .txt say nothing."""

import re
from pathlib import Path
from typing import Final

from simulators.sources import gpx, nmea, owntracks
from simulators.sources.recording import Reader, Recording, RecordingError

_LARGEST: Final = 512 * 1024 * 1024  # bytes; a recording is read whole
_REC: Final = re.compile(rb"\d{4}-\d\d-\d\dT[^\t]*\t")
_BY_SUFFIX: Final[dict[str, Reader]] = {".gpx": gpx.read, ".rec": owntracks.read, ".nmea": nmea.read}
_MARKS: Final = (b"\xef\xbb\xbf",)  # a byte order mark


def read_recording(path: Path) -> Recording:
    """Read a file of any kind. Raises RecordingError when it is none of ours, or cannot be read."""
    try:
        if path.stat().st_size > _LARGEST:
            raise RecordingError(f"{path}: over {_LARGEST // 2**20} MiB; split it")
        data = path.read_bytes()
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from error
    reader = _BY_SUFFIX.get(path.suffix.lower()) or _sniff(data)
    if reader is None:
        raise RecordingError(f"{path}: neither GPX nor an NMEA log nor an OwnTracks recorder file")
    return reader(path, data)


def _sniff(data: bytes) -> Reader | None:
    for mark in _MARKS:
        data = data.removeprefix(mark)
    for line in data.split(b"\n"):
        said = line.strip()
        if not said or said.startswith(b"#"):
            continue
        if said.startswith(b"<"):
            return gpx.read
        if _REC.match(said):
            return owntracks.read
        if said.startswith((b"$", b"!")):
            return nmea.read
    return None
