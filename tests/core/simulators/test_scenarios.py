"""Scenario files are read whole or refused with file, line, field and what is allowed there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from simulators.scenario.events import Disconnect, Event, Restart
from simulators.scenario.model import Scenario
from simulators.scenario.reading import ScenarioError, parse_scenario, read_scenario, scenario_names

PAGE = Path(__file__).parents[3] / "docs" / "scenarios.md"
AT_S = "`at_s` (default 0, s after the start)"


def refusal(text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, called="mine.yaml")
    return str(caught.value)


def test_an_empty_file_is_the_plain_scenario() -> None:
    assert parse_scenario("# nothing\n", called="mine.yaml") == Scenario()


def test_a_file_says_only_what_differs() -> None:
    found = parse_scenario("interval_s: 30\npeople:\n  driver_share: 1\n  commuter_share: 0\n", called="mine.yaml")
    assert found.interval_s == 30.0
    assert found.people.driver_share == 1.0
    assert found.handsets == Scenario().handsets


def test_events_are_told_apart_by_what_they_do() -> None:
    text = "events:\n  - {at_s: 60, do: restart, what: database}\n  - {at_s: 61, do: disconnect, back_off_s: [2, 30]}\n"
    assert parse_scenario(text, called="mine.yaml").events == (
        Restart(at_s=60.0, what="database"),
        Disconnect(at_s=61.0, back_off_s=(2.0, 30.0)),
    )


def test_a_scenario_survives_the_way_to_a_worker() -> None:
    for name in scenario_names():
        scenario = read_scenario(name)
        assert msgspec.json.decode(msgspec.json.encode(scenario), type=Scenario) == scenario


@pytest.mark.parametrize("name", scenario_names())
def test_every_shipped_scenario_is_read_and_says_what_it_is(name: str) -> None:
    scenario = read_scenario(name)
    assert scenario.name == name
    assert scenario.title
    assert scenario.title_zh
    assert scenario.about
    assert scenario.goals.lost == 0
    assert [event.at_s for event in scenario.events] == sorted(event.at_s for event in scenario.events)


def test_the_scenarios_that_the_manual_promises_are_shipped() -> None:
    assert scenario_names() == ["bad-firmware", "broker-restart", "flood", "morning-shift", "quiet-night", "steady"]


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "storm.yaml"
    path.write_text("name: storm\ntitle_zh: 风暴\n", "utf-8")
    assert read_scenario(path).title_zh == "风暴"
    assert read_scenario(str(path)).name == "storm"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "interval_s: 10\nwether: bad\n",
            "mine.yaml:2: Object contains unknown field `wether`; allowed: the fields name",
        ),
        (
            "people:\n  driver: 0.1\n",
            "mine.yaml:2: people: Object contains unknown field `driver`; allowed: the fields driver",
        ),
        (
            "people:\n\n  driver_share: 1.5\n",
            "mine.yaml:3: people.driver_share: Expected `float` <= 1.0; allowed: a number from 0",
        ),
        ("interval_s: fast\n", "mine.yaml:1: interval_s: Expected `float`, got `str`; allowed: a number over 0"),
        ("interval_s: 0\n", "mine.yaml:1: interval_s: Expected `float` > 0.0; allowed: a number over 0"),
        ("goals:\n  lost: 0.5\n", "allowed: a whole number, 0 or more, or null (none)"),
        ("starts_at: 22:30\n", "mine.yaml:1: starts_at: Expected `str`, got `int`; allowed: a time of day in quotes"),
        (
            "events:\n  - at_s: 1\n    do: dance\n",
            "mine.yaml:3: events[0].do: Invalid value 'dance'; allowed: one of everybody_moves",
        ),
        ("events:\n  - at_s: 1\n", "mine.yaml:2: events[0]: Object missing required field `do`; allowed: `do:` one of"),
        (
            "events:\n  - do: warn\n    level: pink\n",
            "mine.yaml:3: events[0].level: Invalid enum value 'pink'; allowed: one of blue",
        ),
        ("events:\n  - {do: sos, number: 5}\n", "allowed: the fields do, at_s, count, within_s"),
        ("handsets:\n  offline_min: 5\n", "allowed: a list [least, most], each a number, 0 or more"),
        (
            "handsets:\n  offline_min: [20, 5]\n",
            "mine.yaml:1: handsets: offline_min: the first of [20, 5] is the least",
        ),
        ("people: {day_share: 0.7, night_share: 0.6}\n", "day_share 0.7 + night_share 0.6 make 1.3: over 1, lower one"),
        ("misbehaviour: {share: 0.1}\n", "terminals that misbehave need kinds"),
        ("name: Big Flood\n", "mine.yaml:1: name: Expected `str` matching regex"),
        ("- a\n- b\n", "mine.yaml:1: Expected `object`, got `array`; allowed: the fields"),
        ("people: {driver_share: 0.1\ninterval_s: 5\n", "mine.yaml:2: not YAML: "),
        ("people:\n\tdriver_share: 0.1\n", "mine.yaml:2: not YAML: "),
        ("interval_s: 5\npeople: {}\ninterval_s: 6\n", "mine.yaml:3: interval_s is on line 1 too; keep one of them"),
        ("interval_s: .nan\n", "mine.yaml:1: .nan is no number to count with; write a finite one"),
        ("name: !!python/object/apply:os.getcwd []\n", "mine.yaml:1: not YAML: "),
    ],
)
def test_a_bad_file_is_refused_with_its_line_and_what_is_allowed(text: str, said: str) -> None:
    assert said in refusal(text)


def test_a_file_that_is_not_there_is_said_with_the_shipped_names() -> None:
    with pytest.raises(ScenarioError, match=r"tsunami: No such file or directory; give the path of a file, or one of:"):
        read_scenario("tsunami")


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gbk.yaml"
    path.write_bytes("title_zh: 洪水\n".encode("gb18030"))
    with pytest.raises(ScenarioError, match="not UTF-8"):
        read_scenario(path)


def _fields(kind: msgspec.inspect.Type) -> Iterator[tuple[str, Any]]:
    """Every field below `kind` with its default."""
    match kind:
        case msgspec.inspect.StructType():
            for field in kind.fields:
                yield field.encode_name, field.default
                yield from _fields(field.type)
        case msgspec.inspect.UnionType():
            for each in kind.types:
                yield from _fields(each)
        case msgspec.inspect.VarTupleType():
            yield from _fields(kind.item_type)
        case _:
            pass


def _as_printed(default: Any) -> str:
    match default:
        case None:
            return "null"
        case float():
            return f"{default:g}"
        case (float(), float()):
            return f"{default[0]:g} to {default[1]:g}"
        case str() | int():
            return str(default)
        case _:
            return ""  # a part of its own, or an empty list


def test_the_manual_names_every_field_with_its_default() -> None:
    page = PAGE.read_text("utf-8")
    fields = set(_fields(msgspec.inspect.type_info(Scenario)))
    assert len(fields) > 60
    for name, default in fields:
        row = AT_S if name == "at_s" else f"| `{name}` | {_as_printed(default)} |".replace("|  |", "| |")
        assert row in page


def test_the_manual_names_every_event() -> None:
    page = PAGE.read_text("utf-8")
    events = msgspec.inspect.type_info(Event)
    assert isinstance(events, msgspec.inspect.UnionType)
    for event in events.types:
        assert isinstance(event, msgspec.inspect.StructType)
        assert f"| {event.tag} |" in page


@pytest.mark.parametrize("name", scenario_names())
def test_the_manual_names_every_shipped_scenario(name: str) -> None:
    assert f"`{name}`" in PAGE.read_text("utf-8")
