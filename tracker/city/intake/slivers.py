"""Areas that should tile but were drawn one by one: overlaps, gaps and children outside their parents.

Theory. The leaves of the tree are tidied as one coverage; every grid above is then the sum of its children, so that no
level can have a gap or an overlap. What two leaves share, or none has, is a sliver while it is nowhere wider than the
tolerance: a circle of that diameter does not fit in. Slivers are given to the neighbour with the longest common border.
What is wider is not ours to decide: it is found and told. All in whole steps of the lattice (tracker.city.tiling).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tracker.city.cells import LATTICE
from tracker.city.intake.cracks import Segment, pieces, segment
from tracker.city.intake.findings import Findings
from tracker.city.intake.given import Contents, Given
from tracker.city.tiling import STEP_M, faces_of, is_same, square_metres, to_degrees, to_steps

ROUNDS: Final = 4  # of snapping; a second one is needed where the first moved a border of somebody else's
PASSES: Final = 20  # of giving slivers away: those that lie among slivers wait for them
CIRCLE: Final = 4  # segments a quarter: whether a circle fits in needs no smoother one
STRETCH: Final = 0.51  # of the tolerance: half of it and what the circle's corners lack

Ints = npt.NDArray[np.int64]
Geometries = npt.NDArray[np.object_]
Shapes = dict[str, BaseGeometry]


@dataclass(frozen=True, slots=True)
class Ruler:
    """Metres of a piece of land: `cosine` of its latitude, and the tolerance."""

    cosine: float
    tolerance_m: float

    @classmethod
    def of(cls, shapes: Mapping[str, BaseGeometry], tolerance_m: float) -> "Ruler":
        bounds = shapely.total_bounds(list(shapes.values()))
        return cls(float(np.cos(np.radians((bounds[1] + bounds[3]) / 2 / LATTICE))), tolerance_m)

    def plane(self, steps: Any) -> Any:
        return shapely.transform(steps, lambda points: points * [STEP_M * self.cosine, STEP_M])

    def steps(self, plane: Any) -> Any:
        return shapely.transform(plane, lambda points: points / [STEP_M * self.cosine, STEP_M])

    def is_wide(self, parts: Geometries) -> npt.NDArray[np.bool_]:
        """Whether each part is somewhere wider than the tolerance."""
        left = shapely.buffer(self.plane(parts), -STRETCH * self.tolerance_m, quad_segs=CIRCLE)
        return ~np.asarray(shapely.is_empty(left), bool)

    def width_m(self, part: BaseGeometry) -> float:
        return round(2 * float(shapely.maximum_inscribed_circle(self.plane(part), tolerance=0.1).length), 1)


@dataclass(slots=True)
class _Tidying:
    city: Contents
    given: Given
    findings: Findings
    ruler: Ruler
    shapes: Shapes  # by code, in steps; what is being tidied
    below: Mapping[str, Sequence[str]]  # grids by the grid above them

    def add(self, word: str, code: str, part: BaseGeometry, **facts: Any) -> None:
        spot = to_degrees(shapely.point_on_surface(part))
        lon, lat = (round(float(value), 7) for value in (shapely.get_x(spot), shapely.get_y(spot)))
        m2 = round(square_metres(part), 1)
        self.findings.add(word, self.given.place("grid", code), code=code, lon=lon, lat=lat, m2=m2, **facts)


def tidied(city: Contents, given: Given, findings: Findings, *, tolerance_m: float) -> Mapping[str, BaseGeometry]:
    """Return the areas so that they tile at every level; what is too wide to be a sliver is among the findings.

    `city` must be a tree, its areas valid and on the lattice.
    """
    if not city.areas:
        return city.areas
    codes = list(city.areas)
    shapes = {code: to_steps(city.areas[code]) for code in codes}
    below = _children(city)
    work = _Tidying(city, given, findings, Ruler.of(shapes, tolerance_m), dict(shapes), below)
    leaves = [code for code in codes if code not in below]
    is_sound = _tidy_leaves(work, leaves)
    for parent in _upwards(city, below):
        is_sound = _tidy_parent(work, parent, below[parent], is_sound=is_sound) and is_sound
    return {
        code: city.areas[code] if shape is shapes[code] else to_degrees(shape) for code, shape in work.shapes.items()
    }


def _children(city: Contents) -> dict[str, list[str]]:
    below: dict[str, list[str]] = {}
    for code in city.areas:
        parent = city.units[code].parent
        if parent is not None and parent in city.areas:
            below.setdefault(parent, []).append(code)
    return below


def _upwards(city: Contents, below: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the grids that have grids below them, the deepest first."""

    def depth(code: str) -> int:
        number, above = 0, city.units[code].parent
        while above is not None:
            number, above = number + 1, city.units[above].parent
        return number

    return sorted(below, key=depth, reverse=True)


