import pytest

from tracker.bus.messages import ANYTHING, CityChanged, decode_city, encode


def test_what_changed_in_the_city_comes_through_the_bus() -> None:
    changed = CityChanged(kind="terminals", ids=(7, 9))
    assert decode_city(encode(changed)) == changed


@pytest.mark.parametrize("payload", [b"", b"7", b"{", b"\xff", b'{"kind": 3}', b'{"ids": [-1]}', b"[" * 9999])
def test_a_doorbell_that_nobody_understands_means_that_anything_may_have_changed(payload: bytes) -> None:
    assert decode_city(payload) == ANYTHING


def test_a_doorbell_of_a_later_release_is_understood_as_far_as_it_goes() -> None:
    assert decode_city(b'{"kind": "weather", "since": 3}') == CityChanged(kind="weather")
