"""One circular: who it goes to and what it says are settled, kept, and its messages queued, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from alerts.core import circulars as rules
from alerts.core import message_texts, texts
from alerts.core.circulars import ConfirmBy, Limits, Move, State
from alerts.core.errors import NotAllowed
from alerts.core.message_texts import PERSONAL, Signature
from alerts.core.records import Actor
from alerts.core.words import Words
from alerts.store import circulars, message_limits, message_templates, recipients
from alerts.store.circulars import CircularRow, Draft
from alerts.store.recipients import Bounds, Counted, Recipient, Units, Wanted
from tracker.organisation.errors import Conflict, Invalid, Unknown

Connection = AsyncConnection[Any]

NO_DAY: Final = date(2000, 1, 1)  # on which nobody was sent anything
SHOWN: Final = 20  # of the recipients in a preview, and of those left out for each reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants to send. `left` and `right`: whom they may write to. Numbers are as they were typed."""

    unit: int
    left: int
    right: int
    text_zh: str = ""
    text_en: str = ""
    template: int | None = None
    version: int | None = None  # of the template; None: the newest
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    members: Sequence[int] = ()
    teams: Sequence[int] = ()
    groups: Sequence[int] = ()
    units: Sequence[Units] = ()
    numbers: Sequence[str] = ()
    due_at: datetime | None = None

    def said(self) -> dict[str, Any]:
        """Return what a retry must say again."""
        return {
            "unit": self.unit,
            "text_zh": self.text_zh,
            "text_en": self.text_en,
            "template": self.template,
            "version": self.version,
            "values": dict(self.values),
            "members": list(self.members),
            "teams": list(self.teams),
            "groups": list(self.groups),
            "units": [{"unit": each.unit, "who": each.who, "at_level": each.at_level} for each in self.units],
            "numbers": list(self.numbers),
            "due_at": None if self.due_at is None else self.due_at.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be sent to whom, when, and for how much."""

    counted: Counted
    repeated: int  # numbers that were typed more than once
    price: Decimal
    currency: str
    leaves_at: datetime
    waits_for_quiet: bool
    is_test: bool
    confirm_by: ConfirmBy | None
    sample_zh: str
    sample_en: str
    parts_zh: int  # of the text as it is shown
    parts_en: int
    people: Sequence[Recipient] = ()
    left_out: Sequence[Recipient] = ()

    @property
    def cost(self) -> Decimal:
        return self.price * self.counted.parts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    zh: str
    en: str
    template: int | None
    version: int | None


async def plan(connection: Connection, asked: Asked, *, limits: Limits, now: datetime, zone: ZoneInfo) -> Plan:
    """Settle everything but the sending. Raises Invalid. What is chosen stays in this transaction's table."""
    text = await _text_of(connection, asked)
    return await _plan(connection, asked, text, limits=limits, now=now, zone=zone)


async def who(connection: Connection, asked: Asked, *, day: date) -> tuple[Counted, list[Recipient]]:
    """Return who is meant and can be written to, and the first of them; no text, no cap and no test mode."""
    numbers = _numbers(asked)
    bounds = Bounds(
        left=asked.left,
        right=asked.right,
        day=day,
        daily_cap=None,
        only=None,
        has_values=False,
        parts_zh=0,
        parts_en=0,
        pattern_zh="",
        pattern_en="",
    )
    await recipients.choose(connection, _wanted(asked, numbers), bounds)
    return await recipients.counted(connection), await recipients.sample(connection, left_out=False, limit=SHOWN)


async def send(
    connection: Connection,
    circular: UUID,
    asked: Asked,
    *,
    by: Actor,
    confirmed: int | None,
    now: datetime,
    zone: ZoneInfo,
) -> bool:
    """Keep the circular and queue its messages; return False when it was sent before: then nothing is done.

    Raises Invalid, Conflict when the id stands for another one, or when it is not confirmed as the limits ask.
    """
    limits = await message_limits.lock(connection)
    before = await circulars.find(connection, circular)
    if before is not None:
        if before.created_by != by.account or {"version": None, **before.asked} != asked.said():
            raise Conflict("this id was sent with something else", "该编号已用于另一条群发", "id_taken")
        return False
    text = await _text_of(connection, asked)
    made = await _plan(connection, asked, text, limits=limits, now=now, zone=zone)
    if made.counted.recipients == 0:
        raise Invalid(
            "nobody would be sent it: choose recipients, and see who is left out and why",
            "没有可发送的收件人：请选择收件人，并查看被排除的原因",
            "nobody",
            field="recipients",
        )
    if made.confirm_by is ConfirmBy.NUMBER and confirmed != made.counted.recipients:
        count = made.counted.recipients
        raise Conflict(
            f"it goes to {count} people: type that number to confirm",
            f"将发送给{count}人：请输入该人数以确认",
            "not_confirmed",
        )
    waits = made.confirm_by is ConfirmBy.PERSON
    await _keep(connection, circular, asked, text, made, limits=limits, by=by, waits=waits, now=now)
    await recipients.freeze(connection, circular, day=rules.day_of(made.leaves_at, zone))
    if not waits:
        await _enqueue(connection, circular, leaves_at=made.leaves_at, now=now)
    return True


async def release(connection: Connection, circular: UUID, *, by: Actor, now: datetime, zone: ZoneInfo) -> None:
    """A second person lets it go: to the recipients that were frozen, not in quiet hours.

    Less who wrote STOP since, and in test mode who is not on its list.
    """
    row = await _held(connection, circular)
    state = rules.after(State(row.state), Move.RELEASE)
    if row.created_by == by.account:
        raise NotAllowed(
            Words("不能由发起人本人确认，请由另一人确认", "whoever made it cannot let it go: ask another one")
        )
    limits = await message_limits.lock(connection)
    leaves_at = rules.leaves_at(row.due_at, now=now, limits=limits, zone=zone)
    await circulars.decide(connection, circular, state=state, account=by.account, at=now)
    await circulars.put_off(connection, circular, leaves_at)
    await recipients.move(connection, circular, day=rules.day_of(leaves_at, zone))
    await recipients.judge_again(connection, circular, only=limits.test_numbers if limits.is_test else None)
    await _enqueue(connection, circular, leaves_at=leaves_at, now=now)


async def decline(connection: Connection, circular: UUID, *, by: Actor, now: datetime) -> None:
    row = await _held(connection, circular)
    state = rules.after(State(row.state), Move.DECLINE)
    await circulars.decide(connection, circular, state=state, account=by.account, at=now)


async def cancel(connection: Connection, circular: UUID, *, by: Actor, now: datetime) -> int:
    """Stop what has not left yet; return how many messages that were."""
    row = await _held(connection, circular)
    state = rules.after(State(row.state), Move.CANCEL)
    await circulars.decide(connection, circular, state=state, account=by.account, at=now)
    return await circulars.stop(connection, circular, why="cancelled before it left", now=now)


async def _held(connection: Connection, circular: UUID) -> CircularRow:
    row = await circulars.lock(connection, circular)
    if row is None:
        raise Unknown("there is no such circular", "没有该群发")
    return row


async def _text_of(connection: Connection, asked: Asked) -> _Text:
    if asked.template is None:
        return _Text(zh=asked.text_zh, en=asked.text_en, template=None, version=None)
    row = await message_templates.find(connection, asked.template)
    if row is None:
        raise Unknown("there is no such template, or it was deleted", "没有该模板，或已删除")
    wanted = row.version if asked.version is None else asked.version
    for version in await message_templates.versions(connection, asked.template):
        if version.version == wanted:
            return _Text(zh=version.text_zh, en=version.text_en, template=asked.template, version=wanted)
    raise Unknown("the template has no such version", "模板没有该版本")


async def _plan(
    connection: Connection, asked: Asked, text: _Text, *, limits: Limits, now: datetime, zone: ZoneInfo
) -> Plan:
    signature = Signature(zh=limits.signature_zh, en=limits.signature_en)
    fault = message_texts.fault_of_sending(
        text.zh, text.en, asked.values, signature=signature, is_template=text.template is not None
    )
    if fault is not None:
        raise Invalid(fault.words.en, fault.words.zh, "bad_text", field=fault.field)
    _check_time(asked.due_at, now)
    numbers = _numbers(asked)
    leaves_at = rules.leaves_at(asked.due_at, now=now, limits=limits, zone=zone)
    wanted = _wanted(asked, numbers)
    await recipients.choose(connection, wanted, _bounds(asked, text, signature, limits, rules.day_of(leaves_at, zone)))
    counted = await recipients.counted(connection)
    people = await recipients.sample(connection, left_out=False, limit=SHOWN)
    left_out = await recipients.sample(connection, left_out=True, limit=SHOWN)
    values = {**asked.values, **_values_of(people)}
    sample_zh = message_texts.sample(text.zh, values, language="zh", signature=signature)
    sample_en = message_texts.sample(text.en, values, language="en", signature=signature)
    return Plan(
        counted=counted,
        repeated=numbers.repeated,
        price=limits.price,
        currency=limits.currency,
        leaves_at=leaves_at,
        waits_for_quiet=leaves_at > max(now, asked.due_at or now),
        is_test=limits.is_test,
        confirm_by=limits.confirms(counted.recipients),
        sample_zh=sample_zh,
        sample_en=sample_en,
        parts_zh=texts.parts(sample_zh) if sample_zh else 0,
        parts_en=texts.parts(sample_en) if sample_en else 0,
        people=people,
        left_out=left_out,
    )


def _check_time(due_at: datetime | None, now: datetime) -> None:
    if due_at is None or now <= due_at <= now + rules.LATEST:
        return
    if due_at < now:
        raise Invalid("this moment has passed: send it now, or choose a later one", "该时间已过", field="due_at")
    days = rules.LATEST.days
    raise Invalid(f"at most {days} days ahead", f"最多可提前{days}天", field="due_at")


def _numbers(asked: Asked) -> rules.Numbers:
    if len(asked.numbers) > rules.MOST_NUMBERS:
        most = rules.MOST_NUMBERS
        raise Invalid(f"at most {most} numbers: make a group of them", f"最多{most}个号码", field="numbers")
    return rules.numbers_of(asked.numbers)


def _wanted(asked: Asked, numbers: rules.Numbers) -> Wanted:
    return Wanted(
        members=asked.members,
        teams=asked.teams,
        groups=asked.groups,
        units=asked.units,
        numbers=numbers.good,
        bad=numbers.bad,
    )


def _bounds(asked: Asked, text: _Text, signature: Signature, limits: Limits, day: date) -> Bounds:
    zh = message_texts.pattern(text.zh, asked.values, language="zh", signature=signature)
    en = message_texts.pattern(text.en, asked.values, language="en", signature=signature)
    is_personal = message_texts.is_personal(text.zh), message_texts.is_personal(text.en)
    return Bounds(
        left=asked.left,
        right=asked.right,
        day=day,
        daily_cap=limits.daily_cap,
        only=limits.test_numbers if limits.is_test else None,
        has_values=any(is_personal),
        parts_zh=None if is_personal[0] else texts.parts(zh.replace("%%", "%")),
        parts_en=None if is_personal[1] else texts.parts(en.replace("%%", "%")),
        pattern_zh=zh,
        pattern_en=en,
    )


def _values_of(people: Sequence[Recipient]) -> dict[str, str]:
    """Return the first recipient's own values, so that a preview reads as they will."""
    if not people or people[0].member is None:
        return {}
    own = dict.fromkeys(PERSONAL, "")
    return own | {"name": people[0].name, "unit": people[0].unit_name or ""}


async def _keep(
    connection: Connection,
    circular: UUID,
    asked: Asked,
    text: _Text,
    made: Plan,
    *,
    limits: Limits,
    by: Actor,
    waits: bool,
    now: datetime,
) -> None:
    signature = Signature(zh=limits.signature_zh, en=limits.signature_en)
    await circulars.add(
        connection,
        Draft(
            id=circular,
            unit=asked.unit,
            state=State.WAITING if waits else State.SENDING,
            asked=asked.said(),
            text_zh=message_texts.fill_in(text.zh, asked.values),
            text_en=message_texts.fill_in(text.en, asked.values),
            pattern_zh=message_texts.pattern(text.zh, asked.values, language="zh", signature=signature),
            pattern_en=message_texts.pattern(text.en, asked.values, language="en", signature=signature),
            template=text.template,
            template_version=text.version,
            recipients=made.counted.recipients,
            left_out=sum(made.counted.left_out.values()),
            parts=made.counted.parts,
            price=limits.price,
            currency=limits.currency,
            due_at=asked.due_at,
            leaves_at=made.leaves_at,
            created_by=by.account,
            created_at=now,
        ),
    )


async def _enqueue(connection: Connection, circular: UUID, *, leaves_at: datetime, now: datetime) -> None:
    row = await _held(connection, circular)
    await circulars.enqueue(
        connection,
        row,
        now=now,
        not_before=leaves_at if leaves_at > now else None,
        expires_at=leaves_at + rules.VALID_FOR,
    )
