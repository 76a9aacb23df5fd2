"""The pure rules of the listening door: who may publish and subscribe what, who logs in, what is in flight."""

from collections.abc import Callable

import pytest

from ingest.doors.listen_grants import may_publish, may_subscribe
from ingest.doors.listen_login import BAD_CLIENT_ID, BAD_CREDENTIALS, BAD_METHOD, expiry_of, refusal_of
from ingest.doors.listen_sessions import LONGEST_EXPIRY_S
from ingest.doors.listen_window import LARGEST_ID, NO_ROW, Window, packet_id_of
from ingest.doors.listen_wire import Hold, Stage, Wire
from ingest.mqtt.decoder import Received
from ingest.mqtt.packets import Code, Connect, Level
from ingest.mqtt.properties import Properties
from ingest.rules.packets import Route
from ingest.store.terminals import Terminal
from tracker.security import hash_secret

SALT = bytes(16)
T1 = Terminal(id=1, code="T1", member=0, interval_s=0, secret_salt=SALT, secret_hash=hash_secret("secret", SALT))


@pytest.mark.parametrize(
    ("topic", "route", "code"),
    [
        ("gw/v1/t/T1/pos", Route.POS, Code.SUCCESS),
        ("gw/v1/t/T1/sos", Route.SOS, Code.SUCCESS),
        ("owntracks/T1/phone", Route.OWNTRACKS, Code.SUCCESS),
        ("gw/v1/t/T2/pos", Route.OTHER, Code.NOT_AUTHORIZED),
        ("owntracks/T2/phone", Route.OTHER, Code.NOT_AUTHORIZED),
        ("gw/v1/t/T1/alert", Route.OTHER, Code.TOPIC_NAME_INVALID),
        ("gw/v1/g/410101/alert", Route.OTHER, Code.TOPIC_NAME_INVALID),
        ("$SYS/x", Route.OTHER, Code.TOPIC_NAME_INVALID),
    ],
)
def test_a_terminal_publishes_its_own_topics(topic: str, route: Route, code: Code) -> None:
    assert may_publish("T1", topic) == (route, code)


@pytest.mark.parametrize(
    "pattern",
    [
        "gw/v1/t/T1/alert",
        "gw/v1/t/T1/+",
        "gw/v1/t/T1/#",
        "gw/v1/g/410101/alert",
        "owntracks/+/+",
        "owntracks/T1/phone/cmd",
    ],
)
def test_a_terminal_subscribes_to_its_own_and_to_grids(pattern: str) -> None:
    assert may_subscribe("T1", pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "#",
        "+/+",
        "gw/v1/t/T2/alert",
        "gw/v1/t/+/alert",
        "gw/#",
        "gw/v1/g/+/alert",
        "gw/v1/g/#",
        "owntracks/T2/+",
        "owntracks",
    ],
)
def test_a_terminal_subscribes_to_nothing_else(pattern: str) -> None:
    assert not may_subscribe("T1", pattern)


def a_connect(**said: object) -> Connect:
    fields: dict[str, object] = {"level": Level.V311, "client_id": "c", "password": b"secret", **said}
    return Connect(**fields)  # pyright: ignore[reportArgumentType]


def test_the_right_secret_logs_in() -> None:
    assert refusal_of(a_connect(), T1) is None


@pytest.mark.parametrize("password", [None, b"", b"wrong", b"\xff\xfe"])
def test_another_secret_does_not(password: bytes | None) -> None:
    assert refusal_of(a_connect(password=password), T1) is BAD_CREDENTIALS


def test_an_unknown_terminal_does_not_log_in() -> None:
    assert refusal_of(a_connect(), None) is BAD_CREDENTIALS


def test_extended_authentication_is_refused() -> None:
    assert refusal_of(a_connect(level=Level.V5, properties=Properties(auth_method="SCRAM")), T1) is BAD_METHOD


@pytest.mark.parametrize(
    ("level", "clean", "client_id", "is_refused"),
    [
        (Level.V31, True, "", True),
        (Level.V311, True, "", False),
        (Level.V311, False, "", True),
        (Level.V5, False, "", False),
        (Level.V31, True, "x" * 40, False),
        (Level.V311, True, "x" * 257, True),
    ],
)
def test_who_may_be_nameless(level: Level, clean: bool, client_id: str, is_refused: bool) -> None:  # noqa: FBT001
    refusal = refusal_of(a_connect(level=level, clean_start=clean, client_id=client_id), T1)
    assert refusal is (BAD_CLIENT_ID if is_refused else None)


def test_a_session_s_expiry_is_bounded_by_us() -> None:
    assert expiry_of(a_connect(clean_start=True)) == 0
    assert expiry_of(a_connect(clean_start=False)) == LONGEST_EXPIRY_S
    assert expiry_of(a_connect(level=Level.V5, clean_start=False)) == 0
    assert expiry_of(a_connect(level=Level.V5, properties=Properties(session_expiry_s=60))) == 60
    assert expiry_of(a_connect(level=Level.V5, properties=Properties(session_expiry_s=2**32 - 1))) == LONGEST_EXPIRY_S


def test_a_row_travels_under_the_same_packet_identifier_always() -> None:
    assert [packet_id_of(row) for row in (1, 65_535, 65_536, 65_537)] == [1, 65_535, 1, 2]


def test_a_window_takes_as_many_as_its_limit() -> None:
    window = Window(2)
    assert [window.open(), window.open(), window.open()] == [1, 2, 0]
    assert window.close(1) == NO_ROW
    assert window.has_room_for(9)


def test_a_row_waits_while_its_packet_identifier_is_in_flight() -> None:
    window = Window(10)
    packet_id = window.open_row(5)
    assert not window.has_room_for(5 + LARGEST_ID)
    assert window.holds(5)
    assert not window.holds(5 + LARGEST_ID)
    assert window.close(packet_id) == 5
    assert window.close(packet_id) is None


class AClock:
    """The door's clock, stopped."""

    def now_s(self) -> float:
        return 100.0

    def flush_soon(self, flush: Callable[[], None]) -> None:
        flush()


class AWire(Wire):
    def take(self, received: list[Received]) -> None:
        """Nothing comes."""


def test_the_keep_alive_clock_stands_still_while_we_are_the_slow_side() -> None:
    wire = AWire(AClock())
    wire.stage, wire.silence_s = Stage.OPEN, 90.0
    assert not wire.is_overdue(190.0)
    assert wire.is_overdue(191.0)
    wire.hold(Hold.INBOX)
    assert not wire.is_overdue(1_000.0)
    wire.release(Hold.INBOX)
    assert wire.is_overdue(191.0)


def test_a_peer_that_reads_nothing_has_a_running_clock() -> None:
    wire = AWire(AClock())
    wire.stage, wire.silence_s = Stage.OPEN, 90.0
    wire.hold(Hold.WRITING)
    assert wire.is_overdue(191.0)
