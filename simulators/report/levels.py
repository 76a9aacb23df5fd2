"""The four warning levels as the product draws them: by shape, numeral, colour and name; any one of them will do."""

from typing import Final

from simulators.report.markup import Html, Inside, joined, tag

NUMERALS: Final = {"red": "I", "orange": "II", "yellow": "III", "blue": "IV"}
SHAPES: Final = {  # in a box of 24 by 24
    "blue": "M12 1a11 11 0 1 0 .01 0Z",
    "yellow": "M12 .5 24 23H0Z",
    "orange": "M12 0 24 12 12 24 0 12Z",
    "red": "M7 0h10l7 7v10l-7 7H7l-7-7V7Z",
}


def symbol(level: str) -> Html:
    """Return the level's shape with its numeral, for a drawing; a dot for what is no level."""
    if level not in NUMERALS:
        return tag("circle", cx=12, cy=12, r=7, class_="mark")
    numeral = tag("text", NUMERALS[level], x=12, y=19.5 if level == "yellow" else 16, class_=f"numeral on-{level}")
    return joined(tag("path", d=SHAPES[level], class_=f"fill-{level}"), numeral)


def level_mark(level: str) -> Inside:
    if level not in NUMERALS:
        return level
    mark = tag("svg", symbol(level), viewBox="0 0 24 24", width=20, height=20, class_="level", aria_hidden="true")
    return joined(mark, " ", level)
