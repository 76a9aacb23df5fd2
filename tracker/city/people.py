"""The members of an example city: leaders and deputies, then the roles a grid should have, then some of everything.

One terminal each. Some work in a second grid too.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from tracker.city import names
from tracker.city.model import Member, Post, Terminal, Unit

LEADER: Final = "leader"
DEPUTY: Final = "deputy"
# Whom a unit of each level gets first beside its leader, in this order: the role sets "4+6" and "3+X"
WANTED: Final = {
    "grid-1": ("administrator", "worker", "police", "firefighter", "medic", "legal", "urban", "market"),
    "grid-2": ("administrator", "worker"),
    "grid-3": ("administrator", "worker"),
}
# Who comes to it then, by weight
ROLES: Final = {
    "city": {"coordinator": 2, "supervisor": 2, "legal": 1},
    "county": {"coordinator": 2, "supervisor": 2, "legal": 1},
    "department": {"coordinator": 1},
    "grid-1": {"worker": 2, "coordinator": 2, "supervisor": 2, "police": 2, "urban": 1, "sanitation": 1},
    "grid-2": {
        "worker": 2,
        "coordinator": 2,
        "party-head": 1,
        "supervisor": 1,
        "police": 1,
        "medic": 1,
        "volunteer": 2,
    },
    "grid-3": {"worker": 4, "coordinator": 1, "police": 1, "sanitation": 1, "volunteer": 4},
}
# How many of them a unit of each level gets, by weight
STAFF: Final = {"city": 8.0, "county": 4.0, "department": 6.0, "grid-1": 8.0, "grid-2": 1.5, "grid-3": 2.0}
LEAF: Final = "grid-3"
GRIDS: Final = ("grid-1", "grid-2", "grid-3")
WORKERS_SHARE: Final = 0.7  # of those who are left, at most: where people are few, not every leaf has a worker
SECOND_SHARE: Final = 0.04  # of a leaf's people also work in a neighbouring one
FIRST_PHONE: Final = 10_000_000


def staff(units: Sequence[Unit], *, leaders: int, members: int, rng: np.random.Generator) -> tuple[Member, ...]:
    """Return `members` persons, `leaders` of them leaders or deputies, in the order of their codes.

    Every unit but a department has a leader, and every leaf another member. Leaders beyond that are deputies of grids.
    Raises ValueError when the numbers are too small for that. Phone numbers begin with +86 100, which no operator has.
    """
    posts = _leading(units, leaders, rng) + _others(units, members - leaders, rng)
    posts.sort(key=lambda post: post[0])
    width = max(6, len(str(members)))
    # Terminals are numbered at random, so that the first 500 of them are spread over the city
    terminals = (rng.permutation(len(posts)) + 1).tolist()
    people = names.people(len(posts), rng)
    beside = _seconds(units, posts, rng)
    return tuple(
        Member(
            code=f"M{number:0{width}d}",
            name=name,
            phone=f"+86100{FIRST_PHONE + number:08d}",
            posts=tuple(Post(unit=units[place].code, role=role) for place in (unit, *second)),
            terminals=(Terminal(code=f"T{terminal:0{width}d}"),),
        )
        for number, ((unit, role), second, name, terminal) in enumerate(
            zip(posts, beside, people, terminals, strict=True), start=1
        )
    )


def _leading(units: Sequence[Unit], leaders: int, rng: np.random.Generator) -> list[tuple[int, str]]:
    led = [index for index, unit in enumerate(units) if unit.level != "department"]
    grids = [index for index in led if units[index].level in GRIDS]
    deputies = leaders - len(led)
    if deputies < 0:
        raise ValueError(f"{len(led)} units want a leader each, not {leaders} in all")
    each, over = divmod(deputies, len(grids))
    some = rng.choice(grids, over, replace=False).tolist()
    return [(index, LEADER) for index in led] + [(index, DEPUTY) for index in (*grids * each, *some)]


def _others(units: Sequence[Unit], count: int, rng: np.random.Generator) -> list[tuple[int, str]]:
    leaves = np.array([index for index, unit in enumerate(units) if unit.level == LEAF])
    if count < len(leaves):
        raise ValueError(f"{len(leaves)} grids want a member beside the leader, not {count} in all")
    left = count - len(leaves)
    worked = rng.choice(leaves, min(len(leaves), int(left * WORKERS_SHARE)), replace=False)
    weights = np.array([STAFF[unit.level] for unit in units])
    dealt = rng.choice(len(units), left - len(worked), p=weights / weights.sum())
    heads = np.bincount(np.concatenate([leaves, worked, dealt]), minlength=len(units)).tolist()
    return [(unit, role) for unit, count in enumerate(heads) for role in _roles(units[unit].level, count, rng)]


def _roles(level: str, count: int, rng: np.random.Generator) -> list[str]:
    wanted = list(WANTED.get(level, ())[:count])
    shares = ROLES[level]
    chances = np.array(list(shares.values())) / sum(shares.values())
    return wanted + rng.choice(list(shares), count - len(wanted), p=chances).tolist()


def _seconds(
    units: Sequence[Unit], posts: Sequence[tuple[int, str]], rng: np.random.Generator
) -> list[tuple[int, ...]]:
    """Return for each post the unit where the same person works too, if any: the leaf numbered before theirs."""
    has_one = [
        unit.level == LEAF and before.parent == unit.parent
        for unit, before in zip(units, (units[0], *units), strict=False)
    ]
    is_picked = (rng.random(len(posts)) < SECOND_SHARE).tolist()
    return [
        (unit - 1,) if picked and has_one[unit] and role not in (LEADER, DEPUTY) else ()
        for (unit, role), picked in zip(posts, is_picked, strict=True)
    ]
