"""What viewers are told beside the frames."""

import time

from simulators.viewers.line import Address
from simulators.viewers.plan import Counts, ViewersPlan
from simulators.viewers.viewer import STEADY, Stage, Viewer

ALERT = "0190f3a4-0000-7000-8000-000000000001"


def a_stage(trouble: list[str]) -> Stage:
    plan = ViewersPlan(http="http://127.0.0.1:1", units=[4], count=2, duration_s=1.0, starts_at=0.0, out="")
    return Stage(
        plan=plan,
        units=plan.units,
        address=Address(plan.http, headers={}, ca=None),
        counts=Counts(),
        open=lambda _: None,
        seen=lambda _viewer, _at_s, _frame, _told: None,
        trouble=trouble.append,
    )


def news(state: str) -> bytes:
    return f'{{"kind":"alert","id":"{ALERT}","state":"{state}","version":1}}'.encode()


async def test_the_first_viewer_who_hears_that_a_warning_is_issued_counts() -> None:
    trouble = list[str]()
    stage = a_stage(trouble)
    first, second = (Viewer(number, 4, STEADY, stage) for number in range(2))
    before = time.time()
    first.told(news("draft"))
    assert stage.issued == {}
    second.told(news("issued"))
    heard_at = stage.issued[ALERT]
    first.told(news("issued"))
    assert stage.issued == {ALERT: heard_at}
    assert before <= heard_at
    assert trouble == []


async def test_other_news_of_the_map_are_no_trouble() -> None:
    trouble = list[str]()
    stage = a_stage(trouble)
    viewer = Viewer(0, 4, STEADY, stage)
    viewer.told(b'{"kind":"grids","version":2}')
    viewer.told(b'{"kind":"emergency","id":7,"state":"open"}')
    assert (stage.issued, stage.counts.misfits, stage.counts.news, trouble) == ({}, 0, 2, [])
