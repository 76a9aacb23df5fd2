from datetime import UTC, datetime

import psycopg

from tracker.store.states import last_positions

AT = datetime(2026, 5, 5, 12, 0, 0, 250_000, tzinfo=UTC)


async def a_terminal_seen(connection: psycopg.AsyncConnection, code: str, *, member: int | None) -> int:
    made = await connection.execute(
        "INSERT INTO terminal (code, secret_salt, secret_hash, member) VALUES (%s, '', '', %s) RETURNING id",
        [code, member],
    )
    ((terminal,),) = await made.fetchall()
    await connection.execute(
        "INSERT INTO terminal_state VALUES (%s, %s, %s, 1136000001, 347000002, 7, 14, 90, 55, 110, 80, 36, 7, -1, 0)",
        [terminal, AT, AT],
    )
    return int(terminal)


async def test_the_last_of_each_terminal_comes_as_columns(connection: psycopg.AsyncConnection) -> None:
    await connection.execute("INSERT INTO member (id, code, name) VALUES (5, 'M5', '王凯')")
    carried = await a_terminal_seen(connection, "T1", member=5)
    spare = await a_terminal_seen(connection, "T2", member=None)
    last = await last_positions(connection)
    assert dict(zip(last["terminal"].tolist(), last["member"].tolist(), strict=True)) == {carried: 5, spare: 0}
    row = last[0]
    assert row["fixed_at_us"] == row["received_at_us"] == int(AT.timestamp() * 1_000_000)
    assert (row["lon"], row["lat"], row["grid"]) == (1_136_000_001, 347_000_002, 7)
    assert (row["speed_dmps"], row["heading_deg"], row["accuracy_dm"]) == (14, 90, 55)
    assert (row["altitude_m"], row["battery_pct"], row["interval_s"]) == (110, 80, 36)


async def test_a_closed_terminal_is_left_out(connection: psycopg.AsyncConnection) -> None:
    await a_terminal_seen(connection, "T1", member=None)
    await connection.execute("UPDATE terminal SET closed_at = now()")
    assert len(await last_positions(connection)) == 0
