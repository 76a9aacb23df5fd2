"""A received message read for one account: what a draft would say, whom it would warn, and which warning it belongs to.

Read anew whenever it is looked at: units, grids and warnings change while a message waits. Nothing is stored.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from alerts.changes import views
from alerts.core import areas, cap_in, cap_mapping, cap_states, cap_targets
from alerts.core.cap_in import Incoming
from alerts.core.cap_mapping import Suggestion
from alerts.core.cap_signatures import Signature
from alerts.core.cap_states import Offer, Says
from alerts.core.cap_targets import Touch
from alerts.core.levels import Level
from alerts.core.records import Actor, AlertHead, UnitName
from alerts.core.words import Words
from alerts.store import authority, cap_messages, cap_places, reading
from alerts.store.cap_messages import MessageRow

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """`targets` is what a draft names: the units, or the issuer itself where the area touches all there are."""

    units: tuple[tuple[UnitName, Touch], ...] = ()
    targets: tuple[UnitName, ...] = ()
    notes: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A message beside what it would be here. `earlier`: the message before it; `alert`: the warning it belongs to."""

    row: MessageRow
    message: Incoming
    suggestion: Suggestion | None
    touched: Touched
    earlier: MessageRow | None
    alert: AlertHead | None
    offer: Offer
    notes: tuple[Words, ...]


async def read(
    connection: Connection, row: MessageRow, *, by: Actor, within: int, now: datetime, info: int | None = None
) -> Reading:
    """Read a message for `by`, who issues for `by.unit` and sees `within`. Raises IndexError for an unknown `info`."""
    message = cap_in.read(await cap_messages.document(connection, row.id))
    suggestion = cap_mapping.suggest(message, now=now, info=info)
    touched = Touched() if suggestion is None else await _touched(connection, suggestion, by=by, now=now)
    earlier, alert = await _earlier(connection, row, within=within)
    said = cap_states.says(message.kind, is_over=suggestion is not None and suggestion.is_over)
    is_same = suggestion is not None and alert is not None and alert.content.level == suggestion.level.value
    offer = cap_states.offer(said, None if alert is None else alert.state, is_same_level=is_same)
    return Reading(
        row=row,
        message=message,
        suggestion=None if suggestion is None else cap_mapping.without_past_end(suggestion, now=now),
        touched=touched,
        earlier=earlier,
        alert=alert,
        offer=offer,
        notes=(
            *(() if suggestion is None else suggestion.notes),
            *touched.notes,
            *_about_signature(row),
            *_about_earlier(message, said, earlier, alert, offer),
        ),
    )


async def _earlier(
    connection: Connection, row: MessageRow, *, within: int
) -> tuple[MessageRow | None, AlertHead | None]:
    """Return the newest message that this one refers to, and the warning that the newest of them became."""
    referred = await cap_messages.of_keys(connection, unit=row.unit, keys=row.refers_to) if row.refers_to else []
    drafted = next((one for one in referred if one.alert is not None), None)
    if drafted is None or drafted.alert is None:
        return (referred[0] if referred else None), None
    return drafted, await _visible(connection, drafted.alert, within=within)


async def _visible(connection: Connection, alert: UUID, *, within: int) -> AlertHead | None:
    found = await views.heads(connection, within=within, only=alert, limit=1)
    return found[0] if found else None


async def _touched(connection: Connection, suggestion: Suggestion, *, by: Actor, now: datetime) -> Touched:
    """Find the units of the highest level that the issuer may target, by outline and by code."""
    places = await authority.places(connection, [by.unit])
    issuer = places.get(by.unit)
    level = Level(suggestion.level.value)
    target = None
    if issuer is not None:
        rules, ranks = await authority.rules(connection), await authority.levels(connection)
        target = cap_targets.target_level(issuer_level=issuer.level, level=level, rules=rules, ranks=ranks)
    if issuer is None or target is None:
        return Touched(
            notes=(Words("本级无权发布此级别的预警", "your unit's level may not issue warnings of this level"),)
        )
    by_outline: list[Touch] = []
    if suggestion.area is not None:
        box = areas.bounds(suggestion.area)
        outlined = await cap_places.outlined(connection, below=by.unit, level=target, box=box, now=now)
        by_outline = cap_targets.touched(suggestion.area, [(one.unit, one.outline) for one in outlined])
    codes = cap_targets.codes_of(suggestion.codes)
    coded = await cap_places.coded(
        connection, below=by.unit, level=target, codes=codes.exact, divisions=codes.divisions
    )
    found = cap_targets.merged([by_outline, [Touch(unit, None) for unit in coded]])
    return await _named(connection, found, issuer=by.unit, level=target, is_drawn=suggestion.area is not None)


async def _named(connection: Connection, found: list[Touch], *, issuer: int, level: str, is_drawn: bool) -> Touched:
    if not found:
        return Touched(notes=(_nowhere(is_drawn=is_drawn),))
    names = await reading.unit_names(connection, [issuer, *(touch.unit for touch in found)])
    every = await authority.descendants(connection, unit=issuer, level=level)
    order = {unit: number for number, unit in enumerate(every)}
    units = sorted(
        ((names[touch.unit], touch) for touch in found if touch.unit in names), key=lambda one: order[one[1].unit]
    )
    is_all = len(units) == len(every) > 1
    return Touched(units=tuple(units), targets=(names[issuer],) if is_all else tuple(name for name, _ in units))


def _nowhere(*, is_drawn: bool) -> Words:
    if is_drawn:
        return Words(
            "其区域不涉及本单位的任何网格；如仍要发布，请自行选择对象",
            "its area touches none of your units: choose by hand whom to warn",
        )
    return Words(
        "它没有给出可识别的区域；请按其文字自行选择对象",
        "it names no area that is known here: choose by hand, from its words",
    )


def _about_signature(row: MessageRow) -> tuple[Words, ...]:
    if row.signature != Signature.UNCHECKED:
        return ()
    return (Words("带有数字签名但未核验：没有配置受信任的证书", "signed, not checked: no certificate is configured"),)


def _about_earlier(
    message: Incoming, said: Says, earlier: MessageRow | None, alert: AlertHead | None, offer: Offer
) -> tuple[Words, ...]:
    if not message.references:
        return ()
    if earlier is None:
        return (Words("它所指的前一份报文没有收到过", "the earlier message that it refers to was never received here"),)
    if alert is None and said is not Says.THERE:
        return (
            Words(
                "前一份报文没有转为预警，无需解除，可以忽略",
                "the earlier message never became a warning: dismiss this one",
            ),
        )
    if alert is not None and offer is Offer.NOTHING:
        return (Words("对应的预警已是这个状态，无需再变更", "its warning stands like that already: nothing to change"),)
    return ()
