"""The pipeline on a real PostgreSQL: what is said is stored once, or refused, and settled after COMMIT."""

import json
import time
from typing import Any

import numpy as np
import pytest

from ingest.pipeline.checkpoint import save
from ingest.store.owners import OwnershipLostError
from tests.integration.ingest.small_city import EAST, EAST_LON, LAT, OUTSIDE_LON, WEST, WEST_LON, found, works
from tracker.bus.interface import EVENTS, POSITIONS
from tracker.model.positions import POSITION, Flag

POS = "gw/v1/t/walker-1/pos"


def fix(age_s: float = 0, *, lon: float = WEST_LON, **more: Any) -> dict[str, Any]:
    return {"t": round(time.time() - age_s, 3), "lon": lon, "lat": LAT, **more}


def said(*fixes: dict[str, Any]) -> bytes:
    return json.dumps(fixes[0] if len(fixes) == 1 else fixes).encode()


@pytest.fixture
async def city(database: str) -> str:
    await found(database)
    return database


async def test_a_position_is_stored_with_its_grid_and_settled(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, said(fix(lon=EAST_LON, acc=5, bat=80)))
        rows = await ingest.rows("SELECT terminal, lon, lat, grid, accuracy_dm, battery_pct, speed_dmps FROM position")
        assert rows == [(1, 1136500000, 347500000, EAST, 50, 80, -32768)]
        assert ingest.sender.settled == [1]


async def test_a_point_on_the_border_has_one_grid(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, said(fix(lon=113.6)))
        assert await ingest.rows("SELECT grid FROM position") == [(WEST,)]


async def test_a_repeated_packet_is_a_duplicate_and_settled_again(city: str) -> None:
    async with works(city) as ingest:
        payload = said(fix(20), fix(10), fix(0))
        for _ in range(3):
            await ingest.say(POS, payload)
        assert await ingest.rows("SELECT count(*) FROM position") == [(3,)]
        assert (ingest.pipeline.tally.positions_stored, ingest.pipeline.tally.duplicates) == (3, 6)
        assert ingest.sender.settled == [1, 2, 3]


async def test_a_repetition_is_found_before_it_spoils_its_batch(city: str) -> None:
    async with works(city) as ingest:
        known = fix(10)
        await ingest.say(POS, said(known))
        await ingest.say(POS, said(known, fix(0)))
        assert (ingest.pipeline.tally.positions_stored, ingest.pipeline.tally.duplicates) == (2, 1)
        assert not ingest.pipeline.looks_at_all  # no transaction was done again


async def test_a_repetition_of_a_suspect_fix_looks_new_and_is_found_all_the_same(city: str) -> None:
    async with works(city) as ingest:
        leap = fix(0, lon=EAST_LON + 0.3)
        await ingest.say(POS, said(fix(10)))
        for _ in range(2):
            await ingest.say(POS, said(leap))
        assert (ingest.pipeline.tally.positions_stored, ingest.pipeline.tally.duplicates) == (2, 1)
        assert ingest.pipeline.looks_at_all


async def test_a_batch_with_new_and_known_fixes_stores_the_new_ones(city: str) -> None:
    async with works(city) as ingest:
        first, second = fix(20), fix(10)
        await ingest.say(POS, said(first))
        await ingest.say(POS, said(first, second))
        assert await ingest.rows("SELECT count(*) FROM position") == [(2,)]


async def test_another_fix_of_the_same_instant_is_a_conflict(city: str) -> None:
    async with works(city) as ingest:
        first = fix(5)
        await ingest.say(POS, said(first))
        await ingest.say(POS, said({**first, "lon": EAST_LON}))
        assert await ingest.rows("SELECT lon FROM position") == [(1135500000,)]
        assert await ingest.rows("SELECT reason, reports FROM refusal_count") == [("conflicting fix", 1)]


