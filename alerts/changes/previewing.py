"""Who would be told now, and may they be: the same decision and the same SQL function as at issue; nothing stored."""

from collections import Counter
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from alerts.changes import targets
from alerts.changes.drafting import check_content
from alerts.core import texts
from alerts.core.policy import Policy
from alerts.core.records import Actor, AudiencePreview, Content, Person, UnitName
from alerts.core.texts import Kind, Notice
from alerts.core.words import Words
from alerts.store import audience, authority
from alerts.store.audience import Inside

Connection = AsyncConnection[Any]

SAMPLE: Final = 50  # people shown; the counts are of all
LINK_EXAMPLE: Final = "https://example.invalid/ack/" + "x" * 54  # a link's length counts towards the parts


async def preview(
    connection: Connection, *, by: Actor, content: Content, policy: Policy, now: datetime
) -> AudiencePreview:
    """Raises BadContent for what could not even be drafted."""
    await check_content(connection, content, now=now)
    await targets.check_teams(connection, issuer=by.unit, teams=content.teams)
    judged = await targets.aim(connection, issuer=by.unit, targets=content.targets, level=content.level)
    inside = Inside()
    if content.area is not None and judged.is_allowed:
        inside = await audience.find_inside(connection, area=content.area, unit=by.unit, now=now)
    teams = content.teams if judged.is_allowed else ()
    wanted = audience.Wanted(grids=judged.grids, depth=content.depth, inside=inside, teams=teams)
    await audience.make_room(connection, wanted)
    rows = await audience.preview(connection, wanted, limit=SAMPLE)
    counts = await audience.preview_counts(connection, wanted)
    by_level, by_reason, by_unit = Counter[str](), Counter[str](), Counter[int]()
    for unit, level, why, people in counts:
        by_level[level] += people
        by_reason[why] += people
        if unit is not None:
            by_unit[unit] += people
    return AudiencePreview(
        total=by_reason.total(),
        by_reason=dict(by_reason),
        by_level=dict(by_level),
        by_unit=dict(by_unit),
        sample=tuple(_person(row) for row in rows),
        allowed=judged.is_allowed and by.may_issue,
        explanation=_explained(judged.explanation, by),
        parts=await _parts(connection, by=by, content=content, policy=policy, now=now),
    )


def _explained(explanation: Words, by: Actor) -> Words:
    if by.stands_in_for is None:
        return explanation
    return Words(f"{explanation.zh}（代{by.stands_in_for}）", f"{explanation.en} (standing in for {by.stands_in_for})")


def _person(row: tuple[Any, ...]) -> Person:
    member, name, phone, unit, unit_name, unit_name_en, level, reasons, _total = row
    named = None if unit is None else UnitName(unit, unit_name, unit_name_en, level)
    return Person(member=member, name=name, phone=phone, unit=named, reasons=tuple(reasons))


async def _parts(
    connection: Connection, *, by: Actor, content: Content, policy: Policy, now: datetime
) -> dict[str, int]:
    places = await authority.places(connection, [by.unit])
    notice = Notice(
        kind=Kind.ISSUE,
        level=content.level,
        event=content.event,
        headline=content.headline,
        description=content.description,
        instruction=content.instruction,
        issuer=places[by.unit].words if by.unit in places else Words("", ""),
        made_at=now,
        is_drill=content.is_drill,
    )
    return {language: _parts_in(notice, language, policy) for language in ("zh", "en")}


def _parts_in(notice: Notice, language: str, policy: Policy) -> int:
    body = texts.body(notice, language=language, signature=policy.signature, timezone=policy.timezone)
    return texts.parts(texts.with_link(body, link=LINK_EXAMPLE, language=language))
