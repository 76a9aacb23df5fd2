"""A text onto the variables of a template that the operator has registered, where it sends nothing else. Pure.

The operator puts its own 【signature】 before a template, so ours goes; the line with the reader's own link goes unless
it is kept, for most operators take no address in a variable: people answer by SMS. Then the first template that has
room for all of the text carries it. Nothing is ever cut off: a warning that fits nowhere is refused, with its length.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_SIGNATURE: Final = re.compile(r"\A【[^】]*】")
_LINK: Final = re.compile(r"\n\S+\s*https?://\S+\Z")


class NoTemplate(Exception):  # noqa: N818 - a refusal of a text
    """No template has room for a text, or is made for one like it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What the operator calls it, and its `variables` in order.

    With a `pattern` (it must match all of the text) each is the group of its name; without one the text is cut into
    them, each of `most` characters, and `filler` stands in those left over.
    """

    code: str
    variables: tuple[str, ...]
    pattern: re.Pattern[str] | None = None
    most: int = 35
    filler: str = ""
    keeps_link: bool = False


def plain(text: str, *, keeps_link: bool) -> str:
    """Return the text as a template says it: without a signature, and without the link unless it is kept."""
    bare = _SIGNATURE.sub("", text)
    return bare if keeps_link else _LINK.sub("", bare)


def placed(text: str, templates: Sequence[Template]) -> tuple[Template, Mapping[str, str]]:
    """Return the first template that carries the text, and its variables. Raises NoTemplate."""
    for template in templates:
        bare = plain(text, keeps_link=template.keeps_link)
        found = _cut(bare, template) if template.pattern is None else _matched(bare, template, template.pattern)
        if found is not None and all(0 < len(value) <= template.most for value in found.values()):
            return template, found
    count = len(plain(text, keeps_link=False))
    raise NoTemplate(f"no template of {len(templates)} has room for these {count} characters")


def _matched(text: str, template: Template, pattern: re.Pattern[str]) -> dict[str, str] | None:
    found = pattern.fullmatch(text)
    if found is None:
        return None
    return {name: found[name] or template.filler for name in template.variables}


def _cut(text: str, template: Template) -> dict[str, str] | None:
    pieces = [text[at : at + template.most] for at in range(0, len(text), template.most)]
    spare = len(template.variables) - len(pieces)
    if not pieces or spare < 0 or (spare and not template.filler):
        return None
    return dict(zip(template.variables, [*pieces, *[template.filler] * spare], strict=True))
