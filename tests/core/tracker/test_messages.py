import pytest

from tracker.bus.messages import ANYTHING, CityChanged, Crossed, PresenceChanged, decode, decode_city, encode


def test_what_changed_in_the_city_comes_through_the_bus() -> None:
    changed = CityChanged(kind="terminals", ids=(7, 9))
    assert decode_city(encode(changed)) == changed


@pytest.mark.parametrize("payload", [b"", b"7", b"{", b"\xff", b'{"kind": 3}', b'{"ids": [-1]}', b"[" * 9999])
def test_a_doorbell_that_nobody_understands_means_that_anything_may_have_changed(payload: bytes) -> None:
    assert decode_city(payload) == ANYTHING


def test_a_doorbell_of_a_later_release_is_understood_as_far_as_it_goes() -> None:
    assert decode_city(b'{"kind": "weather", "since": 3}') == CityChanged(kind="weather")


def test_several_events_travel_in_one_message_in_order() -> None:
    crossed = Crossed(terminal=1, member=2, from_grid=3, to_grid=4, fixed_at_us=5)
    changed = PresenceChanged(terminal=1, member=2, state="silent", grid=4, at_us=6)
    assert decode(encode([crossed, changed])) == [crossed, changed]
    assert decode(encode(crossed)) == [crossed]
    assert decode(b"[{]") is None
