"""Whoever is refused reads why in their own language, as screens show the server's sentence."""

import ast
from pathlib import Path
from typing import Final

from dashboard.security.problems import NotFound

DASHBOARD: Final = Path(__file__).parents[3] / "dashboard"
# A broker is told in English; these two pass on what somebody else has put into words
PASSED_ON: Final = {"broker.py", "guard.py", "imports.py"}


def test_every_refusal_is_worded_in_chinese_too() -> None:
    paths = [path for path in DASHBOARD.rglob("*.py") if path.name not in PASSED_ON and "web" not in path.parts]
    one_language = [f"{path.name}:{line}" for path in paths for line in refusals_in_one_language(path)]
    assert one_language == []


def refusals_in_one_language(path: Path) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Problem"
        and all(keyword.arg != "zh" for keyword in node.keywords)
    ]


def test_what_is_not_there_is_said_in_both_languages() -> None:
    words = NotFound("team").words
    assert (words.en, words.zh) == ("there is no such team in your units", "它不存在，或不在您的管辖范围内")
