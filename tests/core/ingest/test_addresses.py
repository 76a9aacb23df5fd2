import pytest

from ingest.rules.packets import Route, address


@pytest.mark.parametrize(
    ("topic", "route", "terminal"),
    [
        ("gw/v1/t/a-1/pos", Route.POS, "a-1"),
        ("gw/v1/t/a-1/nmea", Route.NMEA, "a-1"),
        ("gw/v1/t/a-1/sos", Route.SOS, "a-1"),
        ("gw/v1/t/a-1/status", Route.STATUS, "a-1"),
        ("gw/v1/t/a-1/ack", Route.ACK, "a-1"),
        ("owntracks/a-1/phone", Route.OWNTRACKS, "a-1"),
        ("owntracks/a-1/phone/event", Route.OWNTRACKS, "a-1"),
        ("gw/v1/t/a-1/alert", Route.OTHER, ""),
        ("gw/v1/t/a 1/pos", Route.OTHER, ""),
        ("gw/v1/t/" + "a" * 65 + "/pos", Route.OTHER, ""),
        ("gw/v1/t//pos", Route.OTHER, ""),
        ("gw/v1/t/a-1/pos/x", Route.OTHER, ""),
        ("owntracks/a-1", Route.OTHER, ""),
        ("", Route.OTHER, ""),
    ],
)
def test_a_topic_has_one_address(topic: str, route: Route, terminal: str) -> None:
    assert address(topic) == (route, terminal)
