"""A crack that runs between many areas, cut where it branches, so that each piece lies between two of them.

Theory. A crack between areas that were all drawn a little small is one face, with arms along every border. Given to one
neighbour as a whole it would reach out along borders of others. Its triangles, between vertices it has already, mostly
stand with one side on one neighbour's border and with the opposite corner on the other's: triangles between the same
two are one piece.
"""

from collections.abc import Mapping

import shapely
from shapely.geometry.base import BaseGeometry

Vertex = tuple[int, int]  # steps of the lattice
Segment = tuple[Vertex, Vertex]  # the lower end first
MANY = 3  # neighbours: between two there is nothing to cut


def segment(one: Vertex, other: Vertex) -> Segment:
    return (one, other) if one < other else (other, one)


def pieces(crack: BaseGeometry, neighbours: Mapping[Segment, int]) -> list[BaseGeometry]:
    """Return the crack in pieces; `neighbours` says who lies beyond each segment of its border."""
    if len(set(neighbours.values())) < MANY:
        return [crack]
    beside: dict[Vertex, list[int]] = {}
    for ends, owner in neighbours.items():
        for vertex in ends:
            beside.setdefault(vertex, []).append(owner)
    groups: dict[frozenset[int], list[BaseGeometry]] = {}
    for triangle in shapely.get_parts(shapely.constrained_delaunay_triangles(crack)):
        groups.setdefault(_between(triangle, neighbours, beside), []).append(triangle)
    return [part for group in groups.values() for part in shapely.get_parts(shapely.coverage_union_all(group))]


def _between(
    triangle: BaseGeometry, neighbours: Mapping[Segment, int], beside: Mapping[Vertex, list[int]]
) -> frozenset[int]:
    """Return whom a triangle lies between; nobody where arms of the crack meet."""
    corners = [(int(x), int(y)) for x, y in shapely.get_coordinates(triangle)[:3].tolist()]
    sides = [neighbours.get(segment(corners[number - 1], corners[number])) for number in range(3)]
    owners = {owner for owner in sides if owner is not None}
    if len(owners) != 1:
        return frozenset(owners)
    opposite = corners[next(number for number, owner in enumerate(sides) if owner is not None) - 2]
    across = [owner for owner in beside.get(opposite, []) if owner not in owners]
    return frozenset((*owners, *across[:1]))
