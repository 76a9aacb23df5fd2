"""The last positions read again from the checkpoint: whatever is written is read, however long ago it was heard."""

import asyncio
from datetime import timedelta
from typing import Any

import numpy as np
import psycopg
import pytest

from dashboard.store import lasts
from tests.integration.dashboard.builders import (
    EAST,
    EAST_LEAF,
    EAST_STREET,
    LI,
    QIAN,
    WANG,
    ZHAO,
    Place,
    a_checkpoint,
    a_member,
    a_position,
)
from tracker.bus.interface import POSITIONS
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
OUTAGE_S = 300.0


async def members_since(connection: Connection, moment: int) -> set[int]:
    return {int(member) async for piece in lasts.since(connection, moment) for member in piece["member"]}


async def hear_again(connection: Connection, member: int) -> None:
    """Write the checkpoint of a terminal anew, as heard when the outage began."""
    await connection.execute(
        "UPDATE terminal_state SET received_at = now() - %s WHERE terminal = %s",
        [timedelta(seconds=OUTAGE_S), member],
    )


async def test_every_column_is_read_as_it_was_written(city: Connection) -> None:
    await city.execute(
        """
        INSERT INTO terminal_state
        VALUES (%s, '2026-03-01 08:00:00.000001+00', '1999-12-31 23:59:59.5+00', -1132500001, 341000000, 6, 15, 359,
                120, -32768, 80, 12.5, 6, -1, 0)
        """,
        [QIAN],
    )
    pieces = [piece async for piece in lasts.since(city, lasts.BEGINNING)]
    rows = np.concatenate(pieces)
    (row,) = rows[rows["member"] == QIAN].tolist()
    # flags and steps are of the table `position` only
    assert row == (
        1772352000000001,
        946684799500000,
        QIAN,
        QIAN,
        -1132500001,
        341000000,
        6,
        12.5,
        15,
        359,
        120,
        -32768,
        80,
        0,
        0,
        0,
    )


async def test_from_the_beginning_everybody_with_a_checkpoint_is_read(city: Connection) -> None:
    assert await members_since(city, lasts.BEGINNING) == {LI, WANG, ZHAO}


async def test_many_terminals_come_in_pieces_and_each_once(city: Connection) -> None:
    far = 3 * lasts.PIECE
    await a_member(city, far, name="远", unit=EAST_LEAF)
    await a_checkpoint(city, a_position(far))
    pieces = [piece async for piece in lasts.since(city, lasts.BEGINNING)]
    assert sorted(sorted(piece["member"].tolist()) for piece in pieces) == [[LI, WANG, ZHAO], [far]]


async def test_piece_by_piece_the_same_is_read_as_at_once(city: Connection) -> None:
    far = 3 * lasts.PIECE
    await a_member(city, far, name="远", unit=EAST_LEAF)
    await a_checkpoint(city, a_position(far))
    numbers = await lasts.pieces(city)
    found = [(await lasts.piece_since(city, lasts.BEGINNING, number))["member"].tolist() for number in numbers]
    assert [sorted(piece) for piece in found] == [[LI, WANG, ZHAO], [], [], [far]]
    assert {member for piece in found for member in piece} == await members_since(city, lasts.BEGINNING)


async def test_the_pieces_of_nobody_are_none(city: Connection) -> None:
    await city.execute("DELETE FROM terminal_state")
    assert list(await lasts.pieces(city)) == []


async def test_what_was_not_written_since_is_not_read_again(city: Connection) -> None:
    moment = await lasts.moment(city)
    assert await members_since(city, moment) == set()
    await hear_again(city, LI)
    assert await members_since(city, moment) == {LI}
    assert await members_since(city, await lasts.moment(city)) == set()


async def test_a_slow_commit_is_not_passed_over_for_a_later_one(city: Connection, database: str) -> None:
    async with await psycopg.AsyncConnection.connect(database) as slow:
        await hear_again(slow, LI)
        await hear_again(city, WANG)
        moment = await lasts.moment(city)
        await slow.commit()
    assert LI in await members_since(city, moment)


@pytest.mark.parametrize("wrapped", [2**32, 5 * 2**32])
async def test_a_database_so_old_that_its_numbers_wrapped_round_is_read_like_any_other(
    city: Connection, wrapped: int
) -> None:
    moment = await lasts.moment(city)
    await hear_again(city, LI)
    assert await members_since(city, moment + wrapped) == {LI}


async def test_a_fix_that_nobody_was_told_of_is_on_the_map_however_long_ingest_was_down(
    place: Place, bus: LocalBus, city: Connection
) -> None:
    """Ingest commits, dies before it tells the bus, and writes the checkpoint when it is back, minutes later."""
    async with asyncio.timeout(60), place.screen("east") as screen:
        await screen.watch(EAST_STREET)
        before = await screen.frame()
        await a_checkpoint(city, a_position(QIAN, age_s=OUTAGE_S))
        frame = await screen.frame_with(QIAN)
    assert QIAN not in before.rows
    assert frame.rows[QIAN]["lon"] == 1132500000


async def test_an_older_checkpoint_does_not_move_back_who_was_heard_since(
    place: Place, bus: LocalBus, city: Connection
) -> None:
    async with asyncio.timeout(60), place.screen("east") as screen:
        await screen.watch(EAST)
        await screen.frame()
        await bus.publish(POSITIONS, a_position(LI, lon=113.22, age_s=0).tobytes())
        assert (await screen.frame_with(LI)).rows[LI]["lon"] == 1132200000
        await hear_again(city, LI)
        await a_checkpoint(city, a_position(QIAN, age_s=OUTAGE_S))
        frame = await screen.frame_with(QIAN)
    assert frame.rows.get(LI, {"lon": 1132200000})["lon"] == 1132200000
