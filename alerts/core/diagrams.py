"""Draws docs/state-tables.md from the tables, so that the page cannot lie.

`python -m alerts.core.diagrams > docs/state-tables.md` writes it anew.
"""

import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from alerts.core.states import ALERT_MOVES, DELIVERY_MOVES, WHY_NOT, AlertState, DeliveryState

State = TypeVar("State", bound=StrEnum)
Move = TypeVar("Move", bound=StrEnum)

HEAD: Final = """# State tables

Drawn from the tables in `alerts/core/states.py` by `python -m alerts.core.diagrams`; a test compares this page with
them. A move that is not drawn changes nothing and is answered 409 with the words given here.
"""


def page() -> str:
    """Return the whole page as Markdown with Mermaid diagrams."""
    parts = [
        HEAD,
        "## An alert\n",
        _diagram(ALERT_MOVES, AlertState.DRAFT),
        _refusals(),
        "## A delivery\n",
        _diagram(DELIVERY_MOVES, DeliveryState.QUEUED),
    ]
    return "\n".join(parts)


def _diagram(table: Mapping[State, Mapping[Move, State]], start: State) -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {start}"]
    for state, moves in table.items():
        lines += [f"    {state} --> {target}: {move}" for move, target in moves.items()]
        if not moves:
            lines.append(f"    {state} --> [*]")
    return "\n".join([*lines, "```", ""])


def _refusals() -> str:
    lines = ["| state | move | why not | 为什么不能 |", "|---|---|---|---|"]
    for state, moves in WHY_NOT.items():
        words = list(dict.fromkeys(moves.values()))
        for word in words:
            names = ", ".join(move for move, said in moves.items() if said == word)
            lines.append(
                f"| {state} | {'any' if len(words) == 1 and not ALERT_MOVES[state] else names} "
                f"| {word.en} | {word.zh} |"
            )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(page())
