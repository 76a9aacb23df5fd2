"""Reads scenario files: those that are shipped by their name, others by their path."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from simulators.scenario.allowed import Step, allowed_at, steps
from simulators.scenario.model import Scenario

SHIPPED: Final = Path(__file__).parent / "files"
_SUFFIX: Final = ".yaml"


class ScenarioError(Exception):
    """A scenario cannot be used; the message names the file, the line and the field, and what is allowed there."""


def scenario_names() -> list[str]:
    """Return the names of the shipped scenarios."""
    return sorted(path.stem for path in SHIPPED.glob(f"*{_SUFFIX}"))


def read_scenario(name_or_path: str | Path) -> Scenario:
    """Read a shipped scenario by its name, or any file by its path. Raises ScenarioError."""
    path = SHIPPED / f"{name_or_path}{_SUFFIX}" if str(name_or_path) in scenario_names() else Path(name_or_path)
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        shipped = ", ".join(scenario_names())
        raise ScenarioError(f"{path}: {error.strerror}; give the path of a file, or one of: {shipped}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    return parse_scenario(text, called=str(path))


def parse_scenario(text: str, *, called: str) -> Scenario:
    """Read the text of the file `called` so. Raises ScenarioError."""
    root, said = _parsed(text, called)
    try:
        return msgspec.convert(said, Scenario)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        where = steps(path)
        hint = "" if error.__cause__ else f"; allowed: {allowed_at(where, said)}"
        line = _line(root, [*where, *_quoted(message)])
        raise ScenarioError(f"{called}:{line}: {_dotted(where)}{message}{hint}") from error


def _parsed(text: str, called: str) -> tuple[yaml.Node | None, Any]:
    """Return the file's nodes, for their lines, and its values."""
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None, {}
        for line, trouble in _traps(root):
            raise ScenarioError(f"{called}:{line}: {trouble}")
        said = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScenarioError(f"{called}:{line}: not YAML: {error.problem}; mind indentation and brackets") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ScenarioError(f"{called}: not YAML: {error}") from error
    finally:
        loader.dispose()
    return root, said


def _traps(node: yaml.Node) -> Iterator[tuple[int, str]]:
    """What YAML would take in silence: a key said twice (the first is lost), a number that is none."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            first = seen.setdefault(key.value if isinstance(key, yaml.ScalarNode) else "", line)
            if first != line:
                yield line, f"{key.value} is on line {first} too; keep one of them"
            yield from _traps(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _traps(value)
    elif node.tag.endswith(":float") and not _is_finite(str(node.value)):
        yield node.start_mark.line + 1, f"{node.value} is no number to count with; write a finite one"


def _is_finite(said: str) -> bool:
    try:
        return math.isfinite(float(said.replace("_", "")))
    except ValueError:
        return ":" in said  # a number to base 60: wrong for its field, which says so


def _quoted(message: str) -> list[Step]:
    """The name of an unknown field, which is no part of msgspec's path."""
    _, mark, rest = message.partition("unknown field `")
    return [rest.rstrip("`")] if mark else []


def _line(node: yaml.Node | None, path: Sequence[Step]) -> int:
    """The line of the last step of the path that the file has."""
    line = node.start_mark.line if node else 0
    for step in path:
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == step:
                    line, found = key.start_mark.line, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = node.value[step]
            line = found.start_mark.line if found else line
        node = found
    return line + 1


def _dotted(path: Sequence[Step]) -> str:
    said = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return f"{said}: " if said else ""
