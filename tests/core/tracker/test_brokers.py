import base64
import hashlib
from pathlib import Path

import pytest

from tracker.organisation.brokers import GRANTS, Action, Hashed, emqx_rules, may, mosquitto_user

SALT = b"twelve bytes"
ACL = Path(__file__).parents[3] / "deploy/mosquitto/acl"


@pytest.mark.parametrize(
    ("action", "topic", "is_granted"),
    [
        ("publish", "gw/v1/t/T1/pos", True),
        ("publish", "gw/v1/t/T1/sos", True),
        ("publish", "owntracks/T1/phone", True),
        ("publish", "owntracks/T1/phone/event", True),
        ("publish", "gw/v1/t/T2/pos", False),
        ("publish", "gw/v1/t/T1/alert", False),
        ("publish", "gw/v1/t/T1/pos/more", False),
        ("publish", "gw/v1/g/410101/alert", False),
        ("publish", "owntracks/T2/phone", False),
        ("subscribe", "gw/v1/t/T1/alert", True),
        ("subscribe", "gw/v1/g/+/alert", True),
        ("subscribe", "gw/v1/g/410101/alert", True),
        ("subscribe", "owntracks/T1/+", True),
        ("subscribe", "owntracks/+/+", False),
        ("subscribe", "gw/v1/t/+/alert", False),
        ("subscribe", "gw/v1/g/#", False),
        ("subscribe", "#", False),
    ],
)
def test_a_terminal_uses_its_own_topics_at_a_broker(action: Action, topic: str, is_granted: bool) -> None:  # noqa: FBT001
    assert may("T1", action, topic) is is_granted


def test_mosquitto_s_list_grants_the_same() -> None:
    words = {"publish": "write", "subscribe": "read"}
    said = {f"pattern {words[action]} {pattern}" for action, pattern in GRANTS}
    assert said == {line for line in ACL.read_text().splitlines() if line.startswith("pattern ")}


def test_emqx_is_told_everything_at_log_in_and_that_the_rest_is_denied() -> None:
    rules = emqx_rules("T1")
    assert {"permission": "allow", "action": "publish", "topic": "gw/v1/t/T1/pos"} in rules
    assert rules[-1] == {"permission": "deny", "action": "all", "topic": "#"}


def test_a_password_line_is_sha_512_over_password_and_salt() -> None:
    user, empty, kind, salt, digest = mosquitto_user("ingest", "secret", SALT).strip().replace(":", "$").split("$")
    assert (user, empty, kind, base64.b64decode(salt)) == ("ingest", "", "6", SALT)
    assert base64.b64decode(digest) == hashlib.sha512(b"secret" + SALT).digest()


@pytest.mark.parametrize(("salt_bytes", "hash_bytes", "fits"), [(12, 64, True), (16, 64, False), (12, 32, False)])
def test_secrets_of_an_earlier_release_fit_into_no_password_file(salt_bytes: int, hash_bytes: int, fits: bool) -> None:  # noqa: FBT001
    assert Hashed("T1", bytes(salt_bytes), bytes(hash_bytes)).is_for_brokers is fits
