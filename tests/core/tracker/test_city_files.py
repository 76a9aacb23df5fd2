"""What is wrong with a city's files is said with file and line; nothing is guessed."""

from pathlib import Path

import pytest

from tracker.city.files import CityFileError, read_city
from tracker.city.model import City

UNITS = """code,name,name_en,level,parent,attributes
990100,示范市,Example City,city,,
990101,古坊区,,county,990100,"{""population"": 12}"
"""
MEMBERS = """code,name,phone,unit,role,terminal
M1,王凯,+8610010000001,990101,leader,T1
M2,罗颖,,990100,supervisor,
"""
SQUARE = "[[[113,34],[114,34],[114,35],[113,34]]]"
BOW_TIE = "[[[113,34],[114,35],[114,34],[113,35],[113,34]]]"


def grids(code: str = "990101", kind: str = "Polygon", rings: str = SQUARE) -> str:
    geometry = f'{{"type": "{kind}", "coordinates": {rings}}}'
    feature = f'{{"type": "Feature", "properties": {{"code": "{code}"}}, "geometry": {geometry}}}'
    return f'{{"type": "FeatureCollection", "features": [{feature}]}}'


def read(folder: Path, *, units: str = UNITS, members: str = MEMBERS, areas: str | None = None) -> City:
    (folder / "units.csv").write_text(units, encoding="utf-8")
    (folder / "members.csv").write_text(members, encoding="utf-8")
    (folder / "grids.geojson").write_text(grids() if areas is None else areas, encoding="utf-8")
    return read_city(folder)


def test_a_city_made_by_hand_is_read(tmp_path: Path) -> None:
    city = read(tmp_path, units="\ufeff" + UNITS)  # as spreadsheets save it
    assert [(unit.code, unit.parent) for unit in city.units] == [("990100", None), ("990101", "990100")]
    assert city.units[1].attributes == {"population": 12}
    assert [(member.code, [terminal.code for terminal in member.terminals]) for member in city.members] == [
        ("M1", ["T1"]),
        ("M2", []),
    ]
    assert city.areas["990101"].area == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("units", "why"),
    [
        ("", r"units\.csv:1: the header lacks code, name"),
        (UNITS.replace("level", "rank"), r"units\.csv:1: the header lacks level"),
        (UNITS + "990102\n", r"units\.csv:4: not as many fields"),
        (UNITS + "990102,a,b,county,990100,{},more\n", r"units\.csv:4: not as many fields"),
        (UNITS + ",a,b,county,990100,\n", r"units\.csv:4: a unit needs a code"),
        (UNITS + "990102,a,b,county,990100,{\n", r"units\.csv:4: Expecting"),
        (UNITS + "990102,a,b,county,990100,[]\n", r"units\.csv:4: attributes are a JSON object"),
        (UNITS + '990102,"a,b,county,990100,\n', r"units\.csv: unexpected end of data"),
    ],
)
def test_a_bad_line_of_units_is_named(tmp_path: Path, units: str, why: str) -> None:
    with pytest.raises(CityFileError, match=why):
        read(tmp_path, units=units)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("M3,某人,,990199,leader,", r"members\.csv:4: there is no unit 990199"),
        ("M3,,,990100,leader,", r"members\.csv:4: a member needs"),
    ],
)
def test_a_bad_line_of_members_is_named(tmp_path: Path, line: str, why: str) -> None:
    with pytest.raises(CityFileError, match=why):
        read(tmp_path, members=MEMBERS + line + "\n")


@pytest.mark.parametrize(
    ("areas", "why"),
    [
        ("{", r"grids\.geojson: Expecting property name"),
        ("[]", r"grids\.geojson: not a FeatureCollection"),
        ('{"features": [{}]}', r"grids\.geojson: not a FeatureCollection"),
        (grids(code="990199"), r"grids\.geojson: there is no unit 990199"),
        (grids(rings=BOW_TIE), r"the area of 990101 is no valid Polygon or MultiPolygon: Self-intersection"),
        (grids(kind="Point", rings="[113, 34]"), r"the area of 990101 is no valid Polygon"),
        (grids(rings="[[[113]]]"), r"grids\.geojson: "),
    ],
)
def test_a_bad_area_is_named(tmp_path: Path, areas: str, why: str) -> None:
    with pytest.raises(CityFileError, match=why):
        read(tmp_path, areas=areas)


def test_a_missing_file_and_one_that_is_not_utf8_are_named(tmp_path: Path) -> None:
    with pytest.raises(CityFileError, match=r"units\.csv: No such file"):
        read_city(tmp_path)
    (tmp_path / "units.csv").write_bytes("code,name\n1,郑州".encode("gb18030"))
    with pytest.raises(CityFileError, match=r"units\.csv: 'utf-8' codec"):
        read_city(tmp_path)
