"""A rule as data: what is watched where, how long it must hold, how it is told of. See cases.py for time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from alerts.core.levels import Level
from alerts.core.words import Words
from tracker.model.duty import DAY, moment_of

MOST_MINUTES: Final = {"hold_min": 1_440, "clear_min": 1_440, "rest_min": 10_080}
MOST_NAME: Final = 60  # characters; it is the event of what the rule proposes
MOST_INSTRUCTION: Final = 500
MOST_BOUND: Final = 1_000_000


class Kind(StrEnum):
    SOS = "sos"  # somebody pressed the button, and nobody has closed it
    GRID_EMPTY = "grid_empty"  # nobody of a grid is on duty
    SILENT = "silent"  # nothing has been heard of a member
    OUTSIDE = "outside"  # a member is out of all their own grids
    CROWDING = "crowding"  # more members than `bound` are in a grid
    COUNT = "count"  # a count of a unit is below or above `bound`


class Measure(StrEnum):
    """What is counted in a unit and below it. All but the last count its own people, wherever they are."""

    ON_DUTY = "on_duty"
    ONLINE = "online"
    SILENT = "silent"
    OUTSIDE = "outside"
    PRESENT = "present"  # whoever is there, of whatever unit


class Does(StrEnum):
    CASE = "case"
    DRAFT = "draft"
    ISSUE = "issue"


class Threshold(NamedTuple):
    measure: Measure
    is_below: bool
    bound: int

    def is_crossed(self, count: int) -> bool:
        return count < self.bound if self.is_below else count > self.bound


@dataclass(frozen=True, slots=True)
class Quiet:
    """From `starts` until before `ends`, local; over midnight when `ends` comes first."""

    starts: time
    ends: time

    def holds(self, at: datetime, zone: ZoneInfo) -> bool:
        local = at.astimezone(zone).time()
        if self.starts < self.ends:
            return self.starts <= local < self.ends
        return local >= self.starts or local < self.ends

    def end_after(self, at: datetime, zone: ZoneInfo) -> datetime:
        """Return the first moment after `at` at which they end."""
        local = at.astimezone(zone)
        for day in (local.date(), local.date() + DAY, local.date() + 2 * DAY):
            end = moment_of(datetime.combine(day, self.ends), zone)
            if end > at:
                return end
        raise AssertionError("every day has an end")  # pragma: no cover


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What an administrator writes. Times in minutes; `quiet_from` and `quiet_to` are local, or both None."""

    unit: int
    name: str
    kind: Kind
    level: Level
    does: Does = Does.CASE
    measure: Measure | None = None
    is_below: bool = False
    bound: int = 0
    at_level: str | None = None
    together: str | None = None
    on_duty_only: bool = True
    hold_min: int = 5
    clear_min: int = 5
    rest_min: int = 30
    quiet_from: time | None = None
    quiet_to: time | None = None
    instruction: str = ""

    @property
    def hold(self) -> timedelta:
        return timedelta(minutes=self.hold_min)

    @property
    def clear(self) -> timedelta:
        return timedelta(minutes=self.clear_min)

    @property
    def rest(self) -> timedelta:
        return timedelta(minutes=self.rest_min)

    @property
    def quiet(self) -> Quiet | None:
        """Return the hours in which no case opens; a red rule has none."""
        if self.level is Level.RED or self.quiet_from is None or self.quiet_to is None:
            return None
        return Quiet(self.quiet_from, self.quiet_to)

    @property
    def threshold(self) -> Threshold | None:
        """Return what a rule about units compares; None: it is about people."""
        if self.kind is Kind.GRID_EMPTY:
            return Threshold(Measure.ON_DUTY, is_below=True, bound=1)
        if self.kind is Kind.CROWDING:
            return Threshold(Measure.PRESENT, is_below=False, bound=self.bound)
        if self.kind is Kind.COUNT and self.measure is not None:
            return Threshold(self.measure, is_below=self.is_below, bound=self.bound)
        return None


ABOUT_UNITS: Final = frozenset({Kind.GRID_EMPTY, Kind.CROWDING, Kind.COUNT})
# How soon a rule looks again. A press must not wait; all else is told by the minute.
EVERY: Final[Mapping[Kind, timedelta]] = {kind: timedelta(seconds=5 if kind is Kind.SOS else 60) for kind in Kind}


class Fault(NamedTuple):
    """The field that cannot be right, and what to do."""

    field: str
    words: Words


def fault_of(rule: Rule) -> Fault | None:
    """Return the first thing that cannot be right; what units and levels there are is not known here."""
    checks = (_fault_of_texts, _fault_of_minutes, _fault_of_quiet, _fault_of_counts, _fault_of_deed)
    return next((fault for check in checks if (fault := check(rule)) is not None), None)


def _fault_of_texts(rule: Rule) -> Fault | None:
    if not rule.name.strip():
        return Fault("name", Words("请填写规则名称", "name: say what the rule is called"))
    if len(rule.name) > MOST_NAME:
        return Fault("name", Words(f"名称最多{MOST_NAME}个字", f"name: at most {MOST_NAME} characters"))
    if len(rule.instruction) > MOST_INSTRUCTION:
        most = MOST_INSTRUCTION
        return Fault("instruction", Words(f"处置要求最多{most}个字", f"instruction: at most {most} characters"))
    return None


def _fault_of_minutes(rule: Rule) -> Fault | None:
    for name, most in MOST_MINUTES.items():
        if not 0 <= getattr(rule, name) <= most:
            return Fault(name, Words(f"须为0至{most}分钟", f"{name}: 0 to {most} minutes"))
    return None


def _fault_of_quiet(rule: Rule) -> Fault | None:
    if (rule.quiet_from is None) != (rule.quiet_to is None):
        return Fault(
            "quiet_to", Words("免打扰时段须同时填写起止时间", "quiet_to: give both ends of the quiet hours, or none")
        )
    if rule.quiet_from is not None and rule.quiet_from == rule.quiet_to:
        return Fault(
            "quiet_to",
            Words(
                "免打扰的起止时间不能相同；要停用请关闭规则",
                "quiet_to: the two are the same; to silence the rule, switch it off",
            ),
        )
    return None


def _fault_of_counts(rule: Rule) -> Fault | None:
    if rule.kind is Kind.COUNT and rule.measure is None:
        return Fault("measure", Words("请选择统计的人数", "measure: choose what is counted"))
    if rule.kind in ABOUT_UNITS and rule.at_level is None:
        return Fault("at_level", Words("请选择统计到哪一级", "at_level: choose the level whose units are counted"))
    if rule.kind in {Kind.CROWDING, Kind.COUNT} and not 0 <= rule.bound <= MOST_BOUND:
        return Fault("bound", Words(f"须为0至{MOST_BOUND}", f"bound: 0 to {MOST_BOUND}"))
    if rule.kind is Kind.COUNT and rule.is_below and rule.bound == 0:
        return Fault("bound", Words("不会少于0，请填1或以上", "bound: nothing is below 0; give 1 or more"))
    return None


def _fault_of_deed(rule: Rule) -> Fault | None:
    if rule.does is Does.ISSUE and rule.level.facts.needs_second_person:
        return Fault(
            "does",
            Words(
                "橙色和红色预警不能自动发布，请改为拟稿，由人审批",
                "does: orange and red are never issued without a person; let the rule draft them",
            ),
        )
    return None
