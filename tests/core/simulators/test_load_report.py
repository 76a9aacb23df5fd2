"""A load report on file, in one sentence, and as a page that nobody can inject anything into."""

import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from simulators.report.model import Counts, Goal, Latency, Report, ReportError, read_report
from simulators.report.page import page, write_report
from simulators.report.verdict import verdict
from simulators.report.words import aim_of, decimal, heads, ms, reason, share, wanted
from tests.load_reports import a_latency, a_lossy_report, a_report, a_timeline, some_counts

ROOT = Path(__file__).parents[3]
HOSTILE = '"></script><script>alert(1)</script><img src=x onerror=alert(2)>\x00&'


class Elements(HTMLParser):
    """All elements of a page, with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def names(self, attribute: str) -> set[str | None]:
        return {attributes[attribute] for _, attributes in self.found if attribute in attributes}


def written(report: Report, folder: Path) -> Path:
    write_report(report, folder)
    return folder / "report.json"


@pytest.mark.parametrize("report", [a_report(), a_lossy_report()], ids=["held", "lossy"])
def test_a_report_reads_back_as_it_was_written(report: Report, tmp_path: Path) -> None:
    path = written(report, tmp_path / "new" / "run")
    assert msgspec.json.decode(msgspec.json.encode(read_report(path))) == msgspec.json.decode(path.read_bytes())
    assert msgspec.json.decode(path.read_bytes()) == msgspec.json.decode(msgspec.json.encode(report))


def test_a_report_of_another_format_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text('{"format": 2, "whatever": "it may hold"}')
    with pytest.raises(ReportError, match=r"report\.json has format 2, this version reads format 1"):
        read_report(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "seed": "x"}', "\xff"])
def test_what_is_no_report_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ReportError, match=r"report\.json is (not a report|damaged)"):
        read_report(path)


def test_an_unknown_value_is_refused(tmp_path: Path) -> None:
    path = written(a_report(), tmp_path)
    path.write_text(path.read_text().replace('"seed"', '"sead"'))
    with pytest.raises(ReportError, match=r"damaged.*sead"):
        read_report(path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="cannot be read"):
        read_report(tmp_path / "report.json")


def test_the_verdict_is_a_sentence_that_a_mayor_understands() -> None:
    report = a_report(latency=Latency(puback=msgspec.structs.replace(a_latency(median=18, spread=0.5), p99=78.1)))
    assert verdict(report) == (
        "Held: 2,703 terminals every 30 s, nothing lost or doubled, answered within 0.078 s for 99 of 100"
    )


def test_a_bad_verdict_names_each_goal_that_was_missed() -> None:
    assert verdict(a_lossy_report()) == (
        "Did not hold: 2,703 terminals every 30 s; 117 positions lost; 4 positions stored twice; "
        "PUBACK, 99 of 100 within 4.2 s (wanted at most 1 s)"
    )


def test_a_verdict_without_a_witness_does_not_say_that_nothing_was_lost() -> None:
    goals = [Goal(name="lost", wanted=0), Goal(name="lag_s", wanted=1, found=0.1, held=True)]
    report = a_report(counts=Counts(published=7), goals=goals, latency=Latency())
    assert verdict(report) == "Held, as far as measured: 2,703 terminals every 30 s, what was lost is not known"


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        (Goal(name="lost", wanted=0), "none"),
        (Goal(name="ack_p99_s", wanted=1.5), "at most 1.5 s"),
        (Goal(name="connected_share", wanted=0.999), "at least 99.9 %"),
        (Goal(name="something_new_s", wanted=3), "at most 3 s"),
        (Goal(name="new_share", wanted=0.05), "at most 5 %"),
    ],
)
def test_a_goal_says_what_is_wanted(goal: Goal, words: str) -> None:
    assert wanted(goal) == words


def test_every_goal_of_a_scenario_has_words() -> None:
    scenario = pytest.importorskip("simulators.scenario.model")
    unknown = [name for name in scenario.Goals.__struct_fields__ if aim_of(name).words == name.replace("_", " ")]
    assert unknown == []


def test_a_share_is_100_per_cent_only_when_nothing_is_missing() -> None:
    assert [share(part) for part in (1.0, 0.999999, 0.5, 0.0000001, 0.0)] == [
        "100 %",
        "99.99 %",
        "50 %",
        "0.01 %",
        "0 %",
    ]


def test_numbers_have_three_figures_that_count() -> None:
    assert [decimal(value) for value in (0, 0.0781, 1.234, 43.21, 12_345.6)] == ["0", "0.078", "1.23", "43.2", "12,346"]
    assert [ms(value) for value in (0.4, 812.3, 12_340.0)] == ["0.4 ms", "812 ms", "12.3 s"]


def test_a_reason_counts_for_all_that_is_under_its_path() -> None:
    report = a_report(not_yet={"latency": "no clock", "latency.frame": "no viewer"})
    assert [reason(report, path) for path in ("latency.frame", "latency.receipt", "counts.lost")] == [
        "no viewer",
        "no clock",
        None,
    ]


def test_two_runs_of_one_name_are_told_apart_in_their_heads() -> None:
    later = a_report(started_at=a_report().started_at + 60)
    assert heads([a_report(), later, a_report(name="Peer")]) == [
        "Gridwarden, 18 Nov 11:06:40",
        "Gridwarden, 18 Nov 11:07:40",
        "Peer",
    ]


def test_a_hostile_text_stays_text_wherever_it_comes_from() -> None:
    peer = a_report(name=HOSTILE, scenario=HOSTILE, not_yet={HOSTILE: HOSTILE, "latency": HOSTILE}, latency=Latency())
    report = a_lossy_report(
        name=HOSTILE,
        scenario=HOSTILE,
        command=HOSTILE,
        trouble=[HOSTILE],
        not_yet={HOSTILE: HOSTILE, "counts.receipted": HOSTILE},
        goals=[Goal(name=HOSTILE, wanted=0, found=1, held=False)],
        warnings=[msgspec.structs.replace(a_report().warnings[0], unit=HOSTILE, level=HOSTILE)],
        processes=[msgspec.structs.replace(process, name=HOSTILE) for process in a_report().processes],
        machine=msgspec.structs.replace(a_report().machine, cpu=HOSTILE, system=HOSTILE, postgres=HOSTILE),
    )
    elements = Elements(page(report, [peer]))
    assert [name for name, _ in elements.found if name in {"script", "img"}] == ["script"]
    assert not {name for _, attributes in elements.found for name in attributes if name.startswith("on")}
    assert "\x00" not in "".join(elements.text)


def test_the_page_asks_for_nothing_from_anywhere() -> None:
    text = page(a_report(), [a_report()])
    elements = Elements(text)
    assert elements.names("src") | elements.names("href") | elements.names("style") == set()
    assert re.findall(r"https?:|@import|url\(", text) == []
    assert any("default-src 'none'" in str(policy) for policy in elements.names("content"))


def test_lost_and_doubled_are_loud() -> None:
    quiet, loud = page(a_report()), page(a_lossy_report())
    assert '<p class="held">' in quiet
    assert '<p class="missed">' not in quiet
    assert loud.count('<p class="missed">') == 2


def test_what_is_not_there_yet_says_why() -> None:
    text = page(a_lossy_report())
    assert "the terminals of this run asked for no receipt" in "".join(Elements(text).text)
    assert '<span class="absent" title="no viewer was started">not yet</span>' in text


def test_an_empty_run_has_a_page_too() -> None:
    empty = a_report(counts=Counts(), latency=Latency(), timeline=(), processes=(), goals=(), warnings=(), viewers=None)
    assert "not measured" in page(empty)


def test_a_run_of_one_second_and_one_of_a_day_have_pages_of_a_size() -> None:
    short, long = page(a_report(timeline=a_timeline(1))), page(a_report(timeline=a_timeline(86_400)))
    assert len(short) < len(long) < 600_000


def test_a_peer_stands_in_a_column_beside() -> None:
    text = page(a_report(), [a_report(name="Peer 1.2", counts=some_counts(lost=9))])
    assert '<th class="number" scope="col">Peer 1.2</th>' in text.replace(
        'scope="col" class="number"', 'class="number" scope="col"'
    )
    assert "Side by side" in text
    assert "Side by side" not in page(a_report())


def test_the_page_has_the_colours_of_the_product() -> None:
    tokens = (ROOT / "dashboard" / "web" / "src" / "design" / "tokens.css").read_text()
    style = (ROOT / "simulators" / "report" / "charts.css").read_text()
    theirs = dict(
        zip(("both", "dark", "light"), tokens.split(":root")[1:2] + tokens.split("data-theme=")[1:], strict=True)
    )
    light, dark = style.split("@media screen and (prefers-color-scheme: dark)")
    assert ours(light) - ours(theirs["light"]) - ours(theirs["both"]) == set()
    assert ours(dark) - ours(theirs["dark"]) == set()


def ours(style: str) -> set[tuple[str, str]]:
    return set(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", style))
