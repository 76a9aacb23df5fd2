"""Draws docs/state-tables.md from the tables, so that the page cannot lie.

`python -m alerts.core.diagrams > docs/state-tables.md` writes it anew.
"""

import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from alerts.core import circulars
from alerts.core.cap_states import MESSAGE_MOVES, OFFERS, MessageState, Offer
from alerts.core.states import ALERT_MOVES, DELIVERY_MOVES, WHY_NOT, AlertState, DeliveryState

State = TypeVar("State", bound=StrEnum)
Move = TypeVar("Move", bound=StrEnum)

HEAD: Final = """# State tables

Drawn from the tables in `alerts/core/states.py`, `circulars.py` and `cap_states.py` by
`python -m alerts.core.diagrams`; a test compares this page with them.
A move that is not drawn changes nothing and is answered 409 with the words given here.
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
        "## A circular\n",
        _diagram(circulars.MOVES, circulars.State.WAITING),
        "## A received message\n",
        _diagram(MESSAGE_MOVES, MessageState.WAITING),
        _offers(),
    ]
    return "\n".join(parts)


def _diagram(table: Mapping[State, Mapping[Move, State]], start: State) -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {start}"]
    for state, moves in table.items():
        lines += [f"    {state} --> {target}: {move}" for move, target in moves.items()]
        if not moves:
            lines.append(f"    {state} --> [*]")
    return "\n".join([*lines, "```", ""])


def _offers() -> str:
    """What is proposed for a message, by the state of the warning that an earlier one became."""
    states: list[AlertState | None] = [None, *AlertState]
    lines = [
        f"| it says | {' | '.join('no warning' if state is None else state for state in states)} |",
        f"|---{'|---' * len(states)}|",
    ]
    for said, offers in OFFERS.items():
        found = [offers[state] for state in states]
        lines.append(f"| {said} | {' | '.join('-' if one is Offer.NOTHING else one for one in found)} |")
    return "\n".join([*lines, ""])


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