async def test_bad_reports_are_refused_counted_and_kept_and_their_neighbours_stored(city: str) -> None:
    async with works(city) as ingest:
        payload = said(fix(3), fix(-3600), fix(100 * 86400), {"lon": 1, "lat": 2}, fix(1))
        await ingest.say(POS, payload)
        counts = dict(await ingest.rows("SELECT reason, reports FROM refusal_count"))
        assert counts == {"future": 1, "too old": 1, "missing field": 1}
        kept = await ingest.rows("SELECT terminal, topic, payload FROM refused_report")
        assert kept == [(1, POS, payload)] * 3
        assert await ingest.rows("SELECT count(*) FROM position") == [(2,)]
        assert ingest.sender.settled == [1]


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("nowhere/at/all", b"x", "unknown topic"),
        ("gw/v1/t/stranger/pos", b"{}", "unknown terminal"),
        (POS, b"{\x00", "broken json"),
        (POS, b"\xff\xfe", "invalid utf-8"),
        (POS, b"[]", "empty"),
        (POS, b"[" * 100_000, "nested too deep"),
        (POS, b"[" + b"0" * 2**20, "payload too large"),
        (POS, b'{"t":"\\u0000","lon":1,"lat":1}', "bad time"),
        (POS, b'{"t":1e308,"lon":1,"lat":1}', "future"),
        ("gw/v1/t/walker-1/ack", b'{"alert":"7cf8b9a2-6e1c-4f5e-9f63-111111111111","version":1}', "unknown alert"),
        ("gw/v1/t/walker-3/ack", b'{"alert":"7cf8b9a2-6e1c-4f5e-9f63-111111111111","version":1}', "carried by nobody"),
    ],
)
async def test_any_bad_packet_is_settled_with_a_durable_reason(
    city: str, topic: str, payload: bytes, reason: str
) -> None:
    async with works(city) as ingest:
        await ingest.say(topic, payload)
        assert await ingest.rows("SELECT reason FROM refused_report") == [(reason,)]
        assert ingest.sender.settled == [1]


async def test_a_jump_is_believed_and_live_once_the_next_fix_agrees(city: str) -> None:
    async with works(city) as ingest:
        heard = ingest.bus.read(POSITIONS, EVENTS, after="0")
        await ingest.say(
            POS, said(fix(60), fix(50, lon=EAST_LON, acc=500), fix(30, lon=EAST_LON), fix(0, lon=EAST_LON))
        )
        live = np.frombuffer((await anext(heard)).payload, POSITION)
        assert live["grid"].tolist() == [WEST, EAST]
        assert live["member"].tolist() == [101, 101]
        flags = [Flag.NONE, Flag.INACCURATE, Flag.SUSPECT, Flag.NONE]
        assert await ingest.rows("SELECT flags & 15 FROM position ORDER BY fixed_at") == [(flag,) for flag in flags]


async def test_two_fixes_in_the_next_grid_are_one_crossing(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, said(fix(900)))
        await ingest.say(POS, said(fix(600, lon=EAST_LON)))
        since = (await ingest.rows("SELECT max(fixed_at) FROM position"))[0][0]
        await ingest.say(POS, said(fix(500, lon=EAST_LON)))
        rows = await ingest.rows("SELECT kind, grid, fixed_at, member, is_late FROM crossing ORDER BY kind DESC")
        assert rows == [("exit", WEST, since, 101, False), ("enter", EAST, since, 101, False)]


async def test_late_fixes_end_in_the_same_crossings(city: str) -> None:
    walk = [fix(1800), fix(1500, lon=EAST_LON), fix(1400, lon=EAST_LON), fix(1000), fix(900), fix(500, lon=OUTSIDE_LON)]
    walk.append(fix(400, lon=OUTSIDE_LON))
    async with works(city) as ingest:
        for report in walk:
            await ingest.say(POS, said(report))
        for report in reversed(walk):
            await ingest.say("gw/v1/t/walker-2/pos", said(report))
            await ingest.pipeline.tick()
        statement = (
            "SELECT kind, grid, fixed_at FROM crossing WHERE terminal = {} AND superseded_at IS NULL ORDER BY 3, 1, 2"
        )
        in_order = await ingest.rows(statement.format(1))
        assert [row[:2] for row in in_order[-2:]] == [("exit", 1), ("exit", WEST)]  # out of the city too
        assert len(in_order) == 6
        assert await ingest.rows(statement.format(2)) == in_order
        async with ingest.pool.connection() as connection:
            await save(connection, ingest.pipeline, ingest.owner)
        assert await ingest.rows("SELECT count(*) FROM late_track") == [(0,)]


