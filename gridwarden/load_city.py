"""What a load run with `--up` needs before it starts: a city with enough people, and an account of its own."""

import asyncio
from pathlib import Path
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.console import Progress
from gridwarden.first_city import ROSTER, Login, ensure_city, ensure_days
from gridwarden.load_wish import LoadError
from tracker.city.accounts import put_account
from tracker.city.files import write_city
from tracker.city.generator import REFERENCE, generate
from tracker.city.load import load_city
from tracker.database.migrate import migrate
from tracker.security import new_password
from tracker.store.city import root_unit

ACCOUNT: Final = "load-test"  # of its own: `up` gives the command centre's accounts new passwords at each start
SMALL: Final = 5_000  # terminals, up to which the small example city has to do


async def prepare(dsn: str, data: Path, *, terminals: int, seed: int, progress: Progress) -> Login:
    """Bring the database up to date, load a city if there is none, and return the run's own account.

    Raises LoadError when there is a city, but nobody's credentials.
    """
    await asyncio.to_thread(migrate, dsn, say=progress.step)
    await ensure_days(dsn)
    async with await AsyncConnection[TupleRow].connect(dsn, autocommit=True) as connection:
        root = await root_unit(connection)
    if root is None and terminals > SMALL:
        await _load_full_city(dsn, data / ROSTER, seed=seed, progress=progress)
    else:
        await ensure_city(dsn, data, seed=seed, walkers=terminals, say=progress.step)
    return await new_account(dsn)


async def new_account(dsn: str) -> Login:
    """Give the run's account a new password that nobody else knows."""
    login = Login(name=ACCOUNT, password=new_password())
    async with await AsyncConnection[TupleRow].connect(dsn, autocommit=True) as connection:
        root = await root_unit(connection)
        if root is None:
            raise LoadError("this database holds no city: load one with gridwarden city load FOLDER")
        await put_account(connection, name=login.name, password=login.password, unit=root)
    return login


async def _load_full_city(dsn: str, roster: Path, *, seed: int, progress: Progress) -> None:
    progress.step("generating a city of 270,342 people")
    city = await asyncio.to_thread(generate, seed=seed, sizes=REFERENCE, count=progress.count)
    await asyncio.to_thread(write_city, city, roster)
    progress.step("loading it into the database")
    await load_city(dsn, city, folder=roster, say=progress.step, count=progress.count)
