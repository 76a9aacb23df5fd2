"""Grid sets in the real database: published, planned, withdrawn; true at every level."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import shapely
from shapely.geometry import LineString, box
from shapely.geometry.base import BaseGeometry

from tracker.city import grid_rows
from tracker.city.generator import Sizes, generate
from tracker.city.grid_edits import merge, split
from tracker.city.grid_moves import move
from tracker.city.grid_plans import Change, NewGrid, next_code, plan
from tracker.city.grid_sets import LEAD, Unsound, publish, withdraw
from tracker.city.load import load_city
from tracker.city.tiling import tiles
from tracker.organisation.errors import Conflict, Invalid, Refused, Unknown
from tracker.organisation.units import NewUnit, add

SIZES = Sizes(counties=2, grids_1=4, grids_2=9, grids_3=30, leaders=46, members=90)
LEVELS = ("city", "county", "grid-1", "grid-2", "grid-3")

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class Town:
    """A loaded city with one grid set, version 1."""

    connection: Connection

    async def leaves(self, version: int) -> dict[int, BaseGeometry]:
        return await self.level(version, "grid-3")

    async def level(self, version: int, level: str) -> dict[int, BaseGeometry]:
        found = await self.connection.execute(
            "SELECT unit, area FROM grid JOIN unit ON id = unit WHERE version = %s AND level = %s ORDER BY code",
            [version, level],
        )
        return {unit: shapely.from_wkb(area) for unit, area in await found.fetchall()}

    async def one(self, statement: Any, *values: object) -> Any:
        found = await self.connection.execute(statement, values)
        row: Any = await found.fetchone()
        return None if row is None else row[0]

    async def publish(self, changes: list[Change], based_on: int = 1, *, at: datetime | None = None) -> int:
        async with self.connection.transaction():
            return await publish(
                self.connection, changes=changes, based_on=based_on, takes_effect_at=at, note="", made_by=None
            )

    async def halve(self, version: int = 1) -> list[Change]:
        """Return the changes that cut the first leaf in two, straight across."""
        leaves = await self.leaves(version)
        unit = next(iter(leaves))
        west, south, east, north = leaves[unit].bounds
        middle = (west + east) / 2
        cut = split(leaves, unit, LineString([(middle, south - 0.001), (middle, north + 0.001)]))
        parent = await self.one("SELECT parent FROM unit WHERE id = %s", unit)
        new = [
            Change(unit=-number, area=piece, new=NewGrid(parent=parent, level="grid-3", name=f"新网格{number}"))
            for number, piece in enumerate(cut.pieces[1:], start=1)
        ]
        others = [Change(unit=key, area=area) for key, area in cut.others.items()]
        return [Change(unit=unit, area=cut.pieces[0]), *new, *others]


@pytest.fixture
async def town(database: str, connection: Connection, tmp_path: Path) -> Town:
    await load_city(database, generate(5, SIZES), folder=tmp_path)
    return Town(connection)


def in_days(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


async def refusal(town: Town, changes: list[Change], based_on: int = 1, *, at: datetime | None = None) -> Refused:
    before = await town.one("SELECT count(*) FROM grid_set")
    with pytest.raises(Refused) as refused:
        await town.publish(changes, based_on, at=at)
    assert refused.value.en
    assert refused.value.zh
    assert await town.one("SELECT count(*) FROM grid_set") == before
    return refused.value


async def test_a_published_split_is_a_whole_new_set_that_tiles_at_every_level(town: Town) -> None:
    version = await town.publish(await town.halve())
    assert version == 2
    assert len(await town.leaves(2)) == SIZES.grids_3 + len([change for change in await town.halve() if change.new])
    assert len(await town.leaves(1)) == SIZES.grids_3
    for level in LEVELS:
        before, after = await town.level(1, level), await town.level(2, level)
        assert tiles(list(after.values()))
        assert shapely.union_all(list(after.values())).area == pytest.approx(
            shapely.union_all(list(before.values())).area, abs=1e-8
        )


async def test_a_set_takes_effect_when_every_ingest_had_time_to_load_it(town: Town) -> None:
    version = await town.publish(await town.halve())
    left = await town.one("SELECT takes_effect_at - clock_timestamp() FROM grid_set WHERE version = %s", version)
    assert timedelta(0) < left <= LEAD
    assert await town.one("SELECT grid_set_at(now())") == 1
    assert await town.one("SELECT grid_set_at(now() + %s)", LEAD) == version


async def test_a_new_grid_is_a_unit_with_the_next_code_under_its_parent(town: Town) -> None:
    changes = await town.halve()
    await town.publish(changes)
    parent = await town.one("SELECT parent FROM unit WHERE id = %s", changes[0].unit)
    found = await town.connection.execute(
        "SELECT code, name, tree_left FROM unit WHERE parent = %s ORDER BY code", [parent]
    )
    rows = await found.fetchall()
    assert rows[-1][:2] == (str(int(rows[-2][0]) + 1), "新网格1")
    assert rows[-1][2] > rows[-2][2]
    assert await town.one("SELECT is_leaf FROM grid JOIN unit ON id = unit WHERE code = %s", rows[-1][0])


async def test_a_merged_grid_has_no_area_any_more_but_keeps_its_people(town: Town) -> None:
    leaves = await town.leaves(1)
    kept = next(iter(leaves))
    parent = await town.one("SELECT parent FROM unit WHERE id = %s", kept)
    other = next(unit for unit, area in leaves.items() if area.touches(leaves[kept]) and unit != kept)
    whole = merge(leaves, [kept, other], {})
    version = await town.publish([Change(unit=kept, area=whole), Change(unit=other, area=None)])
    assert parent is not None
    assert other not in await town.leaves(version)
    assert tiles(list((await town.leaves(version)).values()))
    assert await town.one("SELECT closed_at IS NULL FROM unit WHERE id = %s", other)
    assert await town.one("SELECT count(*) FROM assignment WHERE unit = %s", other) > 0


async def test_a_leaf_may_get_grids_below_it(town: Town) -> None:
    changes = await town.halve()
    leaf = changes[0].unit
    await town.connection.execute("INSERT INTO level VALUES ('grid-4', 5, '四级', 'Fourth')")
    new = [
        Change(unit=-number, area=change.area, new=NewGrid(parent=leaf, level="grid-4", name="楼栋"))
        for number, change in enumerate(changes, start=1)
        if change.new is not None or change.unit == leaf
    ]
    version = await town.publish([*new, *(one for one in changes if one.new is None and one.unit != leaf)])
    assert await town.one("SELECT is_leaf FROM grid WHERE version = %s AND unit = %s", version, leaf) is False
    assert tiles(list((await town.level(version, "grid-4")).values()))
    assert tiles(list((await town.leaves(version)).values()))


async def test_whoever_publishes_second_on_the_same_set_is_told(town: Town) -> None:
    changes = await town.halve()
    await town.publish(changes)
    refused = await refusal(town, changes)
    assert isinstance(refused, Conflict)
    assert refused.word == "not_newest"
    assert "2" in refused.en


async def test_planned_sets_stand_in_order_of_time_each_on_the_one_before(town: Town) -> None:
    second = await town.publish(await town.halve(), at=in_days(2))
    too_early = await refusal(town, await town.halve(second), second, at=in_days(1))
    assert too_early.word == "before_a_planned_set"
    assert (await refusal(town, await town.halve(second), second)).word == "before_a_planned_set"
    third = await town.publish(await town.halve(second), second, at=in_days(3))
    assert [await town.one("SELECT grid_set_at(%s)", in_days(day)) for day in (1, 2.5, 4)] == [1, second, third]


async def test_a_moment_that_has_passed_is_refused(town: Town) -> None:
    assert (await refusal(town, await town.halve(), at=in_days(-1))).word == "too_soon"


async def test_a_planned_set_can_be_withdrawn_with_the_units_made_for_it(town: Town) -> None:
    version = await town.publish(await town.halve(), at=in_days(1))
    async with town.connection.transaction():
        closed = await withdraw(town.connection, version)
    assert closed == await town.one("SELECT made_units FROM grid_set WHERE version = %s", version)
    assert await town.one("SELECT bool_and(closed_at IS NOT NULL) FROM unit WHERE id = ANY(%s)", closed)
    assert await town.one("SELECT grid_set_at(%s)", in_days(2)) == 1
    assert await town.publish(await town.halve()) > version


async def test_a_unit_that_got_people_outlives_the_withdrawn_set(town: Town) -> None:
    version = await town.publish(await town.halve(), at=in_days(1))
    made = await town.one("SELECT made_units[1] FROM grid_set WHERE version = %s", version)
    await town.connection.execute(
        "INSERT INTO assignment (member, unit, role, is_primary) VALUES (1, %s, 'volunteer', false)", [made]
    )
    async with town.connection.transaction():
        assert made not in await withdraw(town.connection, version)


async def test_what_has_taken_effect_or_carries_another_set_is_not_withdrawn(town: Town) -> None:
    second = await town.publish(await town.halve(), at=in_days(1))
    third = await town.publish(await town.halve(second), second, at=in_days(2))
    for version, word in ((1, "in_force"), (second, "has_later_sets")):
        with pytest.raises(Conflict) as refused:
            await withdraw(town.connection, version)
        assert refused.value.word == word
    await withdraw(town.connection, third)
    with pytest.raises(Conflict, match="already"):
        await withdraw(town.connection, third)
    with pytest.raises(Unknown):
        await withdraw(town.connection, 99)


async def test_a_set_just_published_is_not_withdrawn_while_ingest_may_count_on_it(town: Town) -> None:
    version = await town.publish(await town.halve())
    with pytest.raises(Conflict, match="within seconds"):
        await withdraw(town.connection, version)


async def test_areas_that_do_not_tile_are_refused_with_their_places(town: Town) -> None:
    leaves = await town.leaves(1)
    unit, area = next(iter(leaves.items()))
    west, south, east, north = area.bounds
    smaller = area.intersection(box(west, south, (west + east) / 2, north))
    refused = await refusal(town, [Change(unit=unit, area=smaller)])
    assert isinstance(refused, Unsound)
    assert {problem.word for problem in refused.problems} == {"gap"}
    assert all(area.contains(shapely.Point(problem.lon, problem.lat)) for problem in refused.problems)
    assert sum(problem.m2 for problem in refused.problems) > 1_000


async def test_changes_that_make_no_sense_are_refused(town: Town) -> None:
    leaves = await town.leaves(1)
    unit, area = next(iter(leaves.items()))
    street = next(iter(await town.level(1, "grid-1")))
    new = NewGrid(parent=unit, level="grid-3", name="甲")
    for changes, word in (
        ([], "no_change"),
        ([Change(unit=9_999, area=area)], "not_found"),
        ([Change(unit=street, area=area)], "has_grids_below"),
        ([Change(unit=unit, area=area), Change(unit=unit, area=None)], "too_many"),
        ([Change(unit=-1, area=area)], "not_found"),
        ([Change(unit=-1, area=None, new=new)], "bad_new_grid"),
        ([Change(unit=unit, area=area), Change(unit=-1, area=area, new=new)], "has_grids_below"),
    ):
        assert (await refusal(town, changes)).word == word


async def test_a_new_grid_keeps_the_order_of_levels_and_takes_no_ones_code(town: Town) -> None:
    first, *rest = await town.halve()
    new = next(change for change in rest if change.new is not None)
    assert new.new is not None
    others = [change for change in rest if change is not new]
    taken = await town.one("SELECT code FROM unit WHERE id = %s", first.unit)
    for changed, word in (
        (NewGrid(parent=new.new.parent, level="county", name="甲"), "bad_level"),
        (NewGrid(parent=new.new.parent, level="grid-9", name="甲"), "unknown_level"),
        (NewGrid(parent=new.new.parent, level="grid-3", name="甲", code=taken), "code_taken"),
        (NewGrid(parent=new.new.parent, level="grid-3", name=" "), "bad_name"),
    ):
        refused = await refusal(town, [first, Change(unit=-1, area=new.area, new=changed), *others])
        assert isinstance(refused, Invalid | Conflict)
        assert refused.word == word


async def test_a_plan_says_what_changes_and_how_many_people_are_placed_anew(town: Town) -> None:
    changes = await town.halve()
    await town.connection.execute(
        """
        INSERT INTO terminal_state
        SELECT id, now(), now(), 0, 0, %s, 0, 0, 0, 0, 0, 10, -1, -1, 0 FROM terminal LIMIT 3
        """,
        [changes[0].unit],
    )
    found = await plan(town.connection, changes=changes, based_on=1)
    assert found.problems == ()
    assert found.people == 3
    halved = next(one for one in found.changed if one.unit == changes[0].unit)
    made = next(one for one in found.changed if one.unit == -1)
    assert halved.lost_m2 >= made.after_m2 > 0
    assert (made.before_m2, halved.gained_m2) == (0, pytest.approx(0, abs=5))
    assert all(one.is_leaf for one in found.changed)  # what lies above stays as it is
    assert await town.one("SELECT count(*) FROM grid_set") == 1


async def test_leaves_are_found_by_where_they_lie(town: Town) -> None:
    leaves = await town.leaves(1)
    unit, area = next(iter(leaves.items()))
    middle = area.point_on_surface()
    near = await grid_rows.leaves_near(town.connection, 1, (middle.x, middle.y, middle.x, middle.y))
    assert unit in {row.unit for row in near}
    assert len(near) < len(leaves)


def test_the_next_code_is_the_next_sequence_of_the_same_width() -> None:
    assert next_code("4101", ["410101", "410107"], []) == "410108"
    assert next_code("4101", [], []) == "4101001"
    assert next_code("4101", ["410107"], ["410108"]) == "410109"
    assert next_code("4101", ["9", "4101x"], []) == "4101001"
    assert next_code("4101", ["410199"], []) == "4101100"


async def moved(town: Town, unit: int, parent: int) -> int | None:
    async with town.connection.transaction():
        return (await move(town.connection, unit, revision=1, parent=parent, made_by=None)).version


async def test_a_unit_that_moves_takes_its_ground_along_at_every_level(town: Town) -> None:
    first = await town.one("SELECT id FROM unit WHERE level = 'grid-2' ORDER BY code LIMIT 1")
    left = await town.one("SELECT parent FROM unit WHERE id = %s", first)
    to = await town.one("SELECT id FROM unit WHERE level = 'grid-1' ORDER BY code DESC LIMIT 1")
    before, ground = await town.level(1, "grid-1"), (await town.level(1, "grid-2"))[first]
    version = await moved(town, first, to)
    assert version == 2
    after = await town.level(2, "grid-1")
    assert after[to].symmetric_difference(before[to].union(ground)).area == pytest.approx(0, abs=1e-12)
    assert left not in after or after[left].intersection(ground).area == pytest.approx(0, abs=1e-12)
    for level in LEVELS:
        whole = shapely.union_all(list((await town.level(1, level)).values())).area
        assert sum(area.area for area in (await town.level(2, level)).values()) == pytest.approx(whole, abs=1e-9)
    assert {unit: area.wkb for unit, area in (await town.leaves(2)).items()} == {
        unit: area.wkb for unit, area in (await town.leaves(1)).items()
    }


async def test_a_unit_without_ground_moves_without_a_new_set(town: Town) -> None:
    top, county = await town.one("SELECT id FROM unit WHERE level = 'city'"), "county"
    to = await town.one("SELECT id FROM unit WHERE level = %s ORDER BY code LIMIT 1", county)
    async with town.connection.transaction():
        office = await add(town.connection, NewUnit(parent=top, code="OFFICE", name="办公室", level="grid-3"))
    assert await moved(town, office.id, to) is None
    assert await town.one("SELECT count(*) FROM grid_set") == 1


async def test_a_unit_does_not_move_into_a_grid_nor_before_a_planned_set(town: Town) -> None:
    leaf, other = list(await town.leaves(1))[::29][:2]
    level = "INSERT INTO level (code, rank, name_zh, name_en) VALUES ('cell', 99, '格', 'cell')"
    await town.connection.execute(level)
    await town.connection.execute("UPDATE unit SET level = 'cell' WHERE id = %s", [leaf])
    with pytest.raises(Invalid, match="without grids below it"):
        await moved(town, leaf, other)
    parent = await town.one("SELECT parent FROM unit WHERE id = %s", other)
    await town.publish(await town.halve(), at=in_days(2))
    with pytest.raises(Invalid, match="is planned for"):
        await moved(town, leaf, parent)
    assert await town.one("SELECT parent FROM unit WHERE id = %s", leaf) != parent
