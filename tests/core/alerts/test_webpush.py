"""Web Push held against the vectors of its standards, and what a push says."""

import base64
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from alerts.core import pushes, webpush
from alerts.core.errors import BadContent
from alerts.core.levels import Level
from alerts.core.texts import Kind, Notice
from alerts.core.webpush import MOST_PLAIN_BYTES, SERVICES, Subscription
from alerts.core.words import Words

NOON = datetime(2026, 7, 20, 4, 0, tzinfo=UTC)
ALERT = UUID(int=7)

# RFC 8291, section 5 and appendix A
PLAIN = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def a_subscription(endpoint: str = "https://fcm.googleapis.com/fcm/send/x", **changed: str) -> Subscription:
    given = {"endpoint": endpoint, "p256dh": P256DH, "auth": AUTH, **changed}
    return webpush.subscription(**given, services=SERVICES)


def a_notice(**changed: object) -> Notice:
    given: dict[str, object] = {
        "kind": Kind.ISSUE,
        "level": Level.ORANGE,
        "event": "rainstorm",
        "headline": "未来6小时强降雨",
        "description": "预计降雨量超过100毫米",
        "instruction": "请转移低洼处居民",
        "issuer": Words("金水区", "Jinshui district"),
        "made_at": NOON,
        "is_drill": False,
    }
    return Notice(**{**given, **changed})  # pyright: ignore[reportArgumentType] - a builder


def said_by(notice: Notice, language: str = "zh") -> dict[str, object]:
    return json.loads(pushes.message(notice, alert=ALERT, topic="t", wants_answer=True, language=language))


def test_a_message_is_encrypted_as_in_rfc_8291() -> None:
    sender = ec.derive_private_key(int.from_bytes(raw(SENDER)), ec.SECP256R1())
    sealed = webpush.encrypt(PLAIN, a_subscription(), own_key=sender, salt=raw(SALT))
    assert webpush.encoded(sealed) == BODY


def test_what_does_not_fit_one_record_is_refused() -> None:
    to, key = a_subscription(), webpush.new_key()
    assert len(webpush.encrypt(b"x" * MOST_PLAIN_BYTES, to, own_key=key, salt=raw(SALT))) == 4096
    with pytest.raises(ValueError, match="too long"):
        webpush.encrypt(b"x" * (MOST_PLAIN_BYTES + 1), to, own_key=key, salt=raw(SALT))


def test_the_longest_words_fit_one_record() -> None:
    said = said_by(a_notice(headline="雨" * 4000, instruction="雨" * 4000, event="雨" * 100))
    assert len(json.dumps(said, ensure_ascii=False).encode()) < MOST_PLAIN_BYTES - 100


def test_the_same_secret_makes_the_same_key_and_another_one_another() -> None:
    points = [webpush.point_of(webpush.sender_key(secret)) for secret in (b"a" * 32, b"a" * 32, b"b" * 32)]
    assert points[0] == points[1] != points[2]
    assert (len(points[0]), points[0][0]) == (65, 4)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://web.push.apple.com/abc",
        "https://wns2-par02p.notify.windows.com/w/?token=abc",
    ],
)
def test_the_push_services_of_the_browsers_are_taken(endpoint: str) -> None:
    assert a_subscription(endpoint).endpoint == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilpush.apple.com.example/x",
        "https://push.apple.com.example/x",
        "https://fcm.googleapis.com@10.0.0.1/x",
        "https://user:word@fcm.googleapis.com/x",
        "https://10.0.0.1/x",
        "https://[::1/x",
        "https://fcm.googleapis.com:x/",
        "file:///etc/passwd",
        "",
        "https://fcm.googleapis.com/" + "x" * 3000,
    ],
)
def test_a_server_that_is_no_push_service_is_never_called(endpoint: str) -> None:
    with pytest.raises(BadContent):
        a_subscription(endpoint)


@pytest.mark.parametrize(
    "changed",
    [
        {"p256dh": ""},
        {"p256dh": "!!"},
        {"p256dh": P256DH[:-4]},
        {"p256dh": webpush.encoded(b"\x04" + b"\x01" * 64)},  # not on the curve
        {"p256dh": webpush.encoded(b"\x00")},
        {"auth": ""},
        {"auth": AUTH + "AA"},
    ],
)
def test_keys_that_are_none_are_refused(changed: dict[str, str]) -> None:
    with pytest.raises(BadContent):
        a_subscription(**changed)


def test_graver_warnings_are_more_urgent_and_kept_at_least_as_long() -> None:
    assert [pushes.MANNERS[level].urgency for level in Level] == ["low", "normal", "high", "high"]
    assert all(pushes.MANNERS[one].keep <= pushes.MANNERS[other].keep for one, other in pairwise(Level))


def test_no_push_is_kept_longer_than_it_is_worth() -> None:
    said = said_by(a_notice(level=Level.RED))
    soon = pushes.headers(said, expires_at=NOON + timedelta(minutes=30), now=NOON)
    late = pushes.headers(said, expires_at=NOON + timedelta(days=3), now=NOON)
    over = pushes.headers(said, expires_at=NOON - timedelta(minutes=1), now=NOON)
    assert (soon["TTL"], late["TTL"], over["TTL"]) == ("1800", "86400", "0")


def test_a_topic_is_32_characters_and_the_alert_s_own() -> None:
    topics = {pushes.topic(ALERT), pushes.topic(UUID(int=8)), pushes.topic(ALERT, passing="1")}
    assert {len(topic) for topic in topics} == {32}
    assert len(topics) == 3


def test_a_push_says_level_event_and_what_to_do() -> None:
    assert said_by(a_notice())["title"] == "暴雨橙色预警[II级/严重]"
    assert said_by(a_notice())["body"] == "未来6小时强降雨\n请转移低洼处居民"
    assert said_by(a_notice(is_drill=True), "en")["title"] == "DRILL. Rainstorm ORANGE alert, level II (severe)"


def test_the_end_of_a_warning_asks_for_no_answer() -> None:
    lifted = said_by(a_notice(kind=Kind.LIFT, note="雨停了"))
    assert (lifted["title"], lifted["body"]) == ("解除：暴雨橙色预警[II级/严重]", "未来6小时强降雨\n雨停了")
    assert (said_by(a_notice())["confirm"], lifted["confirm"]) == (True, False)


def test_words_passed_down_come_first() -> None:
    passed = said_by(a_notice(kind=Kind.PASSED_DOWN, note="王东（东街）：请挪车"))
    assert passed["body"] == "王东（东街）：请挪车\n未来6小时强降雨"
