"""Borders that were drawn one by one: what is a sliver is snapped, what is more is told with its place and size."""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyogrio import raw
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from tests.core.tracker.test_city_intake import an_empty_database, told
from tracker.city.generator import Sizes, generate
from tracker.city.intake import tables, vectors
from tracker.city.intake.reading import Options
from tracker.city.intake.run import Prepared, judge
from tracker.geometry.gcj02 import to_gcj02

STEP = 0.01  # degrees: a square of about 0.9 by 1.1 km
WEST, SOUTH = 113.0, 34.0
METRE = 1 / 111_195


def a_square(column: float, row: float) -> BaseGeometry:
    lon, lat = WEST + column * STEP, SOUTH + row * STEP
    return shapely.transform(shapely.box(lon, lat, lon + STEP, lat + STEP), lambda points: np.round(points, 7))


def a_city() -> dict[str, BaseGeometry]:
    """Four squares a, b (above: c, d) in a county, which is the city."""
    squares = {"a": a_square(0, 0), "b": a_square(1, 0), "c": a_square(0, 1), "d": a_square(1, 1)}
    whole = shapely.orient_polygons(shapely.coverage_union_all(list(squares.values())))
    return {"city": whole, "county": whole, **squares}


def moved(area: BaseGeometry, *, east_m: float = 0.0, north_m: float = 0.0) -> BaseGeometry:
    return shapely.transform(area, lambda points: np.round(points + np.array([east_m, north_m]) * METRE, 7))


def features(areas: Sequence[tuple[str, BaseGeometry]], *, crs: str | None = None) -> str:
    listed = ",".join(
        f'{{"type":"Feature","properties":{{"code":"{code}"}},"geometry":{shapely.to_geojson(area)}}}'
        for code, area in areas
    )
    named = f'"crs":{{"type":"name","properties":{{"name":"urn:ogc:def:crs:{crs}"}}}},' if crs else ""
    return f'{{"type":"FeatureCollection",{named}"features":[{listed}]}}'


def units(areas: Mapping[str, Any], folder: Path) -> Path:
    rows = [f"{code},{code},{'grid-1' if len(code) == 1 else code},{above(code)}" for code in areas]
    path = folder / "units.csv"
    path.write_text("\n".join(["code,name,level,parent", *rows]), "utf-8")
    return path


def above(code: str) -> str:
    return {"city": "", "county": "city"}.get(code, "county")


def judged(folder: Path, areas: Mapping[str, BaseGeometry], **options: Any) -> Prepared:
    """Judge a city of such areas as GeoJSON."""
    path = folder / "grids.geojson"
    path.write_text(features(list(areas.items())), "utf-8")
    return judge(an_empty_database(), [units(a_city(), folder), path], Options(**options))


def tiles(prepared: Prepared) -> bool:
    assert prepared.city is not None, told(prepared)
    areas = prepared.city.areas
    leaves = [areas[code] for code in "abcd"]
    whole = shapely.coverage_union_all(leaves).normalize()
    return bool(shapely.coverage_is_valid(leaves)) and areas["county"].normalize() == whole == areas["city"].normalize()


def test_squares_that_tile_are_taken_as_they_are(tmp_path: Path) -> None:
    prepared = judged(tmp_path, a_city())
    assert tiles(prepared)
    assert prepared.report.findings.counts.total() == 0
    assert prepared.city is not None
    assert {code: area.normalize() for code, area in prepared.city.areas.items()} == {
        code: area.normalize() for code, area in a_city().items()
    }


@pytest.mark.parametrize("east_m", [0.3, -0.3, 0.02])
def test_a_sliver_of_overlap_or_gap_is_snapped_and_said(tmp_path: Path, east_m: float) -> None:
    areas = a_city()
    prepared = judged(tmp_path, {**areas, "b": moved(areas["b"], east_m=east_m)})
    assert tiles(prepared)
    text = told(prepared)
    assert "is snapped to its neighbours" in text or "is drawn as the sum of its grids" in text


