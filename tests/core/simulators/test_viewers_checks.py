"""What a viewer makes of frames, and that every fault in their sequence is found: faulty sequences are fed here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from dashboard.live import frames as server
from simulators.viewers.frames import REMOVED
from simulators.viewers.gallery import Gallery
from simulators.viewers.plan import Counts
from simulators.viewers.subscription import Subscription

UNIT, EPOCH = 4, 77
LI, WANG, ZHAO = 101, 102, 103
FAULTS = ("out_of_order", "gaps", "strangers", "beyond_credit", "misfits")

Row = tuple[int, int, int]  # member, lon, received_at_s


def points(
    tick: int, *rows: Row, new: bool = False, epoch: int = EPOCH, gone: Iterable[int] = (), unit: int = UNIT
) -> bytes:
    """A delta, or with `new` a snapshot; `lat` is twice `lon`."""
    kind = server.Kind.SNAPSHOT if new else server.Kind.DELTA
    left = [(member, 0, 0) for member in gone]
    member, lon, received_at_s = np.array([*rows, *left], np.int64).reshape(-1, 3).T
    state = np.array([0] * len(rows) + [REMOVED] * len(left))
    zeros = np.zeros(len(member), np.int64)
    return server.of_points(
        server.Stamp(kind=kind, epoch=epoch, tick=tick, server_time_ms=0.0, unit=unit),
        server.Points(
            member=member,
            lon=lon,
            lat=2 * lon,
            received_at_s=received_at_s,
            interval_s=zeros,
            battery_pct=zeros,
            state=state,
        ),
    )


def counts(tick: int, *rows: tuple[int, int]) -> bytes:
    """Counts by grid: (grid, people on-line)."""
    grid, online = np.array(rows, np.int64).reshape(-1, 2).T
    zeros = np.zeros(len(grid), np.int64)
    return server.of_counts(
        server.Stamp(kind=server.Kind.COUNTS, epoch=EPOCH, tick=tick, server_time_ms=0.0, unit=UNIT),
        server.GridCounts(unit=grid, online=online, silent=zeros, total=online, sos=zeros),
    )


@dataclass
class Watching:
    """A viewer who acknowledges at once."""

    gallery: Gallery = field(default_factory=Gallery)
    counts: Counts = field(default_factory=Counts)
    members: Sequence[int] | None = None

    def __post_init__(self) -> None:
        allowed = None if self.members is None else np.array(sorted(self.members), np.uint32)
        self.seen = Subscription(UNIT, gallery=self.gallery, counts=self.counts, members=allowed)
        self.seen.watch()

    def hear(self, *frames: bytes) -> list[tuple[int, ...]]:
        """Return the rows that the last one told."""
        told = self.seen.picture.places[:0]
        for data in frames:
            frame = self.seen.arrive(data)
            self.seen.acknowledge(frame)
            told = self.seen.take(frame, data)
        return told.tolist()

    @property
    def held(self) -> list[tuple[int, int]]:
        return [(member, lon) for member, lon, _lat, _at in self.seen.picture.places.tolist()]

    @property
    def faults(self) -> dict[str, int]:
        return {name: getattr(self.counts, name) for name in FAULTS if getattr(self.counts, name)}


def test_a_snapshot_and_what_changed_since_make_the_picture() -> None:
    viewer = Watching()
    viewer.hear(
        points(5, (ZHAO, 30, 1), (LI, 10, 1), new=True), points(6, (LI, 11, 2), (WANG, 20, 2)), points(7, gone=[ZHAO])
    )
    assert viewer.held == [(LI, 11), (WANG, 20)]
    assert (viewer.counts.snapshots, viewer.counts.deltas, viewer.faults) == (1, 2, {})


def test_only_rows_that_are_other_than_before_are_told() -> None:
    viewer = Watching()
    viewer.hear(points(5, (LI, 10, 1), (WANG, 20, 1), new=True))
    assert viewer.hear(points(6, (LI, 10, 1), (WANG, 21, 2), (ZHAO, 30, 2))) == [(WANG, 21, 42, 2), (ZHAO, 30, 60, 2)]


def test_a_quiet_tick_changes_nothing() -> None:
    viewer = Watching()
    viewer.hear(points(5, (LI, 10, 1), new=True))
    before = viewer.seen.picture
    assert viewer.hear(points(6)) == []
    assert viewer.seen.picture is before


def test_viewers_who_come_different_ways_to_the_same_hold_one_picture() -> None:
    quick, late = (Watching(gallery=gallery) for gallery in [Gallery()] * 2)
    quick.hear(points(5, (LI, 10, 1), new=True), points(6, (LI, 11, 2)), points(7, (WANG, 20, 3)))
    late.hear(points(5, (LI, 10, 1), new=True), points(7, (LI, 11, 2), (WANG, 20, 3)))
    assert late.seen.picture is quick.seen.picture
    assert quick.faults == late.faults == {}


def test_a_frame_sent_twice_is_found() -> None:
    viewer = Watching()
    again = points(6, (LI, 11, 2))
    viewer.hear(points(5, (LI, 10, 1), new=True), again, again)
    assert viewer.faults == {"out_of_order": 1}


def test_two_frames_in_the_wrong_order_are_found() -> None:
    viewer = Watching()
    viewer.hear(points(5, (LI, 10, 1), new=True), points(7, (LI, 12, 3)), points(6, (WANG, 20, 2)))
    assert viewer.faults == {"out_of_order": 1}


def test_a_member_who_goes_back_in_time_is_found() -> None:
    viewer = Watching()
    viewer.hear(points(5, (LI, 10, 8), new=True), points(7, (LI, 9, 7)))
    assert viewer.faults == {"out_of_order": 1}


def test_a_frame_that_one_viewer_never_got_is_found_a_tick_later() -> None:
    quick, late = (Watching(gallery=gallery) for gallery in [Gallery()] * 2)
    first, second, third = points(5, (LI, 10, 1), new=True), points(6, (LI, 11, 2)), points(7, (WANG, 20, 3))
    quick.hear(first, second, third)
    late.hear(first, third)
    assert (quick.faults, late.faults) == ({}, {"gaps": 1})


def test_rows_that_a_merged_frame_leaves_out_are_found() -> None:
    quick, slow = (Watching(gallery=gallery) for gallery in [Gallery()] * 2)
    first = points(5, (LI, 10, 1), (WANG, 20, 1), (ZHAO, 30, 1), new=True)
    quick.hear(first, points(6, (LI, 11, 2), (WANG, 21, 2)), points(7, (ZHAO, 31, 3)), points(8))
    slow.hear(first, points(8, (ZHAO, 31, 3)))
    assert slow.faults == {"gaps": 2}


def test_a_frame_made_late_in_a_tick_may_know_more() -> None:
    quick, newcomer = (Watching(gallery=gallery) for gallery in [Gallery()] * 2)
    quick.hear(points(5, (LI, 10, 1), new=True), points(6, (LI, 11, 2)))
    newcomer.hear(points(6, (LI, 12, 3), new=True))
    quick.hear(points(7, (LI, 12, 3)))
    newcomer.hear(points(7, (LI, 12, 3)))
    assert quick.seen.picture is newcomer.seen.picture
    assert quick.faults == newcomer.faults == {}


def test_a_viewer_who_comes_back_names_epoch_and_tick_and_is_sent_what_changed() -> None:
    viewer = Watching()
    viewer.hear(points(5, (LI, 10, 1), new=True))
    assert msgspec.json.decode(viewer.seen.watch()) == {"op": "watch", "unit": UNIT, "epoch": EPOCH, "tick": 5}
    viewer.hear(points(9, (LI, 11, 2)))
    assert viewer.held == [(LI, 11)]
    assert (viewer.counts.resumes, viewer.faults) == (1, {})


def test_a_snapshot_where_changes_were_asked_for_is_found() -> None:
    viewer = Watching()
    viewer.hear(points(5, (LI, 10, 1), new=True))
    viewer.seen.watch()
    viewer.hear(points(9, (LI, 11, 2), new=True))
    assert viewer.faults == {"gaps": 1}


def test_changes_without_a_picture_to_change_are_found() -> None:
    viewer = Watching()
    viewer.hear(points(5, (LI, 10, 1)))
    assert viewer.faults == {"gaps": 1}


def test_another_epoch_begins_with_a_snapshot_and_its_ticks_and_times_begin_anew() -> None:
    viewer = Watching()
    viewer.hear(points(500, (LI, 10, 9), (WANG, 20, 9), new=True), points(2, (LI, 10, 7), new=True, epoch=EPOCH + 1))
    assert viewer.held == [(LI, 10)]
    assert viewer.faults == {}


def test_changes_of_another_epoch_are_found() -> None:
    viewer = Watching()
    viewer.hear(points(5, (LI, 10, 1), new=True), points(6, (LI, 11, 2), epoch=EPOCH + 1))
    assert viewer.faults == {"gaps": 1}


def test_a_member_of_another_unit_is_found() -> None:
    viewer = Watching(members=[WANG, LI])
    viewer.hear(points(5, (LI, 10, 1), new=True), points(6, (ZHAO, 30, 2), (WANG, 20, 2)))
    assert viewer.faults == {"strangers": 1}


def test_a_member_said_twice_in_a_frame_is_found() -> None:
    viewer = Watching()
    viewer.hear(points(5, (LI, 10, 1), (LI, 11, 1), new=True))
    assert viewer.faults == {"misfits": 1}


def test_a_third_frame_before_the_first_was_acknowledged_is_found() -> None:
    viewer = Watching()
    frames = [viewer.seen.arrive(points(tick, (LI, tick, tick), new=tick == 5)) for tick in (5, 6)]
    assert viewer.faults == {}
    viewer.seen.arrive(points(7, (LI, 7, 7)))
    assert viewer.faults == {"beyond_credit": 1}
    for frame in frames:
        viewer.seen.acknowledge(frame)
    viewer.seen.arrive(points(8))
    assert viewer.faults == {"beyond_credit": 1}


def test_frames_of_a_unit_left_just_now_change_nothing_and_cost_no_credit() -> None:
    viewer = Watching()
    viewer.hear(points(5, (LI, 10, 1), new=True))
    for tick in (6, 7, 8):
        stale = points(tick, (ZHAO, 30, 2), unit=UNIT + 1)
        assert len(viewer.seen.take(viewer.seen.arrive(stale), stale)) == 0
    assert viewer.held == [(LI, 10)]
    assert viewer.faults == {}


def test_above_street_level_counts_by_grid_and_who_needs_help_are_one_picture() -> None:
    viewer = Watching()
    viewer.hear(counts(5, (8, 10), (9, 20)), points(5, new=True), counts(6, (9, 21)), points(6, (LI, 10, 1)))
    grids = viewer.seen.picture.grids
    assert grids is not None
    assert [(row["grid"], row["online"]) for row in grids] == [(8, 10), (9, 21)]
    assert viewer.held == [(LI, 10)]
    assert (viewer.counts.summaries, viewer.faults) == (2, {})


def test_counts_without_their_points_are_found_and_asked_for_again() -> None:
    viewer = Watching()
    viewer.hear(counts(5, (8, 10)), points(5, new=True), counts(6, (8, 11)), counts(7, (8, 12)), points(7))
    assert viewer.faults == {"gaps": 1}
    viewer.hear(counts(8, (8, 13)))
    assert msgspec.json.decode(viewer.seen.watch())["tick"] == 7


def test_a_unit_that_grew_to_a_summary_is_sent_anew() -> None:
    viewer = Watching()
    viewer.hear(points(5, (LI, 10, 1), new=True), counts(6, (8, 10)), points(6, new=True))
    assert (viewer.held, viewer.faults) == ([], {})


def test_points_held_from_before_a_unit_became_a_summary_are_found() -> None:
    viewer = Watching()
    viewer.hear(points(5, (LI, 10, 1), new=True), counts(6, (8, 10)), points(6))
    assert viewer.faults == {"gaps": 1}
