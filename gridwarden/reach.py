"""The database of a short command: the operator's own, or the embedded one of a data folder, running or not."""

import contextlib
from collections.abc import Generator

from gridwarden.console import Progress
from gridwarden.embedded import EmbeddedPostgres
from gridwarden.folder import held
from gridwarden.settings import Settings
from tracker.database.migrate import migrate


@contextlib.contextmanager
def reached(settings: Settings, progress: Progress) -> Generator[str]:
    """Yield the address of a migrated database for as long as the block lasts.

    Without `--database` it is the embedded one in the data folder: as it runs under `gridwarden up`, else started here
    and stopped again. Raises FolderError and EmbeddedPostgresError.
    """
    if settings.database is not None:
        migrate(settings.database, say=progress.step)
        yield settings.database
        return
    embedded = EmbeddedPostgres(settings.data.resolve(), say=progress.step)
    if embedded.answers:
        yield embedded.dsn
        return
    with held(settings.data) as folder:
        embedded = EmbeddedPostgres(folder, say=progress.step)
        progress.step("starting the database")
        embedded.start()
        try:
            migrate(embedded.dsn, say=progress.step)
            yield embedded.dsn
        finally:
            progress.step("stopping the database")
            embedded.stop()
