"""A PostgreSQL of our own, with fsync, for the time of a measurement."""

import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gridwarden.embedded import EmbeddedPostgres


@contextmanager
def a_cluster(settings: Mapping[str, str] | None = None) -> Generator[EmbeddedPostgres]:
    """`settings` go over the embedded ones, until somebody sets `cluster.settings` and starts it again."""
    with tempfile.TemporaryDirectory(prefix="gridwarden-bench-") as folder:
        Path(folder).chmod(0o755)
        cluster = EmbeddedPostgres(Path(folder), settings=settings or {})
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
