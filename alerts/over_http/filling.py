"""Places in texts and in trees of JSON are filled. Pure."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerts.over_http.description import OPERATORS, PLACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message as a request sees it: what its places are filled with, and its template's variables in order."""

    delivery: int
    attempt: int
    number: str
    names: Mapping[str, str]
    variables: Mapping[str, str]


def filled(text: str, find: Callable[[str], str]) -> str:
    """Return the text with each `{place}` replaced by what `find` says; everything else stays as it is."""
    return PLACE.sub(lambda found: find(found[1]), text)


def named(text: str, names: Mapping[str, str]) -> str:
    return filled(text, lambda place: names.get(place, ""))


def grown(tree: Any, names: Mapping[str, str], letters: Sequence[Letter]) -> Any:
    """Return a tree of JSON with its operators done and its texts filled; the first letter's names count in it, too."""
    if letters:
        names = {**names, **letters[0].names}
    return _grown(tree, names, letters)


def _grown(tree: Any, names: Mapping[str, str], letters: Sequence[Letter]) -> Any:
    match tree:
        case str():
            return named(tree, names)
        case dict() if len(tree) == 1 and next(iter(tree)) in OPERATORS:
            return _operated(tree, names, letters)
        case dict():
            pairs = ((key, _grown(value, names, letters)) for key, value in tree.items())
            return {key.removesuffix("?"): value for key, value in pairs if not (key.endswith("?") and value == "")}
        case list():
            return [_grown(value, names, letters) for value in tree]
        case _:
            return tree


def _operated(tree: Mapping[str, Any], names: Mapping[str, str], letters: Sequence[Letter]) -> Any:
    ((operator, operand),) = tree.items()
    match operator:
        case "each":
            return [_grown(operand, {**names, **letter.names}, [letter]) for letter in letters]
        case "json":
            return json.dumps(_grown(operand, names, letters), ensure_ascii=False, separators=(",", ":"))
        case _:
            variables = letters[0].variables if letters else {}
            return dict(variables) if operand == "object" else list(variables.values())


def fields(tree: Mapping[str, Any], names: Mapping[str, str], letters: Sequence[Letter]) -> dict[str, str]:
    """Return the parameters of a query or a form: texts, whatever stood there."""
    grown_tree: dict[str, Any] = grown(dict(tree), names, letters)
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in grown_tree.items()}
