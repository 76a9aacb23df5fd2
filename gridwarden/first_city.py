"""What a first start needs before anybody can look at it: a city, its terminals' credentials, a login."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from tracker.city.accounts import put_account
from tracker.city.files import GRIDS, write_city
from tracker.city.generator import DEMO, generate
from tracker.city.load import HANDOVER, load_city
from tracker.database.partitions import ensure_partitions
from tracker.organisation.names import ensure_spelled
from tracker.security import new_password
from tracker.store.city import root_unit

COMMANDER: Final = "commander"
DEPUTY: Final = "deputy"  # orange and red want a second person
SPARE: Final = 4  # one terminal that stays at home for so many that walk
ROSTER: Final = "city"  # folder of units.csv, grids.geojson, members.csv and terminals.csv in the data folder


class NoCityError(Exception):
    """There is nothing yet that an account could see; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    name: str
    password: str


async def ensure_days(dsn: str) -> None:
    async with await AsyncConnection[TupleRow].connect(dsn, autocommit=True) as connection:
        await ensure_partitions(connection, datetime.now(UTC).date())


async def ensure_names(dsn: str) -> None:
    """Spell the names of members that an earlier release wrote: without, nobody finds them by their pinyin."""
    async with await AsyncConnection[TupleRow].connect(dsn, autocommit=True) as connection:
        await ensure_spelled(connection)


async def ensure_city(dsn: str, folder: Path, *, seed: int, walkers: int, say: Callable[[str], None]) -> None:
    """Load the small example city into a database that has none; its files and credentials go to `folder`/city.

    It has people for `walkers` simulated terminals and some to spare, for phones and replays. Raises NoCityError when
    there is a city, but nobody's credentials to walk with.
    """
    async with await AsyncConnection[TupleRow].connect(dsn, autocommit=True) as connection:
        if await root_unit(connection) is not None:
            _want_credentials(folder / ROSTER, walkers)
            return
    say("building an example city")
    members = max(DEMO.members, walkers + walkers // SPARE)
    city = generate(seed=seed, sizes=replace(DEMO, members=members))
    roster = folder / ROSTER
    write_city(city, roster)
    say("loading it into the database")
    await load_city(dsn, city, folder=roster, say=say)


def _want_credentials(roster: Path, walkers: int) -> None:
    missing = [name for name in (HANDOVER, GRIDS) if not (roster / name).exists()]
    if walkers and missing:
        message = f"no terminal can be simulated: {' and '.join(missing)} of this city should lie in {roster}"
        raise NoCityError(f"{message}; put them there, or leave out --simulate")


def keep_roster(files: Path, folder: Path) -> None:
    """Keep a loaded city's credentials and areas in the data `folder`, where simulated terminals look for them."""
    roster = folder / ROSTER
    if files.resolve() == roster.resolve():
        return
    roster.mkdir(parents=True, exist_ok=True)
    for name in (HANDOVER, GRIDS):
        shutil.copy2(files / name, roster / name)  # with its mode: the credentials are the owner's


async def new_logins(dsn: str) -> list[Login]:
    """Give the two accounts of the command centre new passwords; raises NoCityError."""
    logins = [Login(name=name, password=new_password()) for name in (COMMANDER, DEPUTY)]
    async with await AsyncConnection[TupleRow].connect(dsn, autocommit=True) as connection:
        root = await root_unit(connection)
        if root is None:
            raise NoCityError("this database holds no city yet: load one with gridwarden city load FOLDER")
        for login in logins:
            await put_account(connection, name=login.name, password=login.password, unit=root)
    return logins