def test_every_square_drawn_a_little_off_ends_in_a_coverage(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    areas = {
        code: moved(shapely.segmentize(area, STEP / 50), east_m=rng.uniform(-0.4, 0.4), north_m=rng.uniform(-0.4, 0.4))
        for code, area in a_city().items()
    }
    prepared = judged(tmp_path, areas)
    assert tiles(prepared)
    assert prepared.city is not None
    for code, area in areas.items():
        change = shapely.symmetric_difference(prepared.city.areas[code], area)
        assert change.area < area.length * METRE
        assert shapely.hausdorff_distance(prepared.city.areas[code], area) < STEP / 40  # a vertex on, where cracks meet


def test_a_broad_overlap_of_neighbours_is_told(tmp_path: Path) -> None:
    areas = a_city()
    prepared = judged(tmp_path, {**areas, "b": moved(areas["b"], east_m=-30)})
    text = told(prepared)
    assert "grids.geojson:3: a and b overlap by " in text
    assert "wide, at 113.0" in text
    assert not prepared.report.is_applicable


def test_a_broad_gap_between_neighbours_is_told(tmp_path: Path) -> None:
    areas = a_city()
    bite = moved(a_square(0.9, 0.5), east_m=0)
    prepared = judged(tmp_path, {**areas, "a": shapely.difference(areas["a"], bite)})
    text = told(prepared)
    assert "of county, up to " in text
    assert "lie in none of its grids, beside a" in text
    assert not prepared.report.is_applicable


def test_a_child_that_leaves_its_parent_is_told_with_how_far(tmp_path: Path) -> None:
    areas = a_city()
    prepared = judged(tmp_path, {**areas, "d": shapely.union(areas["d"], moved(areas["d"], north_m=40))})
    text = told(prepared)
    assert "grids.geojson:6: d reaches 40.0 m out of county" in text
    assert not prepared.report.is_applicable


def test_the_tolerance_may_be_wider(tmp_path: Path) -> None:
    areas = a_city()
    prepared = judged(tmp_path, {**areas, "b": moved(areas["b"], east_m=-8)}, tolerance_m=10)
    assert tiles(prepared)


def test_a_parent_drawn_apart_becomes_the_sum_of_its_grids(tmp_path: Path) -> None:
    areas = a_city()
    prepared = judged(tmp_path, {**areas, "county": shapely.simplify(moved(areas["county"], north_m=0.5), METRE)})
    assert tiles(prepared)
    assert "grids.geojson:2: county is drawn as the sum of its grids" in told(prepared)


def test_vertices_that_only_one_side_of_a_border_has_are_given_to_the_other(tmp_path: Path) -> None:
    areas = a_city()
    denser = shapely.set_precision(shapely.segmentize(areas["a"], STEP / 3), 1e-7)
    prepared = judged(tmp_path, {**areas, "a": denser})
    assert tiles(prepared)
    assert prepared.report.is_applicable


RINGS = {
    "bow tie": [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]],
    "spike": [[0, 0], [1, 0], [1, 1], [0.5, 1], [0.5, 1.5], [0.5, 1], [0, 1], [0, 0]],
    "loop": [[0, 0], [1, 0], [1, 1], [0.5001, 1], [0.5, 1.0001], [0.5001, 1.0001], [0.5, 1], [0, 1], [0, 0]],
    "clockwise": [[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]],
    "repeated": [[0, 0], [1, 0], [1, 0], [1, 1], [0, 1], [0, 0]],
    "open": [[0, 0], [1, 0], [1, 1], [0, 1]],
    "line": [[0, 0], [1, 0], [0, 0], [0, 0]],
    "heights": [[0, 0, 5], [1, 0, 5], [1, 1, 5], [0, 1, 5], [0, 0, 5]],
}