def _tidy_leaves(work: _Tidying, leaves: Sequence[str]) -> bool:
    """Snap slivers between leaves; return whether they are a coverage then."""
    drawn = {code: work.shapes[code] for code in leaves}
    flagged = _flagged(work, leaves)
    if flagged and _overlap_widely(work, flagged):
        return False
    together = set(flagged)
    for _ in range(ROUNDS):
        if not flagged:
            break
        _snap(work, leaves, [code for code in leaves if code in together])
        flagged = _flagged(work, leaves, gaps=False)
        together.update(flagged)
    edges = shapely.coverage_invalid_edges([work.shapes[code] for code in leaves]) if flagged else []
    for code, edge in zip(leaves, edges, strict=False):
        if not edge.is_empty:
            work.add("untidy", code, edge)
    _tell_snapped(work, drawn)
    return not flagged


def _flagged(work: _Tidying, leaves: Sequence[str], *, gaps: bool = True) -> list[str]:
    """Return the leaves that do not meet their neighbours vertex by vertex, or leave a narrow gap."""
    width = work.ruler.tolerance_m / (STEP_M * work.ruler.cosine) if gaps else 0.0
    edges = shapely.coverage_invalid_edges([work.shapes[code] for code in leaves], gap_width=width)
    return [code for code, edge in zip(leaves, edges, strict=True) if not edge.is_empty]


def _overlap_widely(work: _Tidying, flagged: Sequence[str]) -> bool:
    shapes = np.array([work.shapes[code] for code in flagged], object)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    shared = shapely.intersection(shapes[one], shapes[other], grid_size=1)
    parts, pair = shapely.get_parts(shared, return_index=True)
    has_area = shapely.area(parts) > 0
    parts, pair = parts[has_area], pair[has_area]
    wide = work.ruler.is_wide(parts)
    for part, which in zip(parts[wide], pair[wide].tolist(), strict=True):
        second = flagged[int(other[which])]
        work.add("overlap", flagged[int(one[which])], part, other=second, width=work.ruler.width_m(part))
    return bool(wide.any())


def _snap(work: _Tidying, leaves: Sequence[str], together: Sequence[str]) -> None:
    """Cut the leaves concerned at each other's lines and give every face to one of them, or to nobody."""
    shapes = [work.shapes[code] for code in together]
    faces = faces_of([*shapes, *_outlines(work, shapes)])
    middles = shapely.point_on_surface(faces)
    face, leaf = shapely.STRtree(shapes).query(middles, predicate="intersects")
    owners = np.full(len(faces), -1, np.int64)
    owners[face] = leaf
    count = np.bincount(face, minlength=len(faces))
    is_free = count == 0
    others = [work.shapes[code] for code in sorted(set(leaves).difference(together))]
    if others:
        taken, _ = shapely.STRtree(others).query(middles, predicate="intersects")
        is_free[taken] = False
    is_sliver = count > 1
    is_sliver[is_free] = ~work.ruler.is_wide(faces[is_free])
    owners[is_sliver] = -1
    faces, owners = _cut(faces, owners, is_sliver)
    _give_away(faces, owners)
    for number, code in enumerate(together):
        mine = faces[owners == number]
        whole = shapely.coverage_union_all(mine).normalize()
        if not whole.is_empty and not is_same(whole, work.shapes[code]):
            work.shapes[code] = shapely.orient_polygons(whole)


