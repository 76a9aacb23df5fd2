"""The ledgers of a run's workers, read back when all of them have ended."""

from pathlib import Path

import numpy as np

from simulators.ledger import (
    ACKNOWLEDGED_FILE,
    FINAL,
    FINAL_FILE,
    PUBLISHED,
    PUBLISHED_FILE,
    RECEIPTED_FILE,
    SEEN,
    SEEN_FILE,
    SETTLED,
    TRUTH,
    TRUTH_FILE,
    read,
)
from simulators.load.audit import Sent, join
from simulators.load.witness import Rows
from simulators.viewers.plan import DIGEST, DIGEST_FILE, ROLL


def read_sent(folder: Path) -> Sent:
    """Return what all fleet workers published; torn ends are left out."""
    parts = [
        (
            read(worker / PUBLISHED_FILE, PUBLISHED),
            read(worker / ACKNOWLEDGED_FILE, SETTLED),
            read(worker / RECEIPTED_FILE, SETTLED),
        )
        for worker in sorted(folder.glob("fleet-*/"))
    ]
    return join(parts) if parts else join([(np.empty(0, PUBLISHED), np.empty(0, SETTLED), np.empty(0, SETTLED))])


def read_truth(folder: Path) -> Rows:
    """Return where the sampled people really were: TRUTH."""
    return _joined(folder, "fleet-*/", TRUTH_FILE, TRUTH)


def read_seen(folder: Path) -> Rows:
    """Return what measuring viewers were shown: SEEN."""
    return _joined(folder, "viewers-*/", SEEN_FILE, SEEN)


def read_final(folder: Path) -> Rows:
    """Return what the first viewer of each unit held at the end: FINAL."""
    return _joined(folder, "viewers-*/", FINAL_FILE, FINAL)


def read_digests(folder: Path) -> Rows:
    """Return what every viewer held at the end, in short: DIGEST."""
    return _joined(folder, "viewers-*/", DIGEST_FILE, DIGEST)


def read_roll(path: Path | None) -> Rows:
    """Return who is to be seen in which unit: ROLL; none when nobody knows."""
    return np.empty(0, ROLL) if path is None else np.asarray(read(path, ROLL))


def _joined(folder: Path, workers: str, name: str, dtype: np.dtype[np.void]) -> Rows:
    found = [np.asarray(read(worker / name, dtype)) for worker in sorted(folder.glob(workers))]
    return np.concatenate([np.empty(0, dtype), *found])