def with_a_ring(folder: Path, name: str) -> Prepared:
    ring = [[WEST + x * STEP, SOUTH + y * STEP, *z] for x, y, *z in RINGS[name]]
    feature = {
        "type": "Feature",
        "properties": {"code": "a"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path = folder / "grids.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    return judge(an_empty_database(), [units(a_city(), folder), path], Options())


@pytest.mark.parametrize("name", ["bow tie", "line"])
def test_a_ring_that_encloses_nothing_certain_is_told(tmp_path: Path, name: str) -> None:
    prepared = with_a_ring(tmp_path, name)
    assert "grids.geojson:1: the border of a is invalid: " in told(prepared)
    assert not prepared.report.is_applicable


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("spike", "grids.geojson:1: the border of a is repaired: "),
        ("loop", "grids.geojson:1: the border of a is repaired: "),
        ("clockwise", "grids.geojson: rings of 1 areas are turned the right way"),
        ("repeated", "grids.geojson:1: a repeats 1 vertices"),
        ("open", "grids.geojson: the reader says: "),
        ("heights", "grids.geojson: heights are left out"),
    ],
)
def test_a_ring_whose_area_is_certain_is_repaired_and_said(tmp_path: Path, name: str, said: str) -> None:
    prepared = with_a_ring(tmp_path, name)
    assert said in told(prepared)
    assert prepared.city is not None
    area = prepared.city.areas["a"]
    assert area.is_valid
    assert area.geom_type == "Polygon"
    assert area.area == pytest.approx(STEP**2, rel=0.001)


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        ('{"type":"Point","coordinates":[113,34]}', "grids.geojson:1: a is a Point, no area"),
        ("null", "grids.geojson:1: a is a empty feature, no area"),
        ('{"type":"Polygon","coordinates":[]}', "grids.geojson:1: a is a empty feature, no area"),
        (
            '{"type":"Polygon","coordinates":[[[500000,3800000],[500001,3800000],[500000,3800001],[500000,3800000]]]}',
            "grids.geojson:1: a lies at 500000.0, 3800000.0, which is nowhere",
        ),
    ],
)
def test_what_is_no_area_on_earth_is_told(tmp_path: Path, geometry: str, said: str) -> None:
    path = tmp_path / "grids.geojson"
    feature = f'{{"type":"Feature","properties":{{"code":"a"}},"geometry":{geometry}}}'
    path.write_text(f'{{"type":"FeatureCollection","features":[{feature}]}}', "utf-8")
    assert said in told(judge(an_empty_database(), [units(a_city(), tmp_path), path], Options()))


def test_a_code_that_is_no_unit_or_comes_twice_is_told(tmp_path: Path) -> None:
    path = tmp_path / "grids.geojson"
    path.write_text(
        features([("z", a_square(0, 0)), ("a", a_square(0, 0)), ("a", a_square(1, 0)), ("", a_square(2, 0))])
    )
    text = told(judge(an_empty_database(), [units(a_city(), tmp_path), path], Options()))
    assert "grids.geojson:1: z is no unit" in text
    assert "grids.geojson:3: a is on row 2 too" in text
    assert "grids.geojson:4: has no code" in text


@pytest.mark.parametrize("text", ["", "{", "[]", '{"type":"gdal_streamed_alg"}', "<OGRVRTDataSource/>", "{" * 5_000])
def test_a_file_that_is_no_geojson_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "grids.geojson"
    path.write_text(text)
    prepared = judge(an_empty_database(), [units(a_city(), tmp_path), path], Options())
    assert not prepared.report.is_applicable
    assert str(tmp_path) not in told(prepared)


def written(
    folder: Path, areas: Mapping[str, BaseGeometry], suffix: str, crs: str | None, column: str = "code"
) -> Path:
    driver = {".shp": "ESRI Shapefile", ".fgb": "FlatGeobuf"}[suffix]
    path = folder / f"grids{suffix}"
    raw.write(
        path,
        shapely.to_wkb(np.array(list(areas.values()), object)),
        field_data=[np.array(list(areas), object)],
        fields=[column],
        geometry_type="Polygon",
        crs=crs,
        driver=driver,
        encoding="GBK" if suffix == ".shp" else None,
    )
    return path


@pytest.mark.parametrize("crs", ["EPSG:4547", "EPSG:32650", "EPSG:3857", "EPSG:4490"])
@pytest.mark.parametrize("suffix", [".shp", ".fgb", ".geojson"])
def test_any_declared_coordinate_system_is_converted(tmp_path: Path, suffix: str, crs: str) -> None:
    to = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    areas = {
        code: shapely.transform(area, lambda points: np.column_stack(to.transform(points[:, 0], points[:, 1])))
        for code, area in a_city().items()
    }
    if suffix == ".geojson":
        path = tmp_path / "grids.geojson"
        path.write_text(features(list(areas.items()), crs=crs.replace(":", "::")))
    else:
        path = written(tmp_path, areas, suffix, crs)
    prepared = judge(an_empty_database(), [units(a_city(), tmp_path), path], Options())
    assert tiles(prepared)
    assert "is converted from " in told(prepared)
    assert prepared.city is not None
    for code, area in a_city().items():
        assert shapely.hausdorff_distance(prepared.city.areas[code], area) < 2e-7


