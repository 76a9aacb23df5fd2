"""The members of an example city: a leader for every unit, the rest by a table of roles, one terminal each."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from tracker.city import names
from tracker.city.model import Member, Post, Terminal, Unit

LEADER: Final = "leader"
# Who works in a unit of each level beside its leader, by weight; the first to come to a leaf is its administrator
ROLES: Final = {
    "city": {"coordinator": 2, "supervisor": 2},
    "county": {"coordinator": 2, "supervisor": 2},
    "department": {"coordinator": 1},
    "grid-1": {"administrator": 1, "coordinator": 2, "supervisor": 2, "police": 2},
    "grid-2": {"administrator": 2, "coordinator": 2, "supervisor": 1, "police": 1, "volunteer": 1},
    "grid-3": {"administrator": 3, "coordinator": 1, "police": 1, "volunteer": 3},
}
# How many of the rest a unit of each level gets, by weight
STAFF: Final = {"city": 8.0, "county": 4.0, "department": 6.0, "grid-1": 3.0, "grid-2": 1.5, "grid-3": 2.5}
LEAF: Final = "grid-3"
GRIDS: Final = ("grid-1", "grid-2", "grid-3")
FIRST_PHONE: Final = 10_000_000


def staff(units: Sequence[Unit], *, leaders: int, members: int, rng: np.random.Generator) -> tuple[Member, ...]:
    """Return `members` persons, `leaders` of them leaders, in the order of their codes.

    Every unit but a department has a leader, and every leaf another member. Leaders beyond that are dealt to grids.
    Raises ValueError when the numbers are too small for that. Phone numbers begin with +86 100, which no operator has.
    """
    posts = _leading(units, leaders, rng) + _others(units, members - leaders, rng)
    posts.sort(key=lambda post: post[0])
    width = max(6, len(str(members)))
    # Terminals are numbered at random, so that the first 500 of them are spread over the city
    terminals = (rng.permutation(len(posts)) + 1).tolist()
    people = names.people(len(posts), rng)
    return tuple(
        Member(
            code=f"M{number:0{width}d}",
            name=name,
            phone=f"+86100{FIRST_PHONE + number:08d}",
            posts=(Post(unit=units[unit].code, role=role),),
            terminals=(Terminal(code=f"T{terminal:0{width}d}"),),
        )
        for number, ((unit, role), name, terminal) in enumerate(zip(posts, people, terminals, strict=True), start=1)
    )


def _leading(units: Sequence[Unit], leaders: int, rng: np.random.Generator) -> list[tuple[int, str]]:
    led = [index for index, unit in enumerate(units) if unit.level != "department"]
    grids = np.array([index for index in led if units[index].level in GRIDS])
    if leaders < len(led):
        raise ValueError(f"{len(led)} units want a leader each, not {leaders} in all")
    deputies = rng.choice(grids, leaders - len(led)).tolist()
    return [(index, LEADER) for index in (*led, *deputies)]


def _others(units: Sequence[Unit], count: int, rng: np.random.Generator) -> list[tuple[int, str]]:
    leaves = [index for index, unit in enumerate(units) if unit.level == LEAF]
    if count < len(leaves):
        raise ValueError(f"{len(leaves)} grids want a member beside the leader, not {count} in all")
    weights = np.array([STAFF[unit.level] for unit in units])
    places = rng.choice(len(units), count - len(leaves), p=weights / weights.sum())
    posts = [(leaf, "administrator") for leaf in leaves]
    for level, shares in ROLES.items():
        here = [place for place in places.tolist() if units[place].level == level]
        chances = np.array(list(shares.values())) / sum(shares.values())
        posts += zip(here, rng.choice(list(shares), len(here), p=chances).tolist(), strict=True)
    return posts