def _outlines(work: _Tidying, shapes: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Return what closes the gaps that are open to the outside: the city as drawn, else the shapes grown together."""
    tops = [code for code in work.city.areas if work.city.units[code].parent not in work.city.areas]
    drawn = [work.shapes[code] for code in tops if code in work.below]
    if drawn:
        return drawn
    far = STRETCH * work.ruler.tolerance_m
    whole = shapely.union_all(work.ruler.plane(np.array(shapes, object)))
    grown = shapely.buffer(shapely.buffer(whole, far, join_style="mitre"), -far, join_style="mitre")
    return [shapely.set_precision(work.ruler.steps(grown), 1)]


def _cut(faces: Geometries, owners: Ints, is_sliver: npt.NDArray[np.bool_]) -> tuple[Geometries, Ints]:
    """Cut the slivers where they branch; return all faces with a home or in need of one, and their owners."""
    one, other, segments = _borders(faces)
    neighbours: dict[int, dict[Segment, int]] = {}
    is_edge = is_sliver[one] & (owners[other] >= 0)
    for face, owner, (x, y, u, v) in zip(
        one[is_edge].tolist(), owners[other[is_edge]].tolist(), segments[is_edge].tolist(), strict=True
    ):
        neighbours.setdefault(face, {})[segment((x, y), (u, v))] = owner
    cut = [part for face, around in neighbours.items() for part in pieces(faces[face], around)]
    homeless = faces[[face for face in np.flatnonzero(is_sliver).tolist() if face not in neighbours]]
    slivers = [*cut, *homeless]
    kept = owners >= 0
    return (
        np.array([*faces[kept], *slivers], object),
        np.concatenate([owners[kept], np.full(len(slivers), -1, np.int64)]),
    )


def _give_away(faces: Geometries, owners: Ints) -> None:
    """Give each sliver to the owner it shares the longest border with, from the owned ones inwards."""
    one, other, segments = _borders(faces)
    length = np.hypot(*(segments[:, 2:] - segments[:, :2]).T)
    most = int(owners.max(initial=0)) + 1
    for _ in range(PASSES):
        may = (owners[one] < 0) & (owners[other] >= 0)
        if not may.any():
            return
        key, where = np.unique(one[may] * most + owners[other[may]], return_inverse=True)
        sums = np.bincount(where, weights=length[may])
        best = np.lexsort((-sums, key // most))
        sliver, first = np.unique((key // most)[best], return_index=True)
        owners[sliver] = (key % most)[best][first]


def _borders(faces: Geometries) -> tuple[Ints, Ints, Ints]:
    """Return which two faces share each segment (x, y, u, v in steps), each pair both ways round."""
    rings, of_face = shapely.get_rings(faces, return_index=True)
    points, of_ring = shapely.get_coordinates(rings, return_index=True)
    steps = points.astype(np.int64)
    start, end, ring = steps[:-1], steps[1:], of_ring[:-1]
    inside = ring == of_ring[1:]
    start, end, face = start[inside], end[inside], of_face[ring[inside]]
    turned = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    segments = np.where(turned[:, None], np.hstack([end, start]), np.hstack([start, end]))
    order = np.lexsort((*segments.T,))
    segments, face = segments[order], face[order]
    same = (segments[1:] == segments[:-1]).all(1)
    one, other, shared = face[:-1][same], face[1:][same], segments[:-1][same]
    return np.concatenate([one, other]), np.concatenate([other, one]), np.vstack([shared, shared])


def _tell_snapped(work: _Tidying, drawn: Mapping[str, BaseGeometry]) -> None:
    for code, before in drawn.items():
        after = work.shapes[code]
        if after is before:
            continue
        more, less = (
            round(square_metres(shapely.difference(left, right, grid_size=1)), 2)
            for left, right in ((after, before), (before, after))
        )
        if more or less:
            work.findings.add("slivers", work.given.place("grid", code), code=code, more=more, less=less)


def _tidy_parent(work: _Tidying, parent: str, children: Sequence[str], *, is_sound: bool) -> bool:
    """Find what its grids leave of a parent and reach beyond it; make it their sum where both are slivers.

    Return whether it is their sum. `is_sound` says that the grids so far, of all levels below, are coverages.
    """
    drawn = work.shapes[parent]
    shapes = np.array([work.shapes[code] for code in children], object)
    whole = shapely.coverage_union_all(shapes) if is_sound else shapely.union_all(shapes, grid_size=1)
    whole = shapely.orient_polygons(whole.normalize())
    if is_same(whole, drawn):
        return True
    gaps, outside = (
        shapely.get_parts(shapely.difference(left, right, grid_size=1))
        for left, right in ((drawn, whole), (whole, drawn))
    )
    gaps, outside = gaps[work.ruler.is_wide(gaps)], outside[work.ruler.is_wide(outside)]
    for part in gaps:
        work.add(
            "gap", parent, part, parent=parent, beside=_beside(part, children, shapes), width=work.ruler.width_m(part)
        )
    for part in outside:
        sizes = shapely.area(shapely.intersection(shapes, part))
        points = work.ruler.plane(shapely.points(shapely.get_coordinates(part)))
        far = float(shapely.distance(points, work.ruler.plane(drawn)).max())
        work.add("outside_parent", children[int(sizes.argmax())], part, parent=parent, distance=round(far, 1))
    if len(gaps) or len(outside) or not is_sound:
        return False
    work.shapes[parent] = whole
    m2 = round(square_metres(shapely.symmetric_difference(whole, drawn, grid_size=1)), 2)
    if m2:
        work.findings.add("redrawn", work.given.place("grid", parent), code=parent, m2=m2)
    return True


def _beside(part: BaseGeometry, children: Sequence[str], shapes: Geometries) -> str:
    near = shapely.dwithin(shapes, part, 2.0)
    return ", ".join(code for code, is_near in zip(children, near.tolist(), strict=True) if is_near) or "-"
