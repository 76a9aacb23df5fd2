"""Clients that are not ours, against the listening door: mosquitto's, paho's and aiomqtt's."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import aiomqtt
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ingest.rules.packets import Route
from tests.certificates import self_signed
from tests.integration.mqtt.bench import Bench, a_door, until

POS = "gw/v1/t/T1/pos"
STATUS = "gw/v1/t/T1/status"
ALERT = "gw/v1/t/T1/alert"
MOSQUITTO_VERSIONS = pytest.mark.parametrize("version", ["mqttv31", "mqttv311", "mqttv5"])
PAHO_VERSIONS = pytest.mark.parametrize(
    "version",
    [MQTTProtocolVersion.MQTTv31, MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5],
    ids=lambda version: version.name,
)
QUALITIES = pytest.mark.parametrize("qos", [0, 1, 2])


def as_terminal(door: Bench, version: str, code: str = "T1", password: str = "") -> list[str]:
    secret = password or f"S-{code}"
    return ["-h", "127.0.0.1", "-p", str(door.port), "-V", version, "-u", code, "-P", secret, "-i", f"{code}-app"]


@contextlib.asynccontextmanager
async def mosquitto(*words: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def run(*words: str) -> tuple[int, str]:
    """Return the exit code and everything that a mosquitto client said."""
    async with mosquitto(*words) as process, asyncio.timeout(20):
        out, errors = await process.communicate()
        assert process.returncode is not None
        return process.returncode, (out + errors).decode()


@MOSQUITTO_VERSIONS
@QUALITIES
async def test_mosquitto_pub_publishes(database: str, version: str, qos: int) -> None:
    async with a_door(database) as door:
        code, said = await run("mosquitto_pub", *as_terminal(door, version), "-t", POS, "-m", "{}", "-q", str(qos))
        assert (code, said) == (0, "")
        [packet] = await door.took(1)
        assert (packet.topic, packet.payload, packet.route, packet.terminal) == (POS, b"{}", Route.POS, 1)


async def test_mosquitto_pub_publishes_over_tls(database: str, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    async with a_door(database, tls=tls) as door:
        words = ["--cafile", str(certificate), "-t", POS, "-m", "{}", "-q", "1"]
        assert await run("mosquitto_pub", *as_terminal(door, "mqttv311"), *words) == (0, "")
        assert door.payloads() == [b"{}"]


@MOSQUITTO_VERSIONS
async def test_mosquitto_pub_publishes_many_lines_over_one_connection(database: str, version: str) -> None:
    lines = b"".join(b"%d\n" % number for number in range(2_000))
    async with (
        a_door(database) as door,
        mosquitto("mosquitto_pub", *as_terminal(door, version), "-t", POS, "-l", "-q", "1") as process,
    ):
        await process.communicate(lines)
        assert process.returncode == 0
        await door.took(2_000)
        assert door.payloads() == lines.split()


@MOSQUITTO_VERSIONS
async def test_mosquitto_pub_is_told_a_wrong_password(database: str, version: str) -> None:
    async with a_door(database) as door:
        code, said = await run("mosquitto_pub", *as_terminal(door, version, password="no"), "-t", POS, "-m", "x")
        assert code != 0
        assert "user name or password" in said.lower() or "not authorized" in said.lower() or "bad user" in said.lower()
        assert door.taken == []


async def test_mosquitto_pub_of_mqtt_5_is_told_a_foreign_topic(database: str) -> None:
    async with a_door(database) as door:
        words = ["-t", "gw/v1/t/T2/pos", "-m", "{}", "-q", "1"]
        _, said = await run("mosquitto_pub", *as_terminal(door, "mqttv5"), *words)
        assert "not authorized" in said.lower()
        [packet] = await door.took(1)
        assert (packet.route, packet.terminal) == (Route.OTHER, 1)


@MOSQUITTO_VERSIONS
async def test_mosquitto_sub_receives_what_waited_and_what_comes(database: str, version: str) -> None:
    async with a_door(database) as door:
        await door.put_downlink(ALERT, b"waited")
        words = ["-t", "gw/v1/t/T1/#", "-q", "1", "-C", "2"]
        async with mosquitto("mosquitto_sub", *as_terminal(door, version), *words) as process, asyncio.timeout(20):
            assert process.stdout is not None
            assert await process.stdout.readline() == b"waited\n"
            await door.put_downlink(ALERT, b"came")
            assert await process.stdout.readline() == b"came\n"
            await door.waits(0)


@MOSQUITTO_VERSIONS
async def test_mosquitto_sub_keeps_its_session_and_gets_what_came_meanwhile(database: str, version: str) -> None:
    kept = ["-c", *(["-x", "3600"] if version == "mqttv5" else [])]
    async with a_door(database) as door:
        words = [*as_terminal(door, version), *kept, "-t", ALERT, "-q", "1"]
        code, said = await run("mosquitto_sub", *words, "-E")
        assert (code, said) == (0, "")
        await door.put_downlink(ALERT, b"meanwhile")
        assert await run("mosquitto_sub", *words, "-C", "1") == (0, "meanwhile\n")


@MOSQUITTO_VERSIONS
async def test_the_will_of_a_killed_mosquitto_sub_is_published(database: str, version: str) -> None:
    async with a_door(database) as door:
        will = ["--will-topic", STATUS, "--will-payload", "offline", "--will-qos", "1", "--will-retain"]
        words = [*as_terminal(door, version), *will, "-t", ALERT, "-q", "1"]
        async with mosquitto("mosquitto_sub", *words) as process:
            await door.put_downlink(ALERT, b"here")
            assert process.stdout is not None
            assert await process.stdout.readline() == b"here\n"
            process.kill()
            [packet] = await door.took(1)
            assert (packet.route, packet.payload) == (Route.STATUS, b"offline")


@MOSQUITTO_VERSIONS
async def test_mosquitto_sub_is_refused_what_is_not_its_own(database: str, version: str) -> None:
    async with a_door(database) as door:
        _, said = await run("mosquitto_sub", *as_terminal(door, version), "-t", "gw/v1/t/T2/alert", "-C", "1")
        assert "denied" in said.lower() or "not authorized" in said.lower()


def a_paho(version: MQTTProtocolVersion, *, clean: bool = True, client_id: str = "paho") -> paho.Client:
    said: dict[str, Any] = {} if version is MQTTProtocolVersion.MQTTv5 else {"clean_session": clean}
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=version, **said)
    client.username_pw_set("T1", "S-T1")
    return client


def noting(codes: list[Any]) -> Callable[..., None]:
    """A callback of paho that keeps the reason code."""

    def note(*words: Any) -> None:
        codes.append(words[3])

    return note


@contextlib.asynccontextmanager
async def looping(client: paho.Client, door: Bench, **said: Any) -> AsyncGenerator[None]:
    answers: list[Any] = []
    client.on_connect = noting(answers)
    await asyncio.to_thread(client.connect, "127.0.0.1", door.port, 60, **said)
    client.loop_start()
    try:
        await until(lambda: bool(answers))
        assert not answers[0].is_failure, answers
        yield
    finally:
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)


@PAHO_VERSIONS
async def test_paho_publishes_and_receives(database: str, version: MQTTProtocolVersion) -> None:
    async with a_door(database) as door:
        client, received = a_paho(version), list[tuple[str, bytes]]()
        client.on_message = lambda _client, _data, message: received.append((message.topic, bytes(message.payload)))
        async with looping(client, door):
            client.subscribe("gw/v1/t/T1/+", qos=1)
            sent = [client.publish(POS, f"{number}", qos=number % 3) for number in range(300)]
            await until(lambda: all(each.is_published() for each in sent))
            await door.took(300)
            assert sorted(map(int, door.payloads())) == list(range(300))
            await door.put_downlink(ALERT, b"storm")
            await until(lambda: received == [(ALERT, b"storm")])
            await door.waits(0)


@PAHO_VERSIONS
async def test_paho_is_acknowledged_after_settle_only(database: str, version: MQTTProtocolVersion) -> None:
    async with a_door(database, settles=False) as door:
        client = a_paho(version)
        async with looping(client, door):
            sent = client.publish(POS, "{}", qos=1)
            await door.took(1)
            assert not sent.is_published()
            door.settle()
            await until(sent.is_published)


async def test_paho_of_mqtt_5_uses_topic_aliases_not_and_reads_our_limits(database: str) -> None:
    async with a_door(database) as door:
        client, seen = a_paho(MQTTProtocolVersion.MQTTv5), list[Any]()
        async with looping(client, door):
            client.on_publish = noting(seen)
            said = Properties(PacketTypes.PUBLISH)
            said.ResponseTopic, said.CorrelationData = "gw/v1/t/T1/stored", b"7"
            client.publish("gw/v1/t/T2/pos", "{}", qos=1, properties=said)
            [packet] = await door.took(1)
            assert (packet.reply_topic, packet.correlation) == ("gw/v1/t/T1/stored", b"7")
            await until(lambda: bool(seen))
            assert seen[0] == "Not authorized"


async def test_a_second_paho_of_the_same_session_takes_the_first_over(database: str) -> None:
    async with a_door(database) as door:
        older, newer, ends = a_paho(MQTTProtocolVersion.MQTTv5), a_paho(MQTTProtocolVersion.MQTTv5), list[Any]()
        older.on_disconnect = noting(ends)
        older.reconnect_delay_set(60, 120)
        async with looping(older, door), looping(newer, door):
            await until(lambda: bool(ends))
            assert ends[0] == "Session taken over"
            sent = newer.publish(POS, "{}", qos=1)
            await until(sent.is_published)


@PAHO_VERSIONS
async def test_paho_resends_what_a_stopped_door_had_not_settled(database: str, version: MQTTProtocolVersion) -> None:
    client = a_paho(version, clean=False)
    client.reconnect_delay_set(1, 1)
    said = {"clean_start": False} if version is MQTTProtocolVersion.MQTTv5 else {}
    async with contextlib.AsyncExitStack() as stack:
        async with a_door(database, settles=False) as door:
            port = door.port
            await stack.enter_async_context(looping(client, door, **said))
            sent = client.publish(POS, "unsettled", qos=1)
            await door.took(1)
        async with a_door(database, port=port) as door:
            await until(sent.is_published)
            assert door.payloads() == [b"unsettled"]


async def test_aiomqtt_publishes_and_receives(database: str) -> None:
    async with a_door(database) as door:
        said = {"port": door.port, "username": "T1", "password": "S-T1", "identifier": "aiomqtt"}
        async with aiomqtt.Client("127.0.0.1", **said) as client, asyncio.timeout(20):  # pyright: ignore[reportArgumentType]
            await client.subscribe("owntracks/+/+", qos=1)
            await client.publish("owntracks/T1/phone", b'{"_type":"location"}', qos=1, retain=True)
            message = await anext(aiter(client.messages))
            assert (str(message.topic), message.payload) == ("owntracks/T1/phone", b'{"_type":"location"}')
        [packet] = await door.took(1)
        assert packet.route is Route.OWNTRACKS


async def test_aiomqtt_is_told_a_wrong_password(database: str) -> None:
    async with a_door(database) as door:
        client = aiomqtt.Client("127.0.0.1", door.port, username="T1", password="no")
        with pytest.raises(aiomqtt.MqttError):
            async with client:
                pytest.fail("it let us in")
