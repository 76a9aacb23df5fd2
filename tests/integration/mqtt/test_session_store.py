"""The statements behind the sessions of the listening door, each for many sessions at once."""

from collections.abc import Sequence

import psycopg
import pytest

from ingest.mqtt.packets import Subscription
from ingest.store import sessions as store
from ingest.store.sessions import Key, Opening, Stored
from tracker.security import hash_secret, new_salt

ALERT = Subscription("gw/v1/t/T1/alert", 1)
KEYS = [Key(1, "one"), Key(1, "two"), Key(2, "one")]
HOUR_S = 3_600


@pytest.fixture(autouse=True)
async def terminals(connection: psycopg.AsyncConnection) -> None:
    salt = new_salt()
    for number in (1, 2):
        await connection.execute(
            "INSERT INTO terminal (id, code, secret_salt, secret_hash) VALUES (%s, %s, %s, %s)",
            (number, f"T{number}", salt, hash_secret("secret", salt)),
        )


async def opened(
    connection: psycopg.AsyncConnection, keys: Sequence[Key], *, clean: bool = False, kept: bool = True
) -> dict[Key, Stored]:
    return await store.open_all(connection, [Opening(key, clean, kept) for key in keys])


async def rows(connection: psycopg.AsyncConnection) -> set[Key]:
    cursor = await connection.execute("SELECT terminal, client_id FROM mqtt_session")
    return {Key(*row) for row in await cursor.fetchall()}


async def test_sessions_are_made_and_found_again_with_what_they_subscribed(connection: psycopg.AsyncConnection) -> None:
    assert await opened(connection, KEYS) == {}
    await store.subscribe_all(connection, {KEYS[0]: [ALERT], KEYS[2]: []})
    await store.leave_all(connection, dict.fromkeys(KEYS, HOUR_S))
    assert await opened(connection, KEYS) == {KEYS[0]: Stored((ALERT,)), KEYS[1]: Stored(), KEYS[2]: Stored()}


async def test_living_expired_clean_and_unkept_ones_are_told_apart_in_one_statement(
    connection: psycopg.AsyncConnection,
) -> None:
    living, expired, cleaned, dropped = (Key(1, word) for word in ("living", "expired", "cleaned", "dropped"))
    every = [living, expired, cleaned, dropped]
    await opened(connection, every)
    await store.subscribe_all(connection, {key: [ALERT] for key in every})
    await store.leave_all(connection, {living: HOUR_S, expired: -1, cleaned: HOUR_S, dropped: HOUR_S})
    found = await store.open_all(
        connection,
        [
            Opening(living, is_clean=False, is_kept=True),
            Opening(expired, is_clean=False, is_kept=True),
            Opening(cleaned, is_clean=True, is_kept=True),
            Opening(dropped, is_clean=True, is_kept=False),
            Opening(Key(2, "never there"), is_clean=False, is_kept=False),
        ],
    )
    assert found == {living: Stored((ALERT,))}
    assert await rows(connection) == {living, expired, cleaned}
    assert await opened(connection, [expired, cleaned]) == {expired: Stored(), cleaned: Stored()}


async def test_a_session_that_is_connected_does_not_expire(connection: psycopg.AsyncConnection) -> None:
    await opened(connection, KEYS)
    await store.leave_all(connection, dict.fromkeys(KEYS[:2], -1))
    await store.expire(connection, most=16)
    assert await rows(connection) == {KEYS[2]}


async def test_of_a_terminal_that_always_comes_with_a_new_client_id_the_newest_sessions_are_kept(
    connection: psycopg.AsyncConnection,
) -> None:
    keys = [Key(1, str(number)) for number in range(5)]
    await opened(connection, [*keys, KEYS[2]])
    await store.leave_all(connection, {key: HOUR_S + number for number, key in enumerate(keys[:4])})
    await store.expire(connection, most=2)
    assert await rows(connection) == {keys[2], keys[3], keys[4], KEYS[2]}


async def test_packets_of_qos_2_are_remembered_and_forgotten_together(connection: psycopg.AsyncConnection) -> None:
    await opened(connection, KEYS)
    await store.remember_all(connection, [(KEYS[0], 7), (KEYS[0], 8), (KEYS[1], 7), (KEYS[0], 9)])
    await store.forget_all(connection, [(KEYS[0], 8), (KEYS[0], 9), (KEYS[2], 7)])
    found = await opened(connection, KEYS)
    assert [found[key].qos2_received for key in KEYS] == [(7,), (7,), ()]


async def test_discarded_sessions_are_gone_and_others_stay(connection: psycopg.AsyncConnection) -> None:
    await opened(connection, KEYS)
    await store.discard_all(connection, KEYS[:2])
    assert await rows(connection) == {KEYS[2]}
