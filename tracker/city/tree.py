"""The tree as intervals (a nested set): a subtree is every unit whose `left` lies in its root's interval."""

from collections.abc import Sequence
from dataclasses import dataclass

from tracker.city.model import Unit


class TreeError(ValueError):
    """The units are no tree; the message names the unit."""


@dataclass(frozen=True, slots=True)
class Node:
    unit: Unit
    left: int
    right: int


def intervals(units: Sequence[Unit]) -> list[Node]:
    """Return a node for each unit: a parent before its children, children in the order of their codes.

    Raises TreeError for a code that comes twice, an unknown parent, a circle, and more or less than one root.
    """
    children: dict[str | None, list[Unit]] = {}
    codes = {unit.code for unit in units}
    for unit in sorted(units, key=lambda unit: unit.code):
        if unit.parent is not None and unit.parent not in codes:
            raise TreeError(f"unit {unit.code} lies in {unit.parent}, which is not there")
        children.setdefault(unit.parent, []).append(unit)
    if len(children.get(None, [])) != 1:
        raise TreeError("one unit, and only one, must have no parent")
    if len(codes) != len(units):
        raise TreeError("a code comes twice")
    nodes = _walk(children)
    if len(nodes) != len(units):
        raise TreeError("some units lie in each other, in a circle")
    return nodes


def _walk(children: dict[str | None, list[Unit]]) -> list[Node]:
    """Number the units by entering and leaving each, without recursion: a tree may be of any depth."""
    stack = [(children[None][0], False)]
    order: list[Unit] = []
    left: dict[str, int] = {}
    right: dict[str, int] = {}
    number = 0
    while stack:
        unit, is_leaving = stack.pop()
        number += 1
        if is_leaving:
            right[unit.code] = number
            continue
        left[unit.code] = number
        order.append(unit)
        stack.append((unit, True))
        stack.extend((child, False) for child in reversed(children.get(unit.code, [])))
    return [Node(unit, left[unit.code], right[unit.code]) for unit in order]
