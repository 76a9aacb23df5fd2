"""What a gateway answered: paths into it, rules over it, and what becomes of each message. Pure.

An answer that cannot be read says nothing about the messages: they may have left.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from alerts.core.numbers import e164
from alerts.core.verdicts import Answer as Verdicts
from alerts.core.verdicts import Verdict
from alerts.over_http import description
from alerts.over_http.description import VerdictRule
from alerts.over_http.filling import Letter, filled

LONGEST_ID: Final = 200
LONGEST_WORD: Final = 200
HTTP: Final = "http"

# Where no rule of the description holds
BY_STATUS: Final[Mapping[int, Verdict]] = {
    HTTPStatus.UNAUTHORIZED: Verdict.BROKEN,
    HTTPStatus.FORBIDDEN: Verdict.BROKEN,
    HTTPStatus.NOT_FOUND: Verdict.BROKEN,  # the address is wrong, not the message
    HTTPStatus.REQUEST_TIMEOUT: Verdict.LATER,
    HTTPStatus.TOO_MANY_REQUESTS: Verdict.SLOWER,
    HTTPStatus.SERVICE_UNAVAILABLE: Verdict.LATER,
}


class Unreadable(Exception):  # noqa: N818 - of theirs
    """What came is not what the description says; the message says how."""


def document_of(octets: bytes, form: str) -> Any:
    """Return what JSON says; a text is an object of `text`. Raises Unreadable."""
    try:
        text = octets.decode()
        return json.loads(text) if form == "json" else {"text": text.strip()}
    except (ValueError, RecursionError) as wrong:
        raise Unreadable(f"no {form}: {octets[:60]!r}") from wrong


def at(document: Any, path: str) -> Any:
    """Return what stands at a dotted path (numbers count in lists), None where it leads nowhere. Empty: all of it."""
    found = document
    for step in path.split(".") if path else ():
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def as_text(value: Any) -> str:
    """Return a value of JSON as rules and ids see it; PostgreSQL's text holds no NUL and no half pair."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value.replace("\0", "").encode(errors="replace").decode()
        case int() | float():
            return str(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def finder(document: Any, names: Mapping[str, str]) -> Callable[[str], str]:
    """Return what fills the places of a text: names first, then paths."""
    return lambda place: names[place] if place in names else as_text(at(document, place))


def verdict_of(rules: Sequence[VerdictRule], document: Any, *, status: int) -> Verdict | None:
    for rule in rules:
        if rule.holds(str(status) if rule.at == HTTP else as_text(at(document, rule.at))):
            return rule.then
    return None


def by_status(status: int) -> Verdict:
    """Return what a status means by itself: a server's own fault leaves open whether the messages left."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return BY_STATUS.get(status, Verdict.LOST)
    return BY_STATUS.get(status, Verdict.REFUSED if status >= HTTPStatus.BAD_REQUEST else Verdict.LOST)


def answers(
    said: description.Answer, *, status: int, octets: bytes, letters: Sequence[Letter], country_code: str
) -> list[Verdicts]:
    """Return what became of each message of a request, in its order."""
    try:
        document = document_of(octets, said.format)
    except Unreadable as wrong:
        return _all(by_status(status), f"HTTP {status}, {wrong}", letters)
    whole = verdict_of(said.whole, document, status=status)
    if whole is not None and whole is not Verdict.TAKEN:
        return _all(whole, _word(said.word, document, {}) or f"HTTP {status}", letters)
    if whole is None and not said.each:
        return _all(by_status(status), f"HTTP {status} {_word(said.word, document, {})}".strip(), letters)
    if not said.each:
        return [_taken(said, document, letter) for letter in letters]
    return _each(said, document, status=status, letters=letters, country_code=country_code)


def _each(
    said: description.Answer, document: Any, *, status: int, letters: Sequence[Letter], country_code: str
) -> list[Verdicts]:
    items = at(document, said.each)
    if not isinstance(items, list):
        return _all(by_status(status), f"HTTP {status} {_word(said.word, document, {})}".strip(), letters)
    if said.number:
        written = [_word(said.number, item, {}) for item in items]
        mine = {e164(number, country_code=country_code): item for number, item in zip(written, items, strict=True)}
        paired = [mine.get(letter.number) for letter in letters]
    else:
        paired = [*items, *[None] * len(letters)][: len(letters)]
    return [_single(said, item, letter, status) for item, letter in zip(paired, letters, strict=True)]


def _single(said: description.Answer, item: Any, letter: Letter, status: int) -> Verdicts:
    if item is None:
        return Verdicts(Verdict.LOST, detail="the answer does not speak of this message")
    verdict = verdict_of(said.single, item, status=status)
    if verdict is Verdict.TAKEN:
        return _taken(said, item, letter)
    return Verdicts(verdict or Verdict.REFUSED, detail=_word(said.word, item, letter.names))


def _taken(said: description.Answer, document: Any, letter: Letter) -> Verdicts:
    missing = False

    def find(place: str) -> str:
        nonlocal missing
        found = letter.names[place] if place in letter.names else as_text(at(document, place))
        missing = missing or not found
        return found

    operator_id = filled(said.id, find)
    if missing or len(operator_id) > LONGEST_ID:
        return Verdicts(Verdict.LOST, detail="it was taken, and has no id that a receipt could name")
    return Verdicts(Verdict.TAKEN, operator_id=operator_id)


def _word(template: str, document: Any, names: Mapping[str, str]) -> str:
    return filled(template, finder(document, names)).strip()[:LONGEST_WORD]


def _all(verdict: Verdict, detail: str, letters: Sequence[Letter]) -> list[Verdicts]:
    return [Verdicts(verdict, detail=detail)] * len(letters)


def checked(check: description.Check, *, status: int, octets: bytes) -> tuple[Verdict, str]:
    """Return what the answer to a check means, and the operator's words."""
    try:
        document = document_of(octets, check.format)
    except Unreadable as wrong:
        return Verdict.LOST, f"HTTP {status}, {wrong}"
    verdict = verdict_of(check.rules, document, status=status) or by_status(status)
    return verdict, _word(check.word, document, {}) or f"HTTP {status}"
