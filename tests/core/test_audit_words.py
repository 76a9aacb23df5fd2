"""What the audit trail keeps as `noun.verb` is read by people: every action has words in both languages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from alerts.core.texts import Kind

ROOT: Final = Path(__file__).parents[2]
WRITERS: Final = ("dashboard", "alerts", "gridwarden", "tracker")
PARTS: Final = ROOT / "dashboard" / "web" / "src" / "i18n" / "parts"
ACTION: Final = re.compile(r"[a-z_]+\.[a-z_]+")
IN_SQL: Final = re.compile(r"INSERT INTO audit .*?'([a-z_]+\.[a-z_]+)'", re.DOTALL)
LOG_LEVELS: Final = {"debug", "info", "warning", "error", "getLogger"}
FILE_ENDINGS: Final = {"css", "csv", "geojson", "fgb", "html", "json", "log", "password", "pid", "zip"}
HOSTS: Final = {"com"}  # what names of hosts end with
ASGI: Final = {"http", "websocket", "lifespan"}  # its messages are named like actions
# The console puts log lines into words; none of them is an action
NOT_WRITERS: Final = {ROOT / "gridwarden" / "console.py"}
LEVEL_MOVES: Final = {f"alert.{kind.value}d" for kind in (Kind.UPGRADE, Kind.DOWNGRADE)}


def actions() -> set[str]:
    """Return every text of the code that looks like an action and is neither a log line's nor a file's name."""
    paths = [path for package in WRITERS for path in (ROOT / package).rglob("*.py") if "node_modules" not in path.parts]
    return LEVEL_MOVES.union(*(actions_of(ast.parse(path.read_text())) for path in paths if path not in NOT_WRITERS))


def actions_of(tree: ast.AST) -> set[str]:
    logged = {id(word) for word in logged_in(tree)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in logged:
            found.update(IN_SQL.findall(node.value))
            if ACTION.fullmatch(node.value) and not is_something_else(*node.value.split(".")):
                found.add(node.value)
    return found


def is_something_else(first: str, second: str) -> bool:
    return first in ASGI or second in FILE_ENDINGS | HOSTS


def logged_in(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOG_LEVELS:
            yield from node.args


def wordless(action: str, keys: set[str]) -> bool:
    """Whether the audit screen would show the bare word: it puts noun and verb together, or has a whole sentence."""
    noun, verb = action.split(".")
    return f"audit.say.{action}" not in keys and not {f"audit.noun.{noun}", f"audit.verb.{verb}"} <= keys


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_action_that_is_written_has_words(language: str) -> None:
    keys = set(re.findall(r"^  '(audit\.[^']+)':", (PARTS / f"accounts.{language}.ts").read_text(), re.MULTILINE))
    assert {action for action in actions() if wordless(action, keys)} == set()


def test_the_actions_are_found_in_the_code_however_they_are_written() -> None:
    written = {"unit.created", "terminal.lost", "city.imported", "alert.upgraded", "audience.entered", "token.revoked"}
    assert written - actions() == set()
