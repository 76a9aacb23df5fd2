"""The listening door's limits: who is told what above them, and that nobody is locked out by others."""

import pytest

from ingest.doors.listen_limits import SPARE, Caps
from ingest.mqtt import packets
from ingest.mqtt.packets import Code, ConnectReturn, Level
from tests.integration.mqtt.bench import a_connect, a_door, a_peer, connected, ended, until

LEVELS = pytest.mark.parametrize("level", list(Level), ids=lambda level: level.name)


def busy(level: Level) -> int:
    return Code.QUOTA_EXCEEDED if level is Level.V5 else ConnectReturn.SERVER_UNAVAILABLE


@LEVELS
async def test_a_full_door_says_so_and_takes_over_all_the_same(database: str, level: Level) -> None:
    async with a_door(database, caps=Caps(connections=1)) as door:
        await connected(door, "T1", level=level)
        _, answer = await connected(door, "T2", level=level)
        assert answer.code == busy(level)
        _, answer = await connected(door, "T1", level=level)
        assert answer.code == 0


async def test_far_above_the_most_connections_are_closed_unheard_and_counted(database: str) -> None:
    async with a_door(database, caps=Caps(connections=0)) as door:
        before = ended("too many connections")
        peers = [await a_peer(door) for _ in range(SPARE + 1)]
        assert await peers[-1].end() == []
        assert ended("too many connections") == before + 1


async def test_strangers_of_one_address_are_bounded_and_who_logged_in_is_none(database: str) -> None:
    async with a_door(database, caps=Caps(strangers_per_address=2)) as door:
        await connected(door, client_id="one")
        strangers = [await a_peer(door) for _ in range(2)]
        before = ended("too many strangers")
        third = await a_peer(door)
        assert await third.end() == []
        assert ended("too many strangers") == before + 1
        await strangers[0].send(a_connect(client_id="two"))
        assert isinstance(await strangers[0].next(), packets.Connack)
        await connected(door, client_id="three")


async def test_a_terminal_with_too_many_connections_loses_its_oldest(database: str) -> None:
    async with a_door(database, caps=Caps(per_terminal=2)) as door:
        oldest, _ = await connected(door, level=Level.V5, client_id="one")
        second, _ = await connected(door, level=Level.V5, client_id="two")
        newest, _ = await connected(door, level=Level.V5, client_id="three")
        assert await oldest.end() == [packets.Disconnect(code=Code.QUOTA_EXCEEDED)]
        await second.ping()
        await newest.ping()


async def test_a_storm_of_log_ins_waits_and_nobody_is_refused(database: str) -> None:
    many = 40
    caps = Caps(logins_per_s=100, logins_at_once=1, per_terminal=many, terminal_logins_at_once=many)
    async with a_door(database, caps=caps) as door:
        before, peers = door.listener.now_s(), [await a_peer(door) for _ in range(many)]
        for number, peer in enumerate(peers):
            await peer.send(a_connect(client_id=f"c{number}"))
        answers = [await peer.next() for peer in peers]
        assert [answer.code for answer in answers if isinstance(answer, packets.Connack)] == [0] * many
        assert door.listener.now_s() - before > (many - 1) / 100  # slower than that says nothing against us


async def test_two_that_take_each_other_over_wait_for_themselves(database: str) -> None:
    caps = Caps(terminal_login_s=3_600, terminal_logins_at_once=3)
    async with a_door(database, caps=caps) as door:
        for _ in range(3):
            _, answer = await connected(door, "T1", level=Level.V5)
            assert answer.code == 0
        _, answer = await connected(door, "T1", level=Level.V5)
        assert answer.code == Code.CONNECTION_RATE_EXCEEDED
        _, answer = await connected(door, "T2", level=Level.V5)
        assert answer.code == 0


@LEVELS
async def test_after_many_wrong_passwords_the_next_waits_and_the_right_one_opens(database: str, level: Level) -> None:
    async with a_door(database, caps=Caps(failures=3, failure_delay_s=3_600)) as door:
        for _ in range(3):
            _, answer = await connected(door, level=level, password=b"wrong")
            assert answer.code != 0
        late = await a_peer(door, level)
        await late.send(a_connect(level=level, password=b"wrong"))
        _, answer = await connected(door, level=level)
        assert answer.code == 0
        await door.listener.stop()
        assert await late.end() == []


async def test_a_late_answer_comes(database: str) -> None:
    async with a_door(database, caps=Caps(failures=1, failure_delay_s=0.05)) as door:
        for _ in range(3):
            _, answer = await connected(door, password=b"wrong")
            assert answer.code == ConnectReturn.BAD_USER_NAME_OR_PASSWORD
        await until(lambda: door.listener.connections == 0)
