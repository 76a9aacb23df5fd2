"""Figures of messages: by day, unit below, provider and state, and how long they took to arrive."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final, TypeVar
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from alerts.core.delivery_times import SPANS, quantile_s
from alerts.store.rollups import DEPTH
from dashboard.api.answers import Id, Problem, answer
from dashboard.api.deliveries import scope_of
from dashboard.api.message_office import MessageOffice
from dashboard.api.organisation_requests import Day
from dashboard.security.rights import CurrentViewer
from dashboard.shapes import Named
from dashboard.store import message_statistics as store
from dashboard.store.message_statistics import Figure, Period, UnitPart
from tracker.model.duty import moment_of

Key = TypeVar("Key", bound=Hashable)
MOST_DAYS: Final = 366
USUAL_DAYS: Final = 14
CHANNELS: Final = {"sms": ("sms", "outbox"), "terminal": ("terminal",), "push": ("push",)}


def router(office: MessageOffice) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/message-statistics")
    async def figures(
        viewer: CurrentViewer,
        unit: Id | None = None,
        first: Annotated[Day | None, Query(alias="from")] = None,
        last: Annotated[Day | None, Query(alias="to")] = None,
        channel: str = "sms",
    ) -> Response:
        period = period_of(first, last, now=office.clock(), zone=office.desk.zone)
        async with office.pool.connection() as connection:
            scope = await scope_of(connection, viewer, unit)
            parts = await store.parts(connection, scope)
            is_kept = await store.is_kept(connection, scope.unit, depth=DEPTH)
            found = await (store.kept if is_kept else store.counted)(connection, scope, period)
            counted_at = await store.counted_at(connection, period) if is_kept else office.clock()
        wanted = [each for each in found if each.channel in CHANNELS.get(channel, CHANNELS["sms"])]
        shown = shape(wanted, parts, period, top=scope.unit)
        return answer(shown | {"counted_at": counted_at, "channel": channel if channel in CHANNELS else "sms"})

    return routes


def period_of(first: date | None, last: date | None, *, now: datetime, zone: ZoneInfo) -> Period:
    """Return the days asked for, the last two weeks if none. Raises Problem 422."""
    end = last or now.astimezone(zone).date()
    begin = first or end - timedelta(days=USUAL_DAYS - 1)
    if not timedelta() <= end - begin < timedelta(days=MOST_DAYS):
        raise Problem(422, "bad_request", f"1 to {MOST_DAYS} days", zh=f"时间范围须为1至{MOST_DAYS}天")
    return Period(
        first=begin,
        last=end,
        since=moment_of(datetime.combine(begin, time()), zone),
        until=moment_of(datetime.combine(end + timedelta(days=1), time()), zone),
        zone=zone.key,
    )


def shape(found: Sequence[Figure], parts: Sequence[UnitPart], period: Period, *, top: int) -> dict[str, Any]:
    names = {part.id: Named(part.id, part.name, part.name_en) for part in parts}
    days = [period.first + timedelta(days=each) for each in range((period.last - period.first).days + 1)]
    by_day = _states(found, lambda each: each.day)
    by_unit = _states(found, lambda each: each.unit)
    return {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "states": _counted(found),
        "times": _times(found),
        "days": [{"day": day.isoformat(), "states": by_day.get(day, {}), **_times_on(found, day)} for day in days],
        "units": [
            {"unit": names[unit], "is_itself": unit == top, "states": states, "times": _times_of(found, unit)}
            for unit, states in sorted(by_unit.items(), key=lambda item: -sum(item[1].values()))
            if unit in names
        ],
        "providers": [
            {"provider": provider, "states": states, "times": _times(_of(found, lambda each: each.provider, provider))}
            for provider, states in sorted(_states(found, lambda each: each.provider).items())
        ],
        "kinds": [
            {"kind": kind, "states": states} for kind, states in sorted(_states(found, lambda each: each.kind).items())
        ],
    }


def _states(found: Iterable[Figure], key: Callable[[Figure], Key]) -> dict[Key, dict[str, int]]:
    counts: dict[Key, Counter[str]] = {}
    for each in found:
        counts.setdefault(key(each), Counter())[each.state] += each.messages
    return {name: dict(states) for name, states in counts.items()}


def _counted(found: Iterable[Figure]) -> dict[str, int]:
    return _states(found, lambda _each: "all").get("all", {})


def _of(found: Iterable[Figure], key: Callable[[Figure], Key], value: Key) -> list[Figure]:
    return [each for each in found if key(each) == value]


def _times_of(found: Iterable[Figure], unit: int) -> dict[str, float | None]:
    return _times(_of(found, lambda each: each.unit, unit))


def _times_on(found: Iterable[Figure], day: date) -> dict[str, Any]:
    return {"times": _times(_of(found, lambda each: each.day, day))}


def _times(found: Iterable[Figure]) -> dict[str, float | None]:
    """Return within how many seconds half and nine tenths of them arrived."""
    counts = [0] * SPANS
    for each in found:
        for span, count in enumerate(each.times):
            counts[span] += count
    return {"p50_s": quantile_s(counts, 0.5), "p90_s": quantile_s(counts, 0.9)}
