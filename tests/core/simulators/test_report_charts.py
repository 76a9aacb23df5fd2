"""Charts: where a value lies, and what stands at the axes."""

import json
from html import unescape
from re import findall
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from simulators.report.charts import Axis, Chart, Line, Mark, draw
from simulators.report.markup import joined, tag
from simulators.report.picture import picture
from simulators.report.scales import Scale, log_bounds, roof, round_step


def a_line(name: str = "published", *, ys: tuple[float, ...] = (0, 40, 90)) -> Line:
    return Line(name=name, xs=np.arange(len(ys), dtype=float), ys=np.array(ys, float), look="main", area=True)


def a_chart(*lines: Line, marks: tuple[Mark, ...] = ()) -> Chart:
    x, y = Axis(unit="s", label=str), Axis(unit="a second", label="{:g}".format)
    return Chart(title="Positions", about="They rise.", lines=lines or (a_line(),), marks=marks, x=x, y=y)


def reading(svg: str) -> list[list[object]]:
    return json.loads(unescape(findall(r'data-reading="([^"]*)"', svg)[0]))


def test_a_percentile_axis_gives_each_ten_times_rarer_the_same_room() -> None:
    scale = Scale(kind="percentile", low=0, high=0.999, start=0, end=300)
    assert scale([0, 0.9, 0.99, 0.999]).tolist() == pytest.approx([0, 100, 200, 300])
    assert scale.ticks(5) == pytest.approx([0, 0.5, 0.9, 0.99, 0.999])


def test_a_percentile_axis_takes_the_last_one_of_all() -> None:
    assert Scale(kind="percentile", low=0, high=0.999, start=0, end=300)([1.0]).tolist() == pytest.approx([300])


def test_a_log_axis_gives_each_ten_times_more_the_same_room() -> None:
    scale = Scale(kind="log", low=1, high=1000, start=300, end=0)
    assert scale([0, 1, 10, 1000]).tolist() == pytest.approx([300, 300, 200, 0])
    assert scale.ticks(5) == [1, 10, 100, 1000]


def test_ticks_are_round() -> None:
    assert Scale(kind="linear", low=0, high=109, start=0, end=1).ticks(4) == [0, 50, 100]
    assert [round_step(value) for value in (0.3, 2.1, 3, 7)] == pytest.approx([0.5, 2.5, 5, 10])


def test_the_top_of_an_axis_is_round_and_over_everything() -> None:
    assert [roof([value], about=4, least=1) for value in (0, 3, 109, 2703)] == pytest.approx([1, 3, 150, 3000])
    assert log_bounds([3.2, 812], floor=0.1) == pytest.approx((2, 1000))


def test_a_chart_says_in_words_what_it_shows() -> None:
    svg = ET.fromstring(draw(a_chart(), width=400))  # noqa: S314
    assert (svg.get("role"), svg.get("aria-label")) == ("img", "Positions. They rise.")


def test_the_numbers_under_the_pointer_are_those_of_the_lines() -> None:
    rows = reading(draw(a_chart(a_line("due"), a_line("published", ys=(0, 20, 45))), width=400))
    assert [row[1:] for row in rows][1] == ["1.0", [["due", "40"], ["published", "20"]]]


def test_a_warning_is_marked_by_the_shape_of_its_level() -> None:
    svg = draw(a_chart(marks=(Mark(x=1, words="Warning for <all>", level="red"), Mark(x=2, words="else"))), width=400)
    assert 'class="fill-red"' in svg
    assert "Warning for &lt;all&gt;" in svg


def test_one_point_and_none_can_be_drawn() -> None:
    for line in (a_line(ys=(5,)), a_line(ys=()), a_line(ys=(0, 0))):
        assert "nan" not in draw(a_chart(line), width=400)


def test_a_picture_is_a_file_of_its_own() -> None:
    whole = ET.fromstring(picture([a_chart(), a_chart()]))  # noqa: S314
    assert whole.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(whole.findall(".//{http://www.w3.org/2000/svg}svg")) == 2


def test_only_what_a_tag_made_is_markup() -> None:
    assert tag("p", "<b>", joined(tag("i", "&")), None, 7, class_="x", title='"') == (
        '<p class="x" title="&quot;">&lt;b&gt;<i>&amp;</i>7</p>'
    )
