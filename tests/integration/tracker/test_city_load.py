import csv
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import psycopg
import pytest
import shapely

from tracker.city.accounts import put_account
from tracker.city.files import read_city, write_city
from tracker.city.generator import Sizes, generate
from tracker.city.load import CityExistsError, load_city
from tracker.city.model import City, Member, Post, Terminal
from tracker.city.tree import TreeError
from tracker.geometry.atlas import one
from tracker.organisation.names import pinyin_of
from tracker.security import verify, verify_password
from tracker.store import city as store
from tracker.store import grid_sets
from tracker.store.search import find_members
from tracker.store.terminals import credentials, rotate

SMALL = Sizes(counties=2, grids_1=3, grids_2=6, grids_3=14, leaders=26, members=60)


@pytest.fixture(scope="module")
def city() -> City:
    return generate(7, SMALL)


@pytest.fixture
async def loaded(database: str, city: City, tmp_path: Path) -> str:
    await load_city(database, city, folder=tmp_path)
    return database


def handover(folder: Path) -> list[dict[str, str]]:
    with (folder / "terminals.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_city_written_and_read_is_the_same_city(city: City, tmp_path: Path) -> None:
    write_city(city, tmp_path)
    again = read_city(tmp_path)
    assert (again.units, again.members) == (city.units, city.members)
    assert {code: shapely.to_wkb(area) for code, area in again.areas.items()} == {
        code: shapely.to_wkb(area) for code, area in city.areas.items()
    }


async def test_units_come_back_in_tree_order_with_their_subtrees(
    loaded: str, city: City, connection: psycopg.AsyncConnection
) -> None:
    units = await store.units(connection)
    root = await store.root_unit(connection)
    assert root == units[0].id
    assert {unit.code for unit in units} == {unit.code for unit in city.units}
    code_of = {unit.id: unit.code for unit in units}
    parents = {unit.code: code_of.get(unit.parent or 0) for unit in units}
    assert parents == {unit.code: unit.parent for unit in city.units}
    for unit in units:
        below = {other.code for other in await store.subtree(connection, unit.id)}
        assert below == {code for code in parents if unit.code in lineage(code, parents)}


def lineage(code: str, parents: dict[str, str | None]) -> list[str]:
    line = [code]
    while (parent := parents[line[-1]]) is not None:
        line.append(parent)
    return line


async def test_fences_of_the_set_in_force_find_each_leaf(
    loaded: str, city: City, connection: psycopg.AsyncConnection
) -> None:
    fences = await grid_sets.fences(connection, 1)
    code_of = {unit.id: unit.code for unit in await store.units(connection)}
    leaves = [unit.code for unit in city.units if unit.level == "grid-3"]
    inside = [city.areas[code].representative_point() for code in leaves]
    placed = fences.place(np.array([point.x for point in inside]), np.array([point.y for point in inside]))
    assert [code_of[unit] for unit in placed.tolist()] == leaves
    assert fences.version == await store.grid_set_in_force(connection) == 1
    tree = one(fences, await grid_sets.parents(connection))
    assert [code_of[above] for above in tree.ancestors(int(placed[0]))] == lineage(
        leaves[0], {unit.code: unit.parent for unit in city.units}
    )[1:]


async def test_a_grid_set_of_the_future_is_not_in_force(loaded: str, connection: psycopg.AsyncConnection) -> None:
    await connection.execute("INSERT INTO grid_set (takes_effect_at) VALUES (now() + interval '1 hour')")
    assert await store.grid_set_in_force(connection) == 1


async def test_an_empty_database_has_no_city(connection: psycopg.AsyncConnection) -> None:
    assert await store.root_unit(connection) is None
    assert await store.grid_set_in_force(connection) == 0
    assert len(await grid_sets.fences(connection, 0)) == 0


async def test_bounds_are_those_of_the_area(loaded: str, city: City, connection: psycopg.AsyncConnection) -> None:
    units = await store.units(connection)
    county = next(unit for unit in units if unit.level == "county")
    department = next(unit for unit in units if unit.level == "department")
    assert await store.bounds(connection, county.id) == city.areas[county.code].bounds
    assert await store.bounds(connection, department.id) is None


async def test_members_are_counted_in_their_unit_and_carry_their_terminal(
    loaded: str, city: City, connection: psycopg.AsyncConnection
) -> None:
    root = await store.root_unit(connection)
    assert root is not None
    code_of = {unit.id: unit.code for unit in await store.units(connection)}
    stored = await store.members(connection, root)
    terminal_of = {carried.member: carried.code for carried in await store.carried(connection)}
    read_back = tuple(
        Member(
            code=member.code,
            name=member.name,
            phone=member.phone or "",
            posts=(Post(unit=code_of[member.unit], role=member.role),),
            terminals=(Terminal(code=terminal_of[member.id]),),
        )
        for member in stored
    )
    assert read_back == tuple(replace(member, posts=member.posts[:1]) for member in city.members)


async def test_the_handover_list_is_private_and_its_secrets_open_the_terminals(
    loaded: str, tmp_path: Path, connection: psycopg.AsyncConnection
) -> None:
    assert stat.S_IMODE((tmp_path / "terminals.csv").stat().st_mode) == 0o600
    rows = handover(tmp_path)
    stored = {credential.code: credential for credential in await credentials(connection)}
    assert sorted(stored) == [row["terminal"] for row in rows]
    for row in rows:
        credential = stored[row["terminal"]]
        assert verify(row["secret"], salt=credential.secret_salt, secret_hash=credential.secret_hash)


async def test_a_rotated_secret_replaces_the_old_one(
    loaded: str, tmp_path: Path, connection: psycopg.AsyncConnection
) -> None:
    row = handover(tmp_path)[0]
    secret = await rotate(connection, row["terminal"])
    stored = next(item for item in await credentials(connection) if item.code == row["terminal"])
    assert secret is not None
    assert verify(secret, salt=stored.secret_salt, secret_hash=stored.secret_hash)
    assert not verify(row["secret"], salt=stored.secret_salt, secret_hash=stored.secret_hash)
    assert await rotate(connection, "nobody") is None


async def test_a_second_city_is_refused_and_the_first_ones_secrets_are_kept(
    loaded: str, city: City, tmp_path: Path
) -> None:
    before = (tmp_path / "terminals.csv").read_bytes()
    with pytest.raises(CityExistsError):
        await load_city(loaded, city, folder=tmp_path)
    assert (tmp_path / "terminals.csv").read_bytes() == before
    assert names(tmp_path) == ["terminals.csv"]


async def test_a_city_that_the_schema_refuses_leaves_nothing_behind(
    database: str, city: City, tmp_path: Path, connection: psycopg.AsyncConnection
) -> None:
    twice = replace(city, members=(*city.members, city.members[0]))
    with pytest.raises(psycopg.errors.UniqueViolation):
        await load_city(database, twice, folder=tmp_path)
    assert await store.root_unit(connection) is None
    assert names(tmp_path) == []


async def test_units_that_are_no_tree_are_refused(database: str, city: City, tmp_path: Path) -> None:
    orphans = replace(city, units=city.units[1:])
    with pytest.raises(TreeError, match="lies in 990100, which is not there"):
        await load_city(database, orphans, folder=tmp_path)


async def test_ids_go_on_behind_the_loaded_ones(loaded: str, city: City, connection: psycopg.AsyncConnection) -> None:
    made = await connection.execute("INSERT INTO member (code, name) VALUES ('later', '后来') RETURNING id")
    assert await made.fetchone() == (len(city.members) + 1,)


async def test_an_account_is_made_once_and_then_given_a_new_password(
    loaded: str, connection: psycopg.AsyncConnection
) -> None:
    first = await put_account(connection, name="commander", password="one", unit=1)
    await connection.execute(
        "INSERT INTO login_session (token_hash, account, expires_at) VALUES ('t', %s, now())", [first]
    )
    again = await put_account(connection, name="commander", password="two", unit=2, roles=["viewer"])
    assert again == first
    found = await connection.execute(
        """
        SELECT account.unit, array_agg(role), password_hash
        FROM account JOIN account_role ON account.id = account GROUP BY account.id
        """
    )
    ((unit, roles, password_hash),) = await found.fetchall()
    assert (unit, roles) == (2, ["viewer"])
    assert verify_password("two", password_hash)
    assert not verify_password("one", password_hash)
    sessions = await connection.execute("SELECT count(*) FROM login_session")
    assert await sessions.fetchone() == (0,)


async def test_members_are_found_by_pinyin_and_terminals_belong_to_their_carrier_s_unit(
    loaded: str, city: City, connection: psycopg.AsyncConnection
) -> None:
    member = city.members[0]
    found = await find_members(connection, left=1, right=99, words=pinyin_of(member.name), limit=9)
    assert found[0] in {number for number, one in enumerate(city.members, start=1) if one.name == member.name}
    strange = await connection.execute(
        """
        SELECT count(*) FROM terminal
        JOIN assignment ON assignment.member = terminal.member AND is_primary
        LEFT JOIN terminal_carrier AS carrier ON carrier.terminal = terminal.id AND until IS NULL
        WHERE terminal.unit <> assignment.unit OR carrier.member IS DISTINCT FROM terminal.member
        """
    )
    assert await strange.fetchone() == (0,)


async def test_what_is_loaded_is_counted(database: str, city: City, tmp_path: Path) -> None:
    counted: dict[str, tuple[int, int]] = {}

    def count(what: str, done: int, of: int) -> None:
        counted[what] = (done, of)

    await load_city(database, city, folder=tmp_path, count=count)
    posts = sum(len(member.posts) for member in city.members)
    assert counted == {
        "units": (28, 28),
        "grids": (26, 26),
        "members": (60, 60),
        "assignments": (posts, posts),
        "terminals": (60, 60),
    }


async def test_progress_is_told(database: str, city: City, tmp_path: Path) -> None:
    lines: list[str] = []
    await load_city(database, city, folder=tmp_path, say=lines.append)
    assert lines == [
        "loaded units: 28",
        "loaded grids: 26",
        "loaded members: 60",
        f"loaded assignments: {sum(len(member.posts) for member in city.members)}",
        "loaded terminals: 60",
    ]
