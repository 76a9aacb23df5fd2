"""A PostgreSQL of our own, with fsync, for the time of a measurement."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from gridwarden.embedded import EmbeddedPostgres


@contextmanager
def a_cluster() -> Generator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="gridwarden-bench-") as folder:
        Path(folder).chmod(0o755)
        cluster = EmbeddedPostgres(Path(folder))
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
