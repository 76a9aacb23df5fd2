"""The roster folder is an interface: what is wrong with it is said with file and line."""

import json
from pathlib import Path

import pytest

from simulators.roster import RosterError, read_roster

HEADER = "terminal,secret,member,unit"
SQUARE = [[[113.0, 34.0], [113.01, 34.0], [113.01, 34.01], [113.0, 34.01], [113.0, 34.0]]]


def a_folder(tmp_path: Path, *, rows: tuple[str, ...] = ("T1,s1,M1,G1",), geometry: object = None) -> Path:
    feature = {
        "type": "Feature",
        "properties": {"code": "G1", "level": "grid-3"},
        "geometry": geometry or {"type": "Polygon", "coordinates": SQUARE},
    }
    (tmp_path / "terminals.csv").write_text("\n".join((HEADER, *rows)) + "\n")
    (tmp_path / "grids.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return tmp_path


def test_a_roster_keeps_the_order_of_its_terminals(tmp_path: Path) -> None:
    roster = read_roster(a_folder(tmp_path, rows=("T2,s2,M2,G1", "T1,s1,M1,G1")))
    assert [handset.credential.terminal for handset in roster.handsets] == ["T2", "T1"]
    assert roster.grids["G1"].area.area == pytest.approx(1e-4)


def test_columns_may_come_in_another_order_and_with_others(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    (folder / "terminals.csv").write_text("\ufeffunit,note,secret,terminal,member\nG1,x,s1,T1,M1\n")
    (handset,) = read_roster(folder).handsets
    assert (handset.credential.terminal, handset.credential.secret, handset.unit) == ("T1", "s1", "G1")


def test_a_secret_is_not_in_the_repr(tmp_path: Path) -> None:
    assert "s1" not in repr(read_roster(a_folder(tmp_path)).handsets)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (("T1,s1,M1,G1", "T 2,s2,M2,G1"), r"terminals\.csv:3: a terminal's code"),
        (("T1,s1,M1,G1", "T1,s2,M2,G1"), r"terminals\.csv:3: terminal T1 is on line 2 too"),
        (("T1,,M1,G1",), r"terminals\.csv:2: terminal T1 has no secret"),
        (("T1,s1",), r"terminals\.csv:2: 2 columns"),
    ],
)
def test_a_bad_row_is_named_with_its_line(tmp_path: Path, rows: tuple[str, ...], says: str) -> None:
    with pytest.raises(RosterError, match=says):
        read_roster(a_folder(tmp_path, rows=rows))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    (folder / "terminals.csv").write_text("terminal,member,unit\n")
    with pytest.raises(RosterError, match=r"terminals\.csv:1: the header lacks secret"):
        read_roster(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RosterError, match=r"nowhere/terminals\.csv: No such file"):
        read_roster(tmp_path / "nowhere")


def test_a_grid_that_is_no_area_is_named(tmp_path: Path) -> None:
    with pytest.raises(RosterError, match="feature 1, grid G1: wanted an area, not Point"):
        read_roster(a_folder(tmp_path, geometry={"type": "Point", "coordinates": [113, 34]}))


def test_broken_json_is_named_with_its_line(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    (folder / "grids.geojson").write_text('{"type": "FeatureCollection",\n "features": [,]}')
    with pytest.raises(RosterError, match=r"grids\.geojson:2: not JSON"):
        read_roster(folder)
