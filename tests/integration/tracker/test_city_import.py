"""What an import does to a database: what files say, all of it or nothing."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import shapely
from psycopg import sql
from psycopg.types.json import Jsonb

from tracker.city.export import Format, export
from tracker.city.files import write_city
from tracker.city.generator import Sizes, generate
from tracker.city.intake import handover
from tracker.city.intake.apply import Handover
from tracker.city.intake.reading import Options
from tracker.city.intake.run import Prepared, prepare, take_in
from tracker.city.load import load_city
from tracker.city.model import City, Member, Post, Terminal, Unit
from tracker.city.tree import intervals
from tracker.organisation.errors import Conflict
from tracker.security import verify
from tracker.store import city as store
from tracker.store.terminals import credentials

Connection = psycopg.AsyncConnection[Any]
SMALL = Sizes(counties=2, grids_1=3, grids_2=6, grids_3=14, leaders=26, members=60)
EVERYTHING = sql.SQL("SELECT * FROM {} ORDER BY 1, 2, 3")
ALL = ("units.csv", "grids.geojson", "members.csv")


@pytest.fixture(scope="module")
def city() -> City:
    return generate(7, SMALL)


@pytest.fixture
async def loaded(database: str, city: City, tmp_path: Path) -> str:
    await load_city(database, city, folder=tmp_path / "loaded")
    return database


def files(city: City, folder: Path, names: Sequence[str] = ALL) -> list[Path]:
    write_city(city, folder)
    return [folder / name for name in names]


async def report(connection: Connection, paths: Sequence[Path], **options: Any) -> Prepared:
    return await prepare(connection, paths, Options(**options))


async def taken(connection: Connection, paths: Sequence[Path], **options: Any) -> tuple[Handover, ...]:
    prepared = await report(connection, paths, **options)
    assert prepared.report.is_applicable, "\n".join(prepared.report.lines())
    return (await take_in(connection, prepared, Options(**options))).handover


def counts(prepared: Prepared) -> dict[str, tuple[int, int, int]]:
    assert prepared.report.difference is not None
    return {
        change.kind: (len(change.added), len(change.changed), len(change.closed))
        for change in prepared.report.difference.all()
        if change
    }


async def everything(connection: Connection) -> dict[str, list[Any]]:
    """Return the rows of all tables that an import could touch."""
    tables = ("level", "role", "unit", "grid_set", "grid", "member", "assignment", "terminal", "terminal_carrier")
    return {
        table: await (await connection.execute(EVERYTHING.format(sql.Identifier(table)))).fetchall()
        for table in (*tables, "audit")
    }


async def test_a_city_is_imported_into_an_empty_database(connection: Connection, city: City, tmp_path: Path) -> None:
    given = await taken(connection, files(city, tmp_path))
    units = await store.units(connection)
    assert [(unit.code, unit.name) for unit in units] == [(n.unit.code, n.unit.name) for n in intervals(city.units)]
    stored = await store.members(connection, units[0].id)
    assert [(member.code, member.name, member.phone) for member in stored] == [
        (member.code, member.name, member.phone) for member in city.members
    ]
    assert sorted(item.terminal for item in given) == sorted(
        terminal.code for member in city.members for terminal in member.terminals
    )
    known = {credential.code: credential for credential in await credentials(connection)}
    assert all(
        verify(item.secret, salt=known[item.terminal].secret_salt, secret_hash=known[item.terminal].secret_hash)
        for item in given
    )
    grids = await store.grids(connection, await store.grid_set_in_force(connection))
    assert {grid.code for grid in grids if grid.is_leaf} == {u.code for u in city.units if u.level == "grid-3"}
    assert {grid.code: shapely.from_wkb(grid.area).normalize() for grid in grids} == {
        code: area.normalize() for code, area in city.areas.items()
    }
    audit = await connection.execute("SELECT action, detail->'units'->'added' FROM audit")
    assert await audit.fetchall() == [("city.imported", 28)]
    spelled = await connection.execute("SELECT count(*) FROM member WHERE pinyin = ''")
    assert await spelled.fetchone() == (0,)


@pytest.mark.parametrize("form", ["geojson", "fgb", "shp"])
async def test_what_is_exported_and_imported_again_changes_nothing(
    loaded: str, connection: Connection, tmp_path: Path, form: Format
) -> None:
    await connection.execute(
        "UPDATE unit SET role_set = '3+X', attributes = %s WHERE code = '990101'", [Jsonb({"a": [1.5]})]
    )
    await connection.execute("INSERT INTO assignment VALUES (1, 3, 'volunteer', false), (1, 2, 'volunteer', false)")
    await connection.execute("UPDATE terminal SET member = 2, interval_s = 20, model = 'X, 1' WHERE member = 1")
    await connection.execute("UPDATE member SET language = 'en', phone = NULL, name = '\"张\" 三' WHERE id = 5")
    before = await everything(connection)
    await export(connection, tmp_path / "out", form=form)
    paths = [
        tmp_path / "out" / name for name in ("units.csv", f"grids.{form}", "members.csv", "levels.csv", "roles.csv")
    ]
    prepared = await report(connection, paths)
    assert "\n".join(prepared.report.lines()) == "nothing changes"
    await take_in(connection, prepared, Options())
    assert await everything(connection) == before


async def test_a_dry_run_changes_nothing(loaded: str, connection: Connection, city: City, tmp_path: Path) -> None:
    before = await everything(connection)
    changed = replace(city, members=city.members[1:])
    assert counts(await report(connection, files(changed, tmp_path))) == {"members": (0, 0, 1), "terminals": (0, 0, 1)}
    assert await everything(connection) == before


async def test_only_what_differs_is_written(loaded: str, connection: Connection, city: City, tmp_path: Path) -> None:
    first, second, *rest = city.members
    people = (
        replace(first, name="张伟", posts=(*first.posts, Post(unit="990101", role="police"))),
        replace(second, terminals=(*second.terminals, Terminal(code="NEW1", interval_s=15, model="M5"))),
        *rest[:-1],
        Member(code="N1", name="新人", phone="+8613912345678", posts=(Post(unit="990102", role="volunteer"),)),
    )
    units = tuple(replace(unit, name="新名区") if unit.code == "990101" else unit for unit in city.units)
    given = await taken(connection, files(replace(city, units=units, members=people), tmp_path))
    assert [(item.terminal, item.member, item.unit) for item in given] == [("NEW1", second.code, second.unit)]
    revisions = await connection.execute("SELECT code FROM member WHERE revision > 1 ORDER BY code")
    gone = rest[-1].code
    assert await revisions.fetchall() == [(first.code,), (second.code,), (gone,)]
    closed = await connection.execute("SELECT code FROM member WHERE closed_at IS NOT NULL")
    assert await closed.fetchall() == [(gone,)]
    freed = await connection.execute("SELECT code FROM terminal WHERE member IS NULL")
    assert await freed.fetchall() == [(rest[-1].terminals[0].code,)]
    sets = await connection.execute("SELECT count(*) FROM grid_set")
    assert await sets.fetchone() == (1,)  # no area changed
    prepared = await report(connection, [tmp_path / name for name in ALL])
    assert counts(prepared) == {}


async def test_a_file_alone_leaves_the_rest_as_it_is(
    loaded: str, connection: Connection, city: City, tmp_path: Path
) -> None:
    changed = replace(city, members=city.members[:-1])
    prepared = await report(connection, files(changed, tmp_path, ["members.csv"]))
    assert counts(prepared) == {"members": (0, 0, 1), "terminals": (0, 0, 1)}


async def test_a_column_that_a_file_lacks_says_nothing(
    loaded: str, connection: Connection, city: City, tmp_path: Path
) -> None:
    await connection.execute("UPDATE terminal SET interval_s = 20, model = 'M5'")
    await connection.execute("UPDATE member SET language = 'en'")
    await connection.execute("UPDATE unit SET role_set = '3+X'")
    rows = [f"{m.code},{m.name},{m.phone},{m.posts[0].unit},{m.posts[0].role}" for m in city.members]
    (tmp_path / "members.csv").write_text("\n".join(["code,name,phone,unit,role", *rows]), "utf-8")
    rows = [f"{unit.code},{unit.name},{unit.level},{unit.parent or ''}" for unit in city.units]
    (tmp_path / "units.csv").write_text("\n".join(["code,name,level,parent", *rows]), "utf-8")
    prepared = await report(connection, [tmp_path / "units.csv", tmp_path / "members.csv"])
    assert counts(prepared) == {}


async def test_an_area_that_changes_makes_a_new_grid_set_and_keeps_the_old_one(
    loaded: str, connection: Connection, city: City, tmp_path: Path
) -> None:
    one, other = neighbours(city)
    areas = dict(city.areas)
    middle = shapely.intersection(areas[one], areas[other])
    bite = shapely.intersection(shapely.buffer(shapely.centroid(middle), 0.0005), areas[other])
    areas[one] = shapely.set_precision(shapely.union(areas[one], bite), 1e-7)
    areas[other] = shapely.set_precision(shapely.difference(areas[other], bite), 1e-7)
    await taken(connection, files(replace(city, areas=areas), tmp_path))
    sets = await connection.execute(
        "SELECT version, based_on, takes_effect_at - made_at FROM grid_set ORDER BY version"
    )
    (_, first), (version, second) = [(row[0], row[1:]) for row in await sets.fetchall()]
    assert first[0] is None
    assert (version, second[0], second[1].total_seconds()) == (2, 1, 10.0)
    grids = {grid.code: grid for grid in await store.grids(connection, 2)}
    leaves = [shapely.from_wkb(grid.area) for grid in grids.values() if grid.is_leaf]
    assert shapely.coverage_is_valid(leaves)
    assert shapely.from_wkb(grids[one].area).area == pytest.approx(areas[one].area)
    assert len(await store.grids(connection, 1)) == len(city.areas)


def neighbours(city: City) -> tuple[str, str]:
    """Two leaves of one parent with a common border."""
    leaves = [unit for unit in city.units if unit.level == "grid-3"]
    return next(
        (one.code, other.code)
        for one in leaves
        for other in leaves
        if one.code < other.code
        and one.parent == other.parent
        and shapely.intersection(city.areas[one.code], city.areas[other.code]).length > 0
    )


async def test_a_unit_that_goes_leaves_its_things_to_the_one_above(
    loaded: str, connection: Connection, city: City, tmp_path: Path
) -> None:
    gone = next(unit for unit in city.units if unit.level == "department")
    await connection.execute(
        "INSERT INTO contact (unit, kind, name) SELECT id, 'person', '王' FROM unit WHERE code = %s", [gone.code]
    )
    smaller = replace(
        city,
        units=tuple(unit for unit in city.units if unit is not gone),
        members=tuple(
            replace(member, posts=(Post(unit="990102", role="volunteer"),)) if member.unit == gone.code else member
            for member in city.members
        ),
    )
    await taken(connection, files(smaller, tmp_path))
    above = await connection.execute("SELECT code FROM contact JOIN unit ON unit.id = contact.unit")
    assert await above.fetchall() == [(gone.parent,)]
    assert gone.code not in {unit.code for unit in await store.units(connection)}


async def test_people_who_would_have_no_unit_left_are_named(
    loaded: str, connection: Connection, city: City, tmp_path: Path
) -> None:
    gone = next(unit for unit in city.units if unit.level == "department")
    smaller = replace(city, units=tuple(unit for unit in city.units if unit is not gone))
    prepared = await report(connection, files(smaller, tmp_path, ["units.csv"]))
    left = [member for member in city.members if member.unit == gone.code]
    text = "\n".join(prepared.report.lines())
    assert prepared.report.findings.counts["no_post"] == len(left) > 0
    assert f"{left[0].code} {left[0].name} has no unit left: {gone.code} is closed" in text


async def test_accounts_of_a_unit_that_would_go_are_named(
    loaded: str, connection: Connection, city: City, tmp_path: Path
) -> None:
    gone = next(unit for unit in city.units if unit.level == "department")
    await connection.execute("INSERT INTO account (name, unit) SELECT 'li', id FROM unit WHERE code = %s", [gone.code])
    smaller = replace(city, units=tuple(unit for unit in city.units if unit is not gone))
    prepared = await report(connection, files(smaller, tmp_path, ["units.csv"]))
    assert prepared.report.findings.counts["account_left"] == 1


async def test_another_city_is_refused(loaded: str, connection: Connection, city: City, tmp_path: Path) -> None:
    units = (
        replace(city.units[0], code="other"),
        *(replace(unit, parent="other") if unit.parent == "990100" else unit for unit in city.units[1:]),
    )
    prepared = await report(connection, files(replace(city, units=units), tmp_path, ["units.csv"]))
    assert "the city is other, the database holds 990100" in "\n".join(prepared.report.lines())


async def test_an_error_at_the_end_leaves_nothing(
    database: str, connection: Connection, city: City, tmp_path: Path
) -> None:
    before = await everything(connection)
    prepared = await report(connection, files(city, tmp_path))

    def fail(_handover: tuple[Handover, ...]) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        await take_in(connection, prepared, Options(), before_commit=fail)
    assert await everything(connection) == before


async def test_a_city_that_was_changed_since_the_report_is_not_written_over(
    loaded: str, connection: Connection, city: City, tmp_path: Path
) -> None:
    prepared = await report(connection, files(replace(city, members=city.members[1:]), tmp_path))
    await connection.execute("UPDATE member SET name = '改名' WHERE id = 9")
    with pytest.raises(Conflict, match="changed meanwhile"):
        await take_in(connection, prepared, Options())


async def test_what_has_errors_cannot_be_applied(loaded: str, connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text("code,name,level,parent\n1,一,city,2\n2,二,county,1\n", "utf-8")
    prepared = await report(connection, [tmp_path / "units.csv"])
    with pytest.raises(Conflict, match="have errors"):
        await take_in(connection, prepared, Options())


async def test_a_retired_terminal_is_not_handed_out_again(
    loaded: str, connection: Connection, city: City, tmp_path: Path
) -> None:
    code = city.members[0].terminals[0].code
    await connection.execute("UPDATE terminal SET closed_at = now(), member = NULL WHERE code = %s", [code])
    prepared = await report(connection, files(city, tmp_path, ["members.csv"]))
    assert f"terminal {code} is retired" in "\n".join(prepared.report.lines())


@pytest.mark.parametrize("levels", [["city", "grid-3"], ["city", "county", "grid-1", "grid-2", "street-end"]])
async def test_a_city_may_have_two_levels_or_five_of_its_own(
    connection: Connection, tmp_path: Path, levels: list[str]
) -> None:
    codes = [f"L{depth}" for depth in range(len(levels))]
    units = tuple(
        Unit(code=code, name=code, name_en="", level=level, parent=codes[depth - 1] if depth else None)
        for depth, (code, level) in enumerate(zip(codes, levels, strict=True))
    )
    square = shapely.box(113, 34, 113.1, 34.1)
    paths = files(City(units=units, areas=dict.fromkeys(codes, square), members=()), tmp_path)
    (tmp_path / "levels.csv").write_text("code,rank,name_zh,name_en\nstreet-end,5,街尾,Street end\n", "utf-8")
    await taken(connection, [*paths, tmp_path / "levels.csv"])
    stored = await store.units(connection)
    assert [(unit.level, unit.tree_left, unit.tree_right) for unit in stored] == [
        (level, depth + 1, 2 * len(levels) - depth) for depth, level in enumerate(levels)
    ]
    grids = await store.grids(connection, await store.grid_set_in_force(connection))
    assert [grid.code for grid in grids if grid.is_leaf] == codes[-1:]


def test_a_list_of_credentials_is_never_written_over(tmp_path: Path) -> None:
    item = Handover("T1", "secret", "M1", "U1")
    paths = [handover.keep([item], tmp_path) for _ in range(3)]
    assert [path.name for path in paths] == ["terminals.csv", "terminals-2.csv", "terminals-3.csv"]
    assert [path.stat().st_mode & 0o777 for path in paths] == [0o600] * 3
    assert paths[0].read_bytes() == b"terminal,secret,member,unit\r\nT1,secret,M1,U1\r\n"


async def test_a_report_is_also_an_object_for_programs(
    loaded: str, connection: Connection, city: City, tmp_path: Path
) -> None:
    prepared = await report(connection, files(replace(city, members=city.members[1:]), tmp_path))
    shape = json.loads(json.dumps(prepared.report.shape("zh"), ensure_ascii=False))
    assert shape["is_applicable"]
    assert shape["counts"] == {"error": 0, "fixed": 0, "hint": 0}
    assert [change["closed"] for change in shape["changes"] if change["kind"] == "members"] == [1]
