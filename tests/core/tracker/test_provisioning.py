import base64
import json

import pytest
import segno

from tracker.organisation.provisioning import (
    DoorAddressError,
    PublicDoor,
    credential_of,
    door_of,
)

SECRET = "0123456789abcdef" * 2
DOOR = PublicDoor(host="gps.example.org", port=8883, is_tls=True)


def test_the_phone_app_gets_a_file_that_names_door_user_and_topic() -> None:
    otrc = credential_of("T-1", SECRET, DOOR).otrc
    assert (otrc["_type"], otrc["mode"]) == ("configuration", 0)
    assert (otrc["host"], otrc["port"], otrc["tls"]) == ("gps.example.org", 8883, True)
    assert (otrc["username"], otrc["password"], otrc["deviceId"]) == ("T-1", SECRET, "phone")
    assert otrc["pubTopicBase"] == "owntracks/%u/%d"


def test_the_link_holds_the_same_configuration_and_needs_no_escaping() -> None:
    credential = credential_of("990101001001001-0001", SECRET, DOOR)
    inline = credential.otrc_url.removeprefix("owntracks:///config?inline=")
    assert inline.isalnum()
    assert json.loads(base64.b64decode(inline)) == credential.otrc


def test_the_qr_code_of_the_longest_usual_credential_stays_small_enough_for_a_phone() -> None:
    link = credential_of("990101001001001-0001", SECRET, DOOR).otrc_url
    assert int(segno.make(link, error="l", boost_error=False).version) <= 18


def test_the_qr_code_is_one_svg_that_scales() -> None:
    drawn = credential_of("T1", SECRET, DOOR).qr_svg
    assert drawn.startswith("<svg ")
    assert drawn.endswith("</svg>")
    assert "viewBox" in drawn
    assert " width=" not in drawn


def test_any_other_terminal_gets_its_topics_filled_in() -> None:
    config = credential_of("T1", SECRET, DOOR, interval_s=5).config
    assert config["publish"]["pos"] == "gw/v1/t/T1/pos"
    assert config["subscribe"]["alert"] == "gw/v1/t/T1/alert"
    assert (config["username"], config["password"], config["interval_s"]) == ("T1", SECRET, 5)


def test_a_client_id_is_of_letters_and_digits_that_every_server_takes() -> None:
    config = credential_of("990101001001001-0001_spare", SECRET, DOOR).config
    assert config["client_id"].isalnum()
    assert len(config["client_id"]) <= 23


@pytest.mark.parametrize(
    ("url", "door"),
    [
        ("mqtts://gps.example.org", PublicDoor(host="gps.example.org", port=8883, is_tls=True)),
        ("mqtt://10.0.0.7:1884", PublicDoor(host="10.0.0.7", port=1884, is_tls=False)),
        ("mqtt://[::1]", PublicDoor(host="::1", port=1883, is_tls=False)),
    ],
)
def test_a_public_address_says_host_port_and_tls(url: str, door: PublicDoor) -> None:
    assert door_of(url) == door
    assert door_of(door.url) == door


@pytest.mark.parametrize(
    "url", ["gps.example.org:8883", "https://x", "mqtt://", "mqtt://h:x", "mqtt://a:b@h", "mqtt://a~b"]
)
def test_an_address_that_no_terminal_could_use_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(DoorAddressError, match="write mqtts://gps"):
        door_of(url)