@pytest.mark.parametrize("is_saved", [True, False], ids=["after a checkpoint", "before one"])
async def test_a_recomputed_track_survives_a_restart(city: str, is_saved: bool) -> None:  # noqa: FBT001
    async with works(city) as ingest:
        await ingest.say(POS, said(fix(3000), fix(2400)))
        await ingest.say(POS, said(fix(2700, lon=EAST_LON), fix(2650, lon=EAST_LON)))
        await ingest.pipeline.tick()  # away and, by one fix so far, back
        if is_saved:
            async with ingest.pool.connection() as connection:
                await save(connection, ingest.pipeline, ingest.owner)
    async with works(city) as ingest:
        await ingest.pipeline.tick()
        await ingest.say(POS, said(fix(2390)))
        rows = await ingest.rows(
            "SELECT kind, grid FROM crossing WHERE superseded_at IS NULL ORDER BY fixed_at, kind DESC"
        )
        assert rows == [("exit", WEST), ("enter", EAST), ("exit", EAST), ("enter", WEST)]


async def test_a_contradiction_is_no_duplicate_however_often_it_is_said(city: str) -> None:
    async with works(city) as ingest:
        true = fix(100)
        false = true | {"lon": EAST_LON}
        await ingest.say(POS, said(true))
        await ingest.say(POS, said(false, true, false))
        assert await ingest.rows("SELECT reason, reports FROM refusal_count") == [("conflicting fix", 2)]
        assert ingest.pipeline.tally.duplicates == 1


async def test_a_press_is_one_emergency_however_often_it_is_sent(city: str) -> None:
    async with works(city) as ingest:
        for _ in range(2):
            await ingest.say("gw/v1/t/walker-1/sos", json.dumps({"id": "p1", **fix(), "note": "fire"}).encode())
        rows = await ingest.rows("SELECT sos_id, member, grid, note FROM emergency")
        assert rows == [("p1", 101, WEST, "fire")]


async def test_a_receipt_tells_what_became_of_each_report_and_is_sent_again(city: str) -> None:
    async with works(city) as ingest:
        payload = said(fix(2, receipt="r-1"), fix(1), fix(-900))
        await ingest.say(POS, payload)
        await ingest.say(POS, payload)
        refused = [{"index": 2, "reason": "future"}]
        assert [(to, topic, json.loads(body)) for to, topic, body in ingest.sender.sent] == [
            (1, "gw/v1/t/walker-1/stored", {"id": "r-1", "stored": 2, "duplicate": 0, "refused": refused}),
            (1, "gw/v1/t/walker-1/stored", {"id": "r-1", "stored": 0, "duplicate": 2, "refused": refused}),
        ]


async def test_a_response_topic_of_another_terminal_gets_no_receipt(city: str) -> None:
    async with works(city) as ingest:
        packet = ingest.sender.packet(POS, said(fix()))
        packet.reply_topic = "gw/v1/t/walker-2/alert"
        await ingest.pipeline.dispose([packet])
        assert ingest.sender.sent == []


async def test_memory_survives_a_restart_by_checkpoint_and_later_rows(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, said(fix(900)))
        async with ingest.pool.connection() as connection:
            await save(connection, ingest.pipeline, ingest.owner)
        await ingest.say(POS, said(fix(600, lon=EAST_LON)))  # the candidate is in no checkpoint
    async with works(city) as ingest:
        await ingest.say(POS, said(fix(550, lon=EAST_LON)))
        assert await ingest.rows("SELECT kind, grid FROM crossing ORDER BY kind") == [("enter", EAST), ("exit", WEST)]


async def test_who_lost_the_terminals_cannot_commit(city: str) -> None:
    async with works(city) as former, works(city) as latter:
        with pytest.raises(OwnershipLostError):
            await former.say(POS, said(fix()))
        assert former.sender.settled == []
        await latter.say(POS, said(fix()))
        assert await latter.rows("SELECT count(*) FROM position") == [(1,)]


async def test_old_and_inaccurate_fixes_are_stored_and_not_live(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, said(fix(2 * 86400), fix(10, acc=500)))
        rows = await ingest.rows("SELECT flags & 15 FROM position ORDER BY fixed_at")
        assert rows == [(Flag.OLD,), (Flag.INACCURATE,)]
        assert ingest.pipeline.memory.last["terminal"].tolist() == [0, 0, 0, 0]


