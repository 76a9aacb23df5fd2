"""A peer that is silent, cut off, no SMPP, or not who it says: said in one clear line, and survived."""

import asyncio
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool
from structlog.testing import capture_logs

from alerts.smpp.gateway import Tls
from alerts.smpp.session import STEADY_S
from gridwarden.tls import door_tls
from simulators.sms_centre.centre import SmsCentre
from simulators.sms_centre.records import Originated
from tests.certificates import self_signed
from tests.integration.alerts.builders import drain
from tests.integration.alerts.gateways import a_gateway, a_lane, connected, queue, rows, states, until
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def a_peer(answer: Answer) -> AsyncGenerator[int]:
    """Listen with a peer that does one thing to each connection; return its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _bound(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    length, command, _, sequence = struct.unpack(">IIII", await reader.readexactly(16))
    await reader.readexactly(length - 16)
    writer.write(struct.pack(">IIII", 17, 0x8000_0000 | command, 0, sequence) + b"\0")


async def test_a_wrong_password_is_said_once_and_tried_again_seldom(pool: Pool) -> None:
    async with SmsCentre() as centre:
        with capture_logs() as logs:
            async with connected(pool, a_gateway(centre.port, password="wrong"), is_awaited=False):
                await until(lambda: centre.counts.binds_refused >= 3)
        said = [line["reason"] for line in logs if line["event"] == "sms.not_bound"]
        assert said == [f"smpp://127.0.0.1:{centre.port} refused gridwarden: wrong password (ESME_RINVPASWD)"]


async def test_it_says_what_the_network_says(pool: Pool) -> None:
    with capture_logs() as logs:
        async with connected(pool, a_gateway(1), is_awaited=False):
            await until(lambda: [line for line in logs if line["event"] == "sms.not_bound"])
    assert logs[0]["reason"] == "smpp://127.0.0.1:1 cannot be reached: nobody listens there"


async def test_over_tls_the_certificate_must_be_of_the_name_and_of_a_known_authority(
    pool: Pool, bus: LocalBus, connection: Connection, tmp_path: Path
) -> None:
    certificate, key = self_signed(tmp_path)
    async with SmsCentre(tls=door_tls(certificate, key)) as centre:
        for tls, words in (
            (Tls(name="sms.example.org", authorities=certificate), "certificate is not valid for 'sms.example.org'"),
            (Tls(), "self-signed certificate"),
        ):
            with capture_logs() as logs:
                async with connected(pool, a_gateway(centre.port, tls=tls), is_awaited=False):
                    await until(_says(logs, "sms.not_bound"))
            assert words in logs[0]["reason"]
        async with connected(pool, a_gateway(centre.port, tls=Tls(authorities=certificate))) as provider:
            await queue(connection, ["over TLS"])
            await drain(a_lane(pool, bus, provider))
            await until(lambda: len(centre.messages) == 1)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "this is no SMPP"),
        (struct.pack(">IIII", 0xFFFF_FFFF, 5, 0, 1), "a PDU of 4,294,967,295 octets"),
        (struct.pack(">IIII", 3, 5, 0, 1), "a PDU of 3 octets"),
        (struct.pack(">IIII", 100, 5, 0, 1) + b"half", "in the middle of a PDU"),
    ],
)
async def test_what_is_no_smpp_ends_the_session_with_its_reason(pool: Pool, octets: bytes, words: str) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _bound(reader, writer)
        writer.write(octets)
        await writer.drain()

    async with a_peer(peer) as port:
        with capture_logs() as logs:
            async with connected(pool, a_gateway(port), is_awaited=False):
                await until(lambda: [line for line in logs if line["event"] == "sms.unbound"])
        ended = next(line for line in logs if line["event"] == "sms.unbound")
        assert words in ended["reason"]


async def test_a_peer_that_never_answers_a_bind_is_given_up(pool: Pool) -> None:
    async def peer(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with a_peer(peer) as port:
        with capture_logs() as logs:
            async with connected(pool, a_gateway(port), is_awaited=False):
                await until(lambda: [line for line in logs if line["event"] == "sms.not_bound"])
        assert logs[0]["reason"] == f"smpp://127.0.0.1:{port} is connected and does not answer a bind in 2 s"


async def test_a_centre_that_falls_silent_is_left_and_another_connection_made(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    async with SmsCentre() as centre:
        with capture_logs() as logs:
            async with connected(pool, a_gateway(centre.port)) as provider:
                centre.silence_links()
                await until(lambda: [line for line in logs if line["event"] == "sms.unbound"])
                await until(lambda: provider.is_open)
                await queue(connection, ["back again"])
                await drain(a_lane(pool, bus, provider))
                await until(lambda: len(centre.messages) == 1)
        said = next(line for line in logs if line["event"] == "sms.unbound")
        assert said["reason"] == "the centre was silent, and did not answer enquire_link in 2 s"


async def test_a_centre_that_unbinds_is_answered_and_bound_again(pool: Pool, bus: LocalBus) -> None:
    async with SmsCentre() as centre, connected(pool, a_gateway(centre.port)) as provider:
        first = provider.session.links[0]
        centre.unbind_links()
        await until(first.ended.is_set)
        assert first.reason == "the centre unbound"
        await until(lambda: provider.is_open)
        assert STEADY_S > 0


async def test_it_unbinds_at_the_end(pool: Pool) -> None:
    async with SmsCentre() as centre:
        async with connected(pool, a_gateway(centre.port)) as provider:
            link = provider.session.links[0]
        assert link.reason == "we unbound"
        await until(lambda: not centre.sessions)


async def test_receipts_of_messages_that_are_not_ours_are_kept_and_answered(pool: Pool, connection: Connection) -> None:
    async with SmsCentre() as centre, connected(pool, a_gateway(centre.port)) as provider:
        body = b"".join((b"\0\1\1", b"8613800000001\0", b"\0\0\0", b"\4\0\0\0\0\0\0\0\0"))
        text = b"id:nobodys stat:DELIVRD err:000"
        body += bytes((len(text),)) + text
        centre.say(struct.pack(">IIII", 16 + len(body), 5, 0, 77) + body)
        await until(lambda: _count(connection, "SELECT count(*)::integer FROM sms_receipt WHERE fate = 'waiting'"))
        await connection.execute("UPDATE sms_receipt SET received_at = received_at - interval '1 hour'")
        await until(lambda: _count(connection, "SELECT count(*)::integer FROM sms_receipt WHERE fate = 'unmatched'"))
        assert provider.is_open


async def test_a_deliver_sm_that_cannot_be_read_is_refused_and_the_session_goes_on(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    async with SmsCentre() as centre, connected(pool, a_gateway(centre.port)) as provider:
        link = provider.session.links[0]
        centre.say(struct.pack(">IIII", 20, 5, 0, 78) + b"\xff" * 4)
        await queue(connection, ["still here"])
        await drain(a_lane(pool, bus, provider))
        await until(lambda: len(centre.messages) == 1)
        assert provider.session.links == [link]


async def test_a_text_with_what_no_database_can_hold_is_stored_all_the_same(pool: Pool, connection: Connection) -> None:
    async with SmsCentre() as centre, connected(pool, a_gateway(centre.port)):
        centre.deliver(Originated("8613800000001", "10690001", "a\0b 洪水"))
        await until(lambda: _count(connection, "SELECT count(*)::integer FROM sms_inbound"))
    assert await rows(connection, "SELECT source, body FROM sms_inbound") == [("+8613800000001", "ab 洪水")]
    assert await states(connection) == {}


def _says(logs: list[Any], event: str) -> Callable[[], bool]:
    return lambda: any(line["event"] == event for line in logs)


async def _count(connection: Connection, query: Any) -> int:
    return (await rows(connection, query))[0]