def test_a_shapefile_without_a_coordinate_system_wants_to_be_told_it(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        path = written(tmp_path, a_city(), ".shp", None)
    assert not path.with_suffix(".prj").exists()
    paths = [units(a_city(), tmp_path), path]
    assert "grids.shp: declares no coordinate system" in told(judge(an_empty_database(), paths, Options()))
    assert tiles(judge(an_empty_database(), paths, Options(crs="EPSG:4326")))


def test_a_coordinate_system_that_is_none_is_told(tmp_path: Path) -> None:
    assert "coordinate system EPSG:1 cannot be used" in told(judged(tmp_path, a_city(), crs="EPSG:1"))


def test_the_code_may_stand_in_another_column_in_chinese(tmp_path: Path) -> None:
    path = written(tmp_path, a_city(), ".shp", "EPSG:4326", column="编码")
    paths = [units(a_city(), tmp_path), path]
    assert tiles(judge(an_empty_database(), paths, Options(code_column="编码", encoding="gbk")))
    assert "no property code; there are 编码" in told(judge(an_empty_database(), paths, Options()))


def test_gcj02_is_converted_when_asked_for(tmp_path: Path) -> None:
    areas = {
        code: shapely.transform(area, lambda points: np.column_stack(to_gcj02(points[:, 0], points[:, 1])))
        for code, area in a_city().items()
    }
    prepared = judged(tmp_path, areas, is_gcj02=True)
    assert tiles(prepared)
    assert prepared.city is not None
    for code, area in a_city().items():
        assert shapely.hausdorff_distance(prepared.city.areas[code], area) < 2e-7


def test_ten_million_vertices_are_refused_without_being_looked_at(tmp_path: Path) -> None:
    vertices = 2_500_001
    angles = np.linspace(0, 2 * np.pi, vertices)[:-1]
    ring = np.column_stack([113 + np.cos(angles), 34 + np.sin(angles)])
    wkb = struct.pack("<BIII", 1, 3, 1, vertices) + np.vstack([ring, ring[:1]]).tobytes()
    path = tmp_path / "grids.fgb"
    raw.write(
        path,
        np.array([wkb] * 4, object),
        field_data=[np.array(list("abcd"), object)],
        fields=["code"],
        geometry_type="Polygon",
        crs="EPSG:4326",
        driver="FlatGeobuf",
        layer_options={"SPATIAL_INDEX": "NO"},
    )
    text = told(judge(an_empty_database(), [units(a_city(), tmp_path), path], Options()))
    assert f"grids.fgb: has 10,000,004 vertices or more, the limit is {vectors.VERTICES:,}" in text


@pytest.mark.parametrize("name", ["grids.geojson", "units.csv"])
def test_a_file_beyond_the_limit_is_not_opened(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(tables.FILE_BYTES + 1)  # takes no room on the disk
    assert f"{name}: has 256 MiB, the limit is 256" in told(judge(an_empty_database(), [path], Options()))


def test_a_whole_city_drawn_carelessly_is_snapped(tmp_path: Path) -> None:
    city = generate(3, Sizes(counties=2, grids_1=4, grids_2=9, grids_3=60, leaders=76, members=140))
    careless = {code: trembling(area, number) for number, (code, area) in enumerate(city.areas.items())}
    rows = [f"{unit.code},{unit.name},{level(unit.level)},{unit.parent or ''}" for unit in city.units]
    (tmp_path / "units.csv").write_text("\n".join(["code,name,level,parent", *rows]), "utf-8")
    (tmp_path / "grids.geojson").write_text(features(list(careless.items())))
    paths = [tmp_path / "units.csv", tmp_path / "grids.geojson"]
    prepared = judge(an_empty_database(), paths, Options())
    assert prepared.city is not None, told(prepared)
    for name in ("county", "grid-1", "grid-2", "grid-3"):
        areas = [prepared.city.areas[unit.code] for unit in city.units if unit.level == name]
        assert shapely.coverage_is_valid(areas)
        assert shapely.is_valid(areas).all()
    moved_one = next(unit.code for unit in city.units if unit.level == "grid-2")
    careless[moved_one] = moved(careless[moved_one], east_m=80)
    (tmp_path / "grids.geojson").write_text(features(list(careless.items())))
    text = told(judge(an_empty_database(), paths, Options()))
    assert f"m2 of {moved_one}, up to " in text
    assert f"m out of {moved_one} (" in text


def trembling(area: BaseGeometry, number: int) -> BaseGeometry:
    """Move each vertex by up to 0.2 m, in each area otherwise."""
    return shapely.transform(area, lambda points: np.round(points + 2e-6 * np.sin(points * 1e6 + number), 7))


def level(name: str) -> str:
    return name if name in {"city", "county"} else "grid-1"
