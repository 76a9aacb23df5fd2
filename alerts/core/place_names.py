"""Which unit a text is about, by the names and codes that stand in it. Pure.

Theory. `phrases` are all pieces of a text that could be a name: squeezed as a search squeezes what is typed, never
ending inside a number or a Latin word. Whoever holds the names (20,558 units) looks the phrases up. `settle` then lets
the longest name win where names overlap; of several units with one name those stay that lie in another unit the text
names, or above one; who lies above another one named only says where that is. If one unit is left, it is the place. If
several are, none is: people choose among them.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

LONGEST: Final = 500  # characters of a text that are looked through: seven parts of an SMS
LONGEST_NAME: Final = 48  # squeezed; the full name of a third-level grid in English has some 40
SHORTEST_NAME: Final = 2
SHORTEST_LATIN: Final = 3
SHORTEST_CODE: Final = 6  # of digits alone: house numbers and prices are shorter
_MARK: Final = re.compile(r"[!?;:。、]|(?<![!-~]),|,(?![!-~])")
_SQUEEZED_OUT: Final = frozenset(" \t\r\n·•・-_.+()/'\u2019")  # as as_said() of the database, and ends of lines


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedUnit:
    """A unit whose name or code may stand in a text; the names squeezed. A subtree is an interval of `tree_left`."""

    unit: int
    names: tuple[str, ...]
    code: str
    tree_left: int
    tree_right: int

    def holds(self, other: "NamedUnit") -> bool:
        return self.tree_left <= other.tree_left <= self.tree_right


class Phrase(NamedTuple):
    text: str
    start: int  # in the squeezed text
    end: int


class Mention(NamedTuple):
    """A unit, and the phrase that names it."""

    unit: NamedUnit
    phrase: Phrase

    @property
    def is_code(self) -> bool:
        return self.phrase.text == self.unit.code


def phrases(text: str) -> list[Phrase]:
    """Return all pieces of a text that may be names."""
    plain = unicodedata.normalize("NFKC", text).lower()[:LONGEST]
    kept = [(letter, at) for at, letter in enumerate(plain) if letter not in _SQUEEZED_OUT]
    letters = "".join(letter for letter, _ in kept)
    is_edge = [True, *(_parts(plain, *pair) for pair in itertools.pairwise(kept)), True]
    edges = [at for at, parts in enumerate(is_edge) if parts] if kept else []
    breaks = _breaks(letters)
    found: list[Phrase] = []
    for number, start in enumerate(edges):
        longest = min(start + LONGEST_NAME, next(at for at in breaks if at >= start))
        for end in edges[number + 1 :]:
            if end > longest:
                break
            if _may_be_name(letters[start:end]):
                found.append(Phrase(letters[start:end], start, end))
    return found


def mentions(said: Iterable[Phrase], units: Iterable[NamedUnit]) -> list[Mention]:
    by_name: dict[str, list[NamedUnit]] = {}
    for unit in units:
        for name in {*unit.names, unit.code}:
            by_name.setdefault(name, []).append(unit)
    return [Mention(unit, phrase) for phrase in said for unit in by_name.get(phrase.text, ())]


def settle(found: Sequence[Mention]) -> list[Mention]:
    """Return the units that a text is about, each once, in its order: one is the place, several are candidates."""
    groups = list({group[0].phrase.text: group for group in _longest(found)}.values())
    kept = [mention for group in groups for mention in _narrowed(group, [it for it in groups if it is not group])]
    lowest = [one for one in kept if not any(one.unit.holds(it.unit) and one.unit != it.unit for it in kept)]
    return list({one.unit.unit: one for one in reversed(lowest)}.values())[::-1]


def _longest(found: Sequence[Mention]) -> list[list[Mention]]:
    """Group mentions by their piece of the text; of pieces that overlap the longest stays, then the first."""
    by_span: dict[tuple[int, int], list[Mention]] = {}
    for mention in found:
        by_span.setdefault((mention.phrase.start, mention.phrase.end), []).append(mention)
    taken: list[tuple[int, int]] = []
    for start, end in sorted(by_span, key=lambda span: (span[0] - span[1], span[0])):
        if all(end <= other_start or start >= other_end for other_start, other_end in taken):
            taken.append((start, end))
    return [by_span[span] for span in sorted(taken)]


def _narrowed(group: list[Mention], other_groups: Sequence[list[Mention]]) -> list[Mention]:
    """Of units with one name, return those that what else is named speaks for; all of them when none is."""
    if len(group) == 1:
        return group
    others = {mention.unit.unit: mention.unit for it in other_groups for mention in it}.values()
    spoken_for = [it for it in group if any(one.holds(it.unit) or it.unit.holds(one) for one in others)]
    return spoken_for or group


def _breaks(letters: str) -> list[int]:
    """Return where no name goes on: at marks between sentences, at commas beside Chinese, and at the end."""
    found = [match.start() for match in _MARK.finditer(letters)]
    return [*found, len(letters)]


def _parts(plain: str, one: tuple[str, int], other: tuple[str, int]) -> bool:
    """Whether a name may end between two letters that are kept: not inside a number or a Latin word."""
    is_apart = other[1] - one[1] > 1 and any(letter.isspace() for letter in plain[one[1] + 1 : other[1]])
    if is_apart or not (one[0].isascii() and other[0].isascii()):
        return True
    return not (one[0].isalnum() and other[0].isalnum() and one[0].isdigit() == other[0].isdigit())


def _may_be_name(text: str) -> bool:
    if not text.isascii():
        return len(text) >= SHORTEST_NAME
    return len(text) >= (SHORTEST_CODE if text.isdigit() else SHORTEST_LATIN)
