"""HTML and SVG out of values: every text is escaped, and only what `tag` made is markup.

There is no way to mark a text as safe, except for the two files of this package that `raw` takes in.
"""

import html
import re
from collections.abc import Iterable
from typing import Final

_VOID: Final = frozenset({"meta", "link", "br"})
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff￾￿]")  # not allowed in HTML, or in UTF-8


class Html(str):
    """Markup. Never made of anybody's text."""

    __slots__ = ()


Inside = Html | str | int | None | Iterable["Inside"]


def escaped(text: str) -> Html:
    """Return text as it stands, harmless; what no page may hold becomes a replacement character."""
    return Html(html.escape(_UNSEEN.sub("�", text)))


def raw(text: str) -> Html:
    """Take in a style sheet or a script of this package; nothing else."""
    return Html(text)


def joined(*inside: Inside) -> Html:
    return Html("".join(_parts(inside)))


def tag(name: str, /, *inside: Inside, **attributes: str | float | None) -> Html:
    """Return an element. `class_` is class, other underscores are hyphens; an attribute of None is left out."""
    given = (f' {_named(key)}="{escaped(str(value))}"' for key, value in attributes.items() if value is not None)
    head = f"<{name}{''.join(given)}>"
    return Html(head if name in _VOID else f"{head}{joined(*inside)}</{name}>")


def _named(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _parts(inside: Iterable[Inside]) -> Iterable[str]:
    for part in inside:
        if part is None:
            continue
        if isinstance(part, str | int):
            yield part if isinstance(part, Html) else escaped(str(part))
        else:
            yield from _parts(part)
