import pytest

from ingest.mqtt.errors import ProtocolError
from ingest.mqtt.topics import check_filter, matches


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("a/b", "a/b"),
        ("a/+", "a/b"),
        ("+/+", "/b"),
        ("#", "a/b"),
        ("a/#", "a"),
        ("a/#", "a/b/c"),
        ("/+", "/b"),
        ("+", "a"),
    ],
)
def test_a_filter_takes(pattern: str, name: str) -> None:
    assert matches(pattern, name)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [("a/b", "a/c"), ("a/+", "a"), ("+", "/b"), ("a/+", "a/b/c"), ("#", "$SYS/x"), ("+/x", "$SYS/x"), ("a/b/#", "a")],
)
def test_a_filter_does_not_take(pattern: str, name: str) -> None:
    assert not matches(pattern, name)


@pytest.mark.parametrize("pattern", ["", "a+", "a/#/b", "a#", "+a/b", "##"])
def test_a_wildcard_stands_alone(pattern: str) -> None:
    with pytest.raises(ProtocolError):
        check_filter(pattern)
