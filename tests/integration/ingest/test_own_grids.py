"""Members out of their own grids: rows, events on the bus, restarts, and changes of who is assigned where."""

import json
import time
from typing import Any

import pytest

from ingest.pipeline.checkpoint import save
from ingest.rules.tracks import Rules
from tests.integration.ingest.small_city import EAST, EAST_LON, LAT, OUTSIDE_LON, WEST, WEST_LON, Works, found, works
from tracker.bus import messages
from tracker.bus.interface import EVENTS
from tracker.bus.messages import PresenceChanged

POS = "gw/v1/t/walker-1/pos"
MINUTE = 60
KINDS = "SELECT kind, grid, member FROM presence_event WHERE kind LIKE '%grid' ORDER BY at"
OPEN = "SELECT member FROM outing WHERE closed_at IS NULL"


def fix(minutes_ago: float, lon: float = EAST_LON, **more: Any) -> dict[str, Any]:
    return {"t": round(time.time() - minutes_ago * MINUTE, 3), "lon": lon, "lat": LAT, **more}


def said(*fixes: dict[str, Any]) -> bytes:
    return json.dumps(list(fixes)).encode()


@pytest.fixture
async def city(database: str) -> str:
    """The small city; 张三 (terminal 1) is assigned to the west."""
    await found(database)
    async with works(database) as ingest:
        await change(ingest, "INSERT INTO assignment (member, unit, role) VALUES (101, 11, 'leader')")
    return database


async def change(ingest: Works, statement: Any) -> None:
    async with ingest.pool.connection() as connection:
        await connection.execute(statement)
        await ingest.pipeline.maps.look_at_homes(connection)


OUT = (fix(30, WEST_LON), fix(20), fix(19), fix(14), fix(13))  # confirmed in the east at the third


async def test_five_minutes_outside_are_an_event_an_outing_and_a_word_on_the_bus(city: str) -> None:
    async with works(city) as ingest:
        heard = ingest.bus.read(EVENTS, after="0")
        await ingest.say(POS, said(*OUT))
        assert await ingest.rows(KINDS) == [("out_of_grid", EAST, 101)]
        ((since, opened, closed, grid),) = await ingest.rows("SELECT since, opened_at, closed_at, grid FROM outing")
        assert (opened - since).total_seconds() == pytest.approx(5 * MINUTE, abs=1)
        assert (closed, grid) == (None, EAST)
        told = messages.decode((await anext(heard)).payload) or []
        word = next(event for event in told if isinstance(event, PresenceChanged) and event.state == "out_of_grid")
        assert (word.member, word.grid, word.at_us) == (101, EAST, round(opened.timestamp() * 1e6))


async def test_the_first_confirmed_fix_inside_ends_it(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, said(*OUT))
        await ingest.say(POS, said(fix(10, WEST_LON)))  # one fix confirms nothing
        assert await ingest.rows(OPEN) == [(101,)]
        await ingest.say(POS, said(fix(9, WEST_LON), fix(8, WEST_LON)))
        assert await ingest.rows(KINDS) == [("out_of_grid", EAST, 101), ("back_in_grid", WEST, 101)]
        assert await ingest.rows("SELECT count(*) FROM outing WHERE closed_at = (SELECT max(at) FROM presence_event)")
        assert await ingest.rows(OPEN) == []


async def test_outings_of_one_upload_are_the_same_as_of_many(city: str) -> None:
    minutes = (
        (12, WEST_LON),
        (11, WEST_LON),
        (10, EAST_LON),
        (9, EAST_LON),
        (3, EAST_LON),
        (2, WEST_LON),
        (1, WEST_LON),
    )
    again = [fix(ago, lon) for ago, lon in minutes]
    statement = "SELECT since, opened_at, closed_at FROM outing WHERE member = {} ORDER BY since"
    async with works(city, rules=Rules(speed_mps=1e9)) as ingest:
        await change(ingest, "INSERT INTO assignment (member, unit, role) VALUES (102, 11, 'leader')")
        await ingest.say(POS, said(*OUT, *again))
        for each in (*OUT, *again):
            await ingest.say("gw/v1/t/walker-2/pos", said(each))
        whole = await ingest.rows(statement.format(101))
        assert len(whole) == 2
        assert await ingest.rows(statement.format(102)) == whole


async def test_outside_the_city_is_outside(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, said(*(fix(ago, OUTSIDE_LON) for ago in (20, 15))))
        assert await ingest.rows(KINDS) == [("out_of_grid", 0, 101)]


@pytest.mark.parametrize(
    "second",
    [
        fix(5, acc=500),  # inaccurate
        fix(21),  # late
        fix(2_000),  # old
    ],
    ids=["inaccurate", "late", "old"],
)
async def test_a_fix_that_is_only_stored_does_not_count(city: str, second: dict[str, Any]) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, said(fix(20)))
        await ingest.say(POS, said(second))
        assert await ingest.rows(KINDS) == []


async def test_a_suspect_fix_does_not_count(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, said(fix(10), {**fix(9.9), "lat": 34.0}))
        assert ingest.pipeline.memory.outings["count"][101] == 1


async def test_a_batch_that_is_done_again_adds_nothing(city: str) -> None:
    async with works(city) as ingest:
        for _ in range(2):
            await ingest.say(POS, said(*OUT))
        assert await ingest.rows("SELECT count(*) FROM outing") == [(1,)]
        assert await ingest.rows(KINDS) == [("out_of_grid", EAST, 101)]


