"""The logins of the command centre, as `gridwarden logins` gives them."""

from pathlib import Path

import psycopg
import pytest

from gridwarden.first_city import NoCityError, new_logins
from tracker.city.generator import DEMO, generate
from tracker.city.load import load_city
from tracker.security import verify_password


async def test_the_command_centre_gets_new_passwords_each_time(
    database: str, connection: psycopg.AsyncConnection, tmp_path: Path
) -> None:
    await load_city(database, generate(seed=1, sizes=DEMO), folder=tmp_path)
    first, second = await new_logins(database), await new_logins(database)
    assert [login.name for login in first] == ["commander", "deputy"]
    assert {login.password for login in first}.isdisjoint({login.password for login in second})
    rows = await (await connection.execute("SELECT name, password_hash FROM account")).fetchall()
    hashes = {str(name): str(password_hash) for name, password_hash in rows}
    assert all(verify_password(login.password, hashes[login.name]) for login in second)


async def test_without_a_city_there_is_nothing_to_log_in_to(database: str) -> None:
    with pytest.raises(NoCityError, match="city load"):
        await new_logins(database)
