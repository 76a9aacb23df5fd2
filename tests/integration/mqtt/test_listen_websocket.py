"""MQTT over WebSocket at the listening door, with real clients and with the wrong frames."""

import asyncio
import contextlib
import ssl
from pathlib import Path

import aiomqtt
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from gridwarden.ports import next_free
from ingest.mqtt.encode import PINGREQ, PINGRESP, encode
from ingest.mqtt.packets import Level
from tests.certificates import self_signed
from tests.integration.mqtt.bench import Bench, a_connect, a_door, ended, until

POS = "gw/v1/t/T1/pos"
ALERT = "gw/v1/t/T1/alert"
MQTT = [Subprotocol("mqtt")]
VERSIONS = pytest.mark.parametrize(
    "version",
    [MQTTProtocolVersion.MQTTv31, MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5],
    ids=lambda version: version.name,
)


def a_port() -> int:
    return next_free("127.0.0.1", 28_083, option="-")


def address(door: Bench) -> str:
    return f"ws://127.0.0.1:{door.listener.web_port}/mqtt"


@VERSIONS
async def test_paho_publishes_and_hears_over_websocket(database: str, version: MQTTProtocolVersion) -> None:
    async with a_door(database, web_port=a_port()) as door:
        client = Client(CallbackAPIVersion.VERSION2, "paho", protocol=version, transport="websockets")
        client.username_pw_set("T1", "S-T1")
        heard = list[bytes]()
        client.on_message = lambda _client, _data, message: heard.append(bytes(message.payload))
        await asyncio.to_thread(client.connect, "127.0.0.1", door.listener.web_port)
        client.loop_start()
        try:
            await until(client.is_connected)
            client.subscribe(ALERT, 1)
            sent = [client.publish(POS, b"%d" % number, qos=1) for number in range(100)]
            await until(lambda: all(each.is_published() for each in sent))
            await door.put_downlink(ALERT, b"storm")
            await until(lambda: heard == [b"storm"])
            await door.waits(0)
        finally:
            client.disconnect()
            await asyncio.to_thread(client.loop_stop)
        assert sorted(map(int, door.payloads())) == list(range(100))


async def test_aiomqtt_publishes_over_websocket_and_tls(database: str, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    trust = ssl.create_default_context(cafile=str(certificate))
    async with a_door(database, tls=tls, web_port=a_port()) as door:
        async with aiomqtt.Client(
            "127.0.0.1",
            door.listener.web_port,
            username="T1",
            password="S-T1",
            transport="websockets",
            tls_context=trust,
        ) as client:
            await client.publish(POS, b"{}", qos=1)
        assert door.payloads() == [b"{}"]


async def test_packets_may_be_cut_into_frames_anywhere(database: str) -> None:
    async with a_door(database, web_port=a_port()) as door, connect(address(door), subprotocols=MQTT) as socket:
        for byte in encode(a_connect(), Level.V311) + PINGREQ:
            await socket.send(bytes((byte,)))
        wanted, came = b"\x20\x02\x00\x00" + PINGRESP, b""
        async with asyncio.timeout(15):
            while len(came) < len(wanted):
                came += await socket.recv(decode=False)
        assert came == wanted


async def test_a_text_frame_ends_the_connection(database: str) -> None:
    async with a_door(database, web_port=a_port()) as door, connect(address(door), subprotocols=MQTT) as socket:
        await socket.send("CONNECT")
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1003


async def test_who_does_not_ask_for_mqtt_is_refused(database: str) -> None:
    async with a_door(database, web_port=a_port()) as door:
        with pytest.raises(InvalidStatus):
            await connect(address(door))
        await until(lambda: door.listener.connections == 0)


async def test_a_handshake_that_does_not_end_has_the_door_s_patience(database: str) -> None:
    async with a_door(database, web_port=a_port(), patience_s=0.3) as door:
        before = ended("no CONNECT")
        reader, writer = await asyncio.open_connection("127.0.0.1", door.listener.web_port)
        writer.write(b"GET /mqtt HTTP/1.1\r\nHost: door\r\n")
        assert await reader.read() == b""
        assert ended("no CONNECT") == before + 1
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