BREAKS_ONCE = """
CREATE SEQUENCE commits;
CREATE FUNCTION break_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('commits') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;  -- survives a rollback
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER breaks AFTER INSERT ON outing DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION break_once()
"""


async def test_a_connection_that_breaks_in_commit_leaves_one_outing(city: str) -> None:
    async with works(city) as ingest:
        await change(ingest, BREAKS_ONCE)
        await ingest.say(POS, said(*OUT[:3]))
        before = ingest.pipeline.memory
        await ingest.say(POS, said(*OUT[3:]))
        assert ingest.pipeline.memory is not before  # built anew from the tables
        assert await ingest.rows(KINDS) == [("out_of_grid", EAST, 101)]
        assert await ingest.rows("SELECT last_value FROM commits") == [(2,)]


@pytest.mark.parametrize("is_saved", [True, False], ids=["by checkpoint", "by later rows"])
@pytest.mark.parametrize("cut", [1, 2, 3, 4])
async def test_a_restart_changes_nothing(city: str, cut: int, is_saved: bool) -> None:  # noqa: FBT001
    async with works(city) as ingest:
        await ingest.say(POS, said(*OUT[:cut]))
        if is_saved:
            async with ingest.pool.connection() as connection:
                await save(connection, ingest.pipeline, ingest.owner)
        before = ingest.pipeline.memory.outings[101].tolist()
    async with works(city) as ingest:
        assert ingest.pipeline.memory.outings[101].tolist() == before
        await ingest.say(POS, said(*OUT[cut:]))
        await ingest.say(POS, said(fix(10, WEST_LON), fix(9, WEST_LON)))
        assert await ingest.rows(KINDS) == [("out_of_grid", EAST, 101), ("back_in_grid", WEST, 101)]


async def test_a_checkpoint_counts_for_who_carried_the_terminal_then(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, said(fix(20), fix(19)))
        async with ingest.pool.connection() as connection:
            await save(connection, ingest.pipeline, ingest.owner)
        await change(ingest, "INSERT INTO assignment (member, unit, role) VALUES (102, 11, 'leader')")
        await change(ingest, "UPDATE terminal SET member = 102 WHERE id = 1")
    async with works(city) as ingest:
        assert ingest.pipeline.memory.outings["count"][[101, 102]].tolist() == [0, 0]


async def test_assignments_are_followed_and_make_no_event_of_their_own(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, said(*OUT))
        await change(ingest, "UPDATE assignment SET unit = 12 WHERE member = 101")
        await ingest.pipeline.tick()
        assert await ingest.rows(OPEN) == [(101,)]
        await ingest.say(POS, said(fix(5)))
        assert await ingest.rows(KINDS) == [("out_of_grid", EAST, 101), ("back_in_grid", EAST, 101)]


async def test_a_subtree_that_is_numbered_anew_is_followed(city: str) -> None:
    async with works(city) as ingest:
        await change(
            ingest,
            """
            INSERT INTO unit (id, code, name, level, parent, tree_left, tree_right)
                VALUES (10, '410101', 'county', 'county', 1, 2, 5);
            UPDATE unit SET tree_right = 8 WHERE id = 1;
            UPDATE unit SET parent = 10, tree_left = 3, tree_right = 4 WHERE id = 12;
            UPDATE unit SET tree_left = 6, tree_right = 7 WHERE id = 11;
            UPDATE assignment SET unit = 10
            """,
        )
        await ingest.say(POS, said(*OUT[1:]))  # in the east, which is theirs now
        assert await ingest.rows(KINDS) == []


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM assignment", "UPDATE terminal SET member = NULL WHERE id = 1"],
    ids=["assigned nowhere", "carries nothing"],
)
async def test_an_outing_of_a_member_who_cannot_come_back_lapses_without_an_event(city: str, statement: Any) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, said(*OUT))
        await change(ingest, statement)
    async with works(city) as ingest:
        for _ in range(2):
            await ingest.pipeline.tick()
        assert await ingest.rows("SELECT closed_at IS NULL, has_lapsed FROM outing") == [(False, True)]
        assert await ingest.rows(KINDS) == [("out_of_grid", EAST, 101)]


async def test_a_new_grid_set_makes_no_event_of_its_own(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, said(fix(40, WEST_LON), fix(30, WEST_LON)))
        await change(
            ingest,
            """
            UPDATE grid_set SET takes_effect_at = now() - interval '1 day';
            INSERT INTO grid_set (version, takes_effect_at) VALUES (2, now() - interval '25 minutes');
            INSERT INTO grid SELECT 2, 23 - unit, is_leaf, area, min_lon, min_lat, max_lon, max_lat FROM grid
                WHERE version = 1
            """,
        )
        async with ingest.pool.connection() as connection:
            await ingest.pipeline.maps.look(connection)
        await ingest.say(POS, said(fix(20, WEST_LON)))  # the same place is the other grid's now
        assert await ingest.rows(KINDS) == []
        await ingest.say(POS, said(fix(14, WEST_LON)))
        assert await ingest.rows(KINDS) == [("out_of_grid", EAST, 101)]
        assert await ingest.rows("SELECT grid_set FROM presence_event WHERE kind = 'out_of_grid'") == [(2,)]
