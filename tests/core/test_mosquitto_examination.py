"""What `gridwarden doctor` says of a mosquitto.conf."""

from pathlib import Path

import pytest

from gridwarden.diagnosis import Grade, is_bad
from gridwarden.doctor_mosquitto import examine, read

OURS = (Path(__file__).parents[2] / "deploy" / "mosquitto" / "mosquitto.conf").read_text()


def graded(text: str, grade: Grade) -> list[str]:
    return [finding.what.removeprefix("mosquitto: ") for finding in examine(text) if finding.grade is grade]


def test_the_configuration_that_we_ship_is_not_bad() -> None:
    assert graded(OURS, Grade.BAD) == []
    assert graded(OURS, Grade.WARN) == ["TLS"]


def test_mosquitto_s_defaults_lose_positions() -> None:
    assert graded("listener 1883\n", Grade.BAD) == [
        "max_inflight_messages 20 (its default)",
        "max_queued_messages 1000 (its default)",
        "max_queued_bytes 0 (its default)",
        "persistence false (its default)",
        "autosave_interval 1800 (its default)",
        "who may log in",
        "which topics are whose",
    ]


@pytest.mark.parametrize(
    ("line", "grade"),
    [
        ("allow_anonymous true", Grade.BAD),
        ("max_inflight_messages 100", Grade.BAD),
        ("max_queued_messages 100000", Grade.BAD),
        ("max_queued_bytes 0", Grade.BAD),
        ("max_queued_bytes many", Grade.BAD),
        ("persistence false", Grade.BAD),
        ("autosave_interval 1800", Grade.BAD),
        ("autosave_interval 0", Grade.BAD),
        ("set_tcp_nodelay true", Grade.WARN),
        ("max_packet_size 65536", Grade.WARN),
        ("include_dir /etc/mosquitto/conf.d", Grade.WARN),
    ],
)
def test_a_line_that_hurts_is_told_with_what_to_do(line: str, grade: Grade) -> None:
    [found] = [finding for finding in examine(f"{OURS}\n{line}\n") if line.split(maxsplit=1)[0] in finding.what]
    assert found.grade is grade
    assert found.advice
    assert found.line().startswith(grade.value)


def test_comments_and_options_without_a_value_are_read_as_mosquitto_does() -> None:
    assert read("# persistence true\n  persistence   false \n\nlistener 1883 127.0.0.1\nalone") == {
        "persistence": "false",
        "listener": "1883 127.0.0.1",
        "alone": "",
    }


def test_only_bad_is_bad() -> None:
    assert not is_bad(examine(OURS))
    assert is_bad(examine(OURS.replace("persistence true", "")))
