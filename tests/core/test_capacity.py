"""The capacity page says what its figures say, and its runs are what the page promises."""

from pathlib import Path

import msgspec
import pytest

from benchmarks.capacity import RUNS, command, main
from benchmarks.capacity_page import BEGIN, DOCS, END, TITLES, drawn, figures, merged, read_rows, render, row_of
from simulators.report.page import write_report
from tests.load_reports import a_lossy_report, a_report


def a_page(folder: Path) -> Path:
    (folder / "capacity.md").write_text(f"# Before\n{BEGIN}\nwhat stood here\n{END}\nafter\n")
    return folder


def a_city(folder: Path) -> Path:
    (folder / "city").mkdir(parents=True)
    (folder / "city" / "terminals.csv").write_text("terminal,secret,member,unit\n" + "T,s,M,G\n" * 1000)
    (folder / "city" / "units.csv").write_text("code,name\n990000,City\n990100,County\n")
    return folder


def test_the_table_is_made_of_the_figures_that_are_checked_in() -> None:
    assert figures(read_rows()) in (DOCS / "capacity.md").read_text()


def test_the_picture_is_made_of_the_figures_that_are_checked_in() -> None:
    assert drawn(read_rows()) == (DOCS / "capacity.svg").read_text()


def test_a_row_has_the_figures_of_its_report(tmp_path: Path) -> None:
    row = row_of(a_lossy_report(), name="terminals-1", kind="terminals")
    assert (row.terminals, row.lost, row.held, row.missed) == (2703, 117, False, ["lost", "duplicated", "ack_p99_s"])
    assert row.positions_per_s == pytest.approx(2703 / 30, rel=0.1)
    assert set(row.cpu_pct) == {"ingest", "dashboard", "alerts", "postgres"}  # the load tool's own are apart
    assert "| no: lost, duplicated, ack_p99_s |" in figures([row])


def test_a_run_that_is_made_again_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    docs = a_page(tmp_path)
    old, other = (
        row_of(a_report(terminals=terminals), name=f"t-{terminals}", kind="terminals") for terminals in (10, 30)
    )
    render([old, other], docs)
    new = msgspec.structs.replace(old, lost=5)
    render(merged([new], docs), docs)
    assert [(row.name, row.lost) for row in read_rows(docs)] == [("t-10", 5), ("t-30", 0)]
    text = (docs / "capacity.md").read_text()
    assert text.startswith(f"# Before\n{BEGIN}")
    assert text.endswith(f"{END}\nafter\n")
    assert "what stood here" not in text


def test_a_table_begins_with_the_run_that_its_own_differ_from_in_one_thing() -> None:
    plain = row_of(a_report(viewers=None, warnings=()), name="terminals-1", kind="terminals")
    more = row_of(a_report(viewers=None, warnings=(), terminals=9), name="terminals-9", kind="terminals")
    viewed = row_of(a_report(warnings=()), name="viewers-200", kind="viewers")
    warned = row_of(a_report(), name="warning-city", kind="warning")
    tables = figures([plain, more, viewed, warned]).split("### ")[1:]
    assert [table.count("\n| 2,703 |") + 10 * table.count("\n| 9 |") for table in tables] == [11, 2, 2]


def test_each_run_has_a_name_of_its_own_and_a_table_to_stand_in() -> None:
    assert len({run.name for run in RUNS}) == len(RUNS)
    assert {run.kind for run in RUNS} == set(TITLES)


def test_a_run_asks_for_its_share_of_the_city(tmp_path: Path) -> None:
    data, run = a_city(tmp_path), next(run for run in RUNS if run.name == "viewers-200")
    words = list(command(run, tmp_path / "out", data=data, duration_s=20, scratch=tmp_path))
    assert words[words.index("--terminals") + 1] == "100"
    assert words[words.index("--viewers") + 1] == "200"


@pytest.mark.parametrize(("name", "unit"), [("warning-county", "county"), ("warning-city", "990000")])
def test_a_warning_is_a_scenario_that_the_load_tool_reads(name: str, unit: str, tmp_path: Path) -> None:
    reading = pytest.importorskip("simulators.scenario.reading")
    data, run = a_city(tmp_path), next(run for run in RUNS if run.name == name)
    words = list(command(run, tmp_path / "out", data=data, duration_s=20, scratch=tmp_path))
    scenario = reading.read_scenario(words[words.index("--scenario") + 1])
    assert [(event.at_s, event.level, event.unit) for event in scenario.events] == [(10, "red", unit)]


def test_runs_that_have_a_report_are_not_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results, data = tmp_path / "results", a_city(tmp_path / "data")
    write_report(a_report(), results / "terminals-1")
    assert main(["--quick", "--only", "terminals-1", "--results", str(results), "--data", str(data)]) == 0
    said = capsys.readouterr().out
    assert "terminals-1: there is a report already" in said
    assert "| 2,703 |" in said