async def test_a_position_keeps_its_carrier_and_the_step_to_it(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, said(fix(120), fix(110, lon=WEST_LON + 0.001)))
        await ingest.say(POS, said(fix(90, lon=WEST_LON + 0.002), fix(100)))  # in its place
        await ingest.say(POS, said(fix(115)))  # late
        await ingest.say("gw/v1/t/walker-3/pos", said(fix(10)))  # carried by nobody
        rows = await ingest.rows("SELECT member, step_m, step_s FROM position ORDER BY fixed_at")
        assert rows == [(101, 0, 0), (101, 0, 0), (101, 91, 10), (101, 91, 10), (101, 183, 10), (0, 0, 0)]


async def test_a_members_hours_add_up_their_steps(city: str) -> None:
    async with works(city) as ingest:
        steps = [fix(3600 - 10 * number, lon=WEST_LON + number * 0.0001) for number in range(300)]
        await ingest.say(POS, said(*steps))
        await ingest.say(POS, said(fix(100, lon=EAST_LON, acc=500)))  # inaccurate
        found = await ingest.rows(
            """
            SELECT grid, sum(fixes)::integer, sum(distance_m)::integer, sum(in_grid_s)::integer
            FROM member_hours(101, now() - interval '2 hours', now()) GROUP BY grid
            """
        )
        assert found == [(WEST, 300, 299 * 9, 2990)]
        view = await ingest.rows("SELECT hour, grid, fixes, distance_m, in_grid_s FROM member_hour ORDER BY hour")
        hours = "SELECT * FROM member_hours(101, now() - interval '2 hours', now()) ORDER BY hour"
        assert view == await ingest.rows(hours)


async def test_a_press_with_the_fix_of_a_stored_position_is_not_dropped_as_its_duplicate(city: str) -> None:
    async with works(city) as ingest:
        same = fix()
        await ingest.say(POS, said(same))
        await ingest.say("gw/v1/t/walker-1/sos", json.dumps({"id": "p1", **same}).encode())
        await ingest.say("gw/v1/t/walker-1/sos", json.dumps({"id": "p2", **same}).encode())
        assert await ingest.rows("SELECT sos_id FROM emergency ORDER BY id") == [("p1",), ("p2",)]
        assert (ingest.pipeline.tally.duplicates, ingest.pipeline.tally.refused) == (0, 0)


async def test_of_two_fixes_of_one_instant_in_one_upload_the_second_is_refused_and_a_repeat_is_not(city: str) -> None:
    async with works(city) as ingest:
        first = fix(5)
        await ingest.say(POS, said(first, {**first, "acc": 7}, first))
        assert await ingest.rows("SELECT accuracy_dm FROM position") == [(-32768,)]
        assert await ingest.rows("SELECT reason, reports FROM refusal_count") == [("conflicting fix", 1)]
        assert ingest.pipeline.tally.duplicates == 1


async def test_a_late_fix_changes_nothing_live(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, said(fix(10)))
        last = ingest.pipeline.memory.last[1].tolist()
        heard = ingest.bus.read(POSITIONS, after="0")
        await anext(heard)
        await ingest.say(POS, said(fix(20, lon=EAST_LON), fix(15, lon=EAST_LON)))
        await ingest.pipeline.tick()
        assert ingest.pipeline.memory.last[1].tolist() == last
        await ingest.say(POS, said(fix(0)))
        told = np.frombuffer((await anext(heard)).payload, POSITION)
        assert told["lon"].tolist() == [1135500000]  # nothing of the late ones came between


async def test_only_ancestors_that_change_are_crossed(city: str) -> None:
    async with works(city) as ingest:
        async with ingest.pool.connection() as connection:
            await connection.execute(
                """
                INSERT INTO unit (id, code, name, level, parent, tree_left, tree_right) VALUES
                    (2, '410102', 'west street', 'grid-1', 1, 0, 0), (3, '410103', 'east street', 'grid-1', 1, 0, 0);
                UPDATE unit SET parent = 2 WHERE id = 11;
                UPDATE unit SET parent = 3 WHERE id = 12
                """
            )
            await ingest.pipeline.maps.look(connection)
        await ingest.say(POS, said(fix(900), fix(600, lon=EAST_LON), fix(500, lon=EAST_LON)))
        rows = await ingest.rows("SELECT kind, grid FROM crossing ORDER BY kind, grid")
        assert rows == [("enter", 3), ("enter", EAST), ("exit", 2), ("exit", WEST)]  # the city itself is not left
