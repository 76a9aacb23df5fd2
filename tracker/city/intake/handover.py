"""Credentials of new terminals as a file that its owner alone can read. It is the only copy there is."""

import csv
import io
import itertools
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from tracker.city.intake.apply import Handover
from tracker.city.load import HANDOVER, HANDOVER_COLUMNS


def as_text(handover: Iterable[Handover]) -> str:
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(HANDOVER_COLUMNS)
    rows.writerows((item.terminal, item.secret, item.member, item.unit) for item in handover)
    return text.getvalue()


def keep(handover: Sequence[Handover], folder: Path) -> Path:
    """Write terminals.csv into `folder`, on disk when this returns; a file that is there is never replaced.

    It may hold secrets that nobody has carried to a terminal yet: the next free of terminals-2.csv, ... is taken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / HANDOVER
    for number in itertools.count(2):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            path = folder / f"terminals-{number}.csv"
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(as_text(handover))
            file.flush()
            os.fsync(file.fileno())
        break
    return path
