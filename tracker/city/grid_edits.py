"""Split, merge and reshape grids so that they go on tiling (tracker.city.tiling has the theory). Pure; no I/O.

Areas are (Multi)Polygons of degrees (lon, lat) by unit: the leaves that may be concerned, and at least all that touch
those edited. What is returned holds only what changes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from tracker.city.tiling import (
    STEP_M,
    Areas,
    Geometries,
    beside,
    faces_of,
    gathered,
    is_same,
    owners_of,
    square_metres,
    tiles,
    to_degrees,
    to_steps,
    width_m,
)
from tracker.organisation.errors import Invalid

LEAST_PIECE_M2: Final = 1.0
THINNEST_M: Final = 0.5  # a drawn border this near to the old one means the old one
REACH: Final = 0.25  # a line that ends inside is drawn on by so much of its length, and by REACH_M at least
REACH_M: Final = 25.0

Names = Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Cut:
    """`pieces` from the largest to the smallest; `others` are neighbours that got the ends of the line as vertices."""

    pieces: tuple[BaseGeometry, ...]
    others: dict[int, BaseGeometry]


def split(areas: Areas, unit: int, line: BaseGeometry, *, fixed: Collection[int] = ()) -> Cut:
    """Cut a grid along a line that runs from border to border, or nearly so.

    At a neighbour that is `fixed` the line ends in a vertex that is there, so that the neighbour stays as it is.
    Raises Invalid when it does not cut, crosses itself, or cuts off less than a square metre.
    """
    old = {key: to_steps(area) for key, area in areas.items()}
    drawn = shapely.remove_repeated_points(to_steps(line))
    if drawn.length == 0 or not drawn.is_simple:
        raise Invalid("the line crosses itself: draw it anew", "划分线与自身相交，请重新绘制", "line_crosses_itself")
    inside = shapely.intersection(_drawn_on(drawn, old[unit]), old[unit], grid_size=1)
    concerned = beside(old, old[unit])
    firm = shapely.union_all([area for key, area in concerned.items() if key in fixed])
    lines = [_to_vertices(part, old[unit], firm) for part in shapely.get_parts(inside) if part.length > 0]
    faces = faces_of([*concerned.values(), *lines])
    owners = owners_of(faces, concerned)
    pieces = _pieces([face for face, owner in zip(faces, owners, strict=True) if owner == unit], old[unit])
    others = {key: area for key, area in gathered(faces, owners).items() if key != unit}
    _ensure_tiling([*pieces, *(others.get(key, area) for key, area in old.items() if key != unit)])
    return Cut(tuple(to_degrees(piece) for piece in pieces), _changed(old, others))


def merge(areas: Areas, units: Sequence[int], names: Names) -> BaseGeometry:
    """Return what grids are together; raises Invalid when they do not all hang together by borders."""
    if len(set(units)) < 2:  # noqa: PLR2004 - one grid is merged already
        raise Invalid("choose at least two grids to merge", "请选择至少两个网格进行合并", "too_few")
    old = [to_steps(areas[unit]) for unit in units]
    whole = shapely.coverage_union_all(old)
    if _parts(whole) > max(_parts(area) for area in old):
        called = ", ".join(names.get(unit, str(unit)) for unit in units)
        raise Invalid(
            f"{called} do not all share a border: only neighbours can be merged",
            f"{called} 并非全部相邻，只有相邻网格才能合并",
            "no_shared_border",
        )
    return to_degrees(whole.normalize())


def reshape(
    areas: Areas,
    unit: int,
    area: BaseGeometry,
    *,
    names: Names,
    may_move_border: bool = False,
    may_have_parts: bool = False,
) -> dict[int, BaseGeometry]:
    """Give a grid another area; return all that change, the grid among them. The unit may have had none.

    What it gains is taken from its neighbours; what it loses goes, part by part, to the neighbour with the longest
    border on it. The city's own border stays where it is, unless `may_move_border`. Raises Invalid when the area is
    none, nothing changes, a neighbour would have nothing left, or one would fall apart (unless `may_have_parts`).
    """
    old = {key: to_steps(other) for key, other in areas.items()}
    new = _sound(to_steps(area))
    ground = shapely.union_all([new, old[unit]]) if unit in old else new
    concerned = beside(old, ground)
    faces = faces_of([*concerned.values(), new])
    was = owners_of(faces, concerned)
    owners = _owners_after(faces, was, unit, new, may_move_border=may_move_border)
    after = gathered(faces, owners)
    _ensure_whole(concerned, after, unit, names, may_have_parts=may_have_parts)
    changed = _changed(old, after)
    if unit not in changed:
        raise Invalid(
            "the area stays as it is: draw it more than half a metre away", "区域没有变化：移动须超过半米", "no_change"
        )
    _ensure_tiling([after.get(key, other) for key, other in {**old, unit: new}.items()])
    return changed


def risen(changed: Mapping[int, BaseGeometry | None], children: Mapping[int, Sequence[int]], areas: Areas) -> Areas:
    """Return the areas of the units above the changed ones, as unions of their children.

    `children` are those units from the lowest up, each with the units below it; `areas` are the children's as they
    were. A unit below which no area is left has none any more, and is not returned.
    """
    known: dict[int, BaseGeometry | None] = {**areas, **changed}
    made: dict[int, BaseGeometry] = {}
    for unit, below in children.items():
        shapes = [shape for child in below if (shape := known.get(child)) is not None]
        if not shapes:
            known[unit] = None
            continue
        known[unit] = made[unit] = shapely.coverage_union_all(shapes).normalize()
    return made


def _drawn_on(line: BaseGeometry, area: BaseGeometry) -> BaseGeometry:
    """Return the line, drawn on at an end that lies inside as far as its reach; further ends are left inside."""
    points = shapely.get_coordinates(line)
    reach = max(REACH * line.length, REACH_M / STEP_M)
    points[0] = _end(points[0], points[1], area, reach)
    points[-1] = _end(points[-1], points[-2], area, reach)
    return shapely.LineString(points)


def _end(end: np.ndarray, before: np.ndarray, area: BaseGeometry, reach: float) -> np.ndarray:
    if not area.intersects(shapely.Point(end)):
        return end
    along = (end - before) / np.hypot(*(end - before))
    # Two steps more, so that rounding leaves the end outside rather than short of the border
    ahead = shapely.LineString([end, end + along * (reach + 2)])
    meets = ahead.intersection(area.boundary)
    if meets.is_empty:
        return end
    return end + along * (shapely.distance(shapely.Point(end), meets) + 2)


def _to_vertices(line: BaseGeometry, area: BaseGeometry, firm: BaseGeometry) -> BaseGeometry:
    """Return the line with an end that meets `firm` ground moved to the nearest vertex of the area."""
    points, vertices = shapely.get_coordinates(line), shapely.get_coordinates(area)
    for end in (0, -1):
        if shapely.dwithin(firm, shapely.Point(points[end]), 2):
            points[end] = vertices[np.hypot(*(vertices - points[end]).T).argmin()]
    return shapely.LineString(points)


def _pieces(faces: Sequence[BaseGeometry], area: BaseGeometry) -> list[BaseGeometry]:
    """Return the faces as pieces; parts of a grid of several parts that are not cut go with the largest piece."""
    part_of = shapely.STRtree(shapely.get_parts(area)).query(shapely.point_on_surface(faces), predicate="intersects")[1]
    is_cut = np.bincount(part_of)[part_of] > 1
    pieces = sorted((face for face, cut in zip(faces, is_cut, strict=True) if cut), key=lambda face: -face.area)
    if len(pieces) < 2:  # noqa: PLR2004 - a cut makes two
        raise Invalid(
            "the line does not cut the grid: draw it from border to border",
            "划分线没有贯穿网格，请从一侧边界画到另一侧边界",
            "does_not_cut",
        )
    smallest_m2 = square_metres(pieces[-1])
    if smallest_m2 < LEAST_PIECE_M2:
        raise Invalid(
            f"the line cuts off {smallest_m2:.2f} m² only: draw it further inside",
            f"划分线仅切下 {smallest_m2:.2f} 平方米，请离边界远一些",
            "piece_too_small",
        )
    rest = [face for face, cut in zip(faces, is_cut, strict=True) if not cut]
    pieces[0] = shapely.coverage_union_all([pieces[0], *rest])
    return [piece.normalize() for piece in pieces]


def _sound(area: BaseGeometry) -> BaseGeometry:
    if area.geom_type not in {"Polygon", "MultiPolygon"} or area.is_empty or not area.is_valid:
        why = shapely.is_valid_reason(area)
        raise Invalid(f"the drawn area is none: {why}", f"绘制的区域无效：{why}", "invalid_area", field="area")
    return area


def _owners_after(
    faces: Geometries, was: Sequence[int | None], unit: int, new: BaseGeometry, *, may_move_border: bool
) -> list[int | None]:
    is_new = new.intersects(shapely.point_on_surface(faces)) if len(faces) else []
    owners: list[int | None] = list(was)
    lost: list[int] = []
    for number, (face, owner, inside) in enumerate(zip(faces, was, is_new, strict=True)):
        if (owner == unit) == bool(inside) or width_m(face) < THINNEST_M:
            continue
        if not inside:
            lost.append(number)
        elif owner is not None or may_move_border:
            owners[number] = unit
    _give_away(faces, owners, lost, may_move_border=may_move_border)
    return owners


def _give_away(faces: Geometries, owners: list[int | None], lost: Sequence[int], *, may_move_border: bool) -> None:
    """Write into `owners` who gets each part of what is lost; with no neighbour it is kept, or leaves the city."""
    if not lost:
        return
    unit = owners[lost[0]]
    parts = shapely.get_parts(shapely.coverage_union_all([faces[number] for number in lost]))
    others = [number for number, owner in enumerate(owners) if owner not in {unit, None}]
    takers = [_taker(part, [(owners[number], faces[number]) for number in others]) for part in parts]
    middles = shapely.point_on_surface(faces[list(lost)])
    for number, middle in zip(lost, middles, strict=True):
        part = next(index for index, shape in enumerate(parts) if shape.intersects(middle))
        taker = takers[part]
        owners[number] = taker if taker is not None or may_move_border else unit


def _taker(part: BaseGeometry, others: Sequence[tuple[int | None, BaseGeometry]]) -> int | None:
    """Return the owner with the longest border on a part; the first of equals."""
    borders: dict[int | None, float] = {}
    for owner, face in others:
        shared = part.boundary.intersection(face.boundary).length
        if shared > 0:
            borders[owner] = borders.get(owner, 0.0) + shared
    return max(borders, key=lambda owner: borders[owner]) if borders else None


def _ensure_whole(before: Areas, after: Areas, unit: int, names: Names, *, may_have_parts: bool) -> None:
    for key in {unit, *before}:
        called = names.get(key, str(key))
        if key not in after:
            raise Invalid(
                f"{called} would have nothing left: merge it instead",
                f"{called} 将不剩任何区域，请改用合并",
                "nothing_left",
            )
        if not may_have_parts and _parts(after[key]) > max(1, _parts(before.get(key))):
            raise Invalid(
                f"{called} would fall into separate parts: leave them connected, or allow parts",
                f"{called} 将被分成互不相连的部分，请保持相连，或允许多部分",
                "falls_apart",
            )


def _ensure_tiling(areas: Sequence[BaseGeometry]) -> None:
    if not tiles(areas):
        raise Invalid(
            "the borders come closer than a centimetre to each other there: draw it elsewhere",
            "该处边界间距不足一厘米，请换一处绘制",
            "too_near",
        )


def _changed(old: Areas, after: Areas) -> dict[int, BaseGeometry]:
    return {key: to_degrees(area) for key, area in after.items() if key not in old or not is_same(area, old[key])}


def _parts(area: BaseGeometry | None) -> int:
    return 0 if area is None else int(shapely.get_num_geometries(area))
