"""The tree of units for rules: in which unit of a level each one lies, and sums over subtrees. Pure columns."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np


class Node(NamedTuple):
    """A unit. `rank` is its level's; None: a level that hangs anywhere and groups nothing."""

    unit: int
    parent: int | None
    level: str
    rank: int | None
    left: int
    right: int


class Tree:
    """The subtree of one unit, in tree order."""

    def __init__(self, top: int, nodes: Iterable[Node]) -> None:
        self.top = top
        self.nodes: Mapping[int, Node] = {node.unit: node for node in nodes}

    def home_of(self, unit: int, rank: int) -> int:
        """Return the nearest unit of at most `rank` that `unit` is or lies in; the top when there is none."""
        node = self.nodes.get(unit)
        while node is not None:
            if node.rank is not None and node.rank <= rank:
                return node.unit
            node = None if node.parent is None else self.nodes.get(node.parent)
        return self.top

    def at_level(self, level: str) -> list[Node]:
        return [node for node in self.nodes.values() if node.level == level]

    def parts(self, rank: int) -> list[list[int]]:
        """Return the units in parts that can be looked at one after the other: each the share of one home."""
        found: dict[int, list[int]] = {}
        for unit in self.nodes:
            found.setdefault(self.home_of(unit, rank), []).append(unit)
        return list(found.values())


def sums(places: Sequence[Node], counts: Sequence[tuple[int, int]]) -> list[int]:
    """Return for each place the sum over its subtree of `counts`, pairs of (tree_left, count)."""
    ordered = np.array(sorted(counts), np.int64).reshape(-1, 2)
    running = np.concatenate(([0], np.cumsum(ordered[:, 1])))
    first = np.searchsorted(ordered[:, 0], [place.left for place in places], side="left")
    last = np.searchsorted(ordered[:, 0], [place.right for place in places], side="right")
    return (running[last] - running[first]).tolist()
