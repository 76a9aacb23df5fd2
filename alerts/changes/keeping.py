"""Templates, groups and limits as people keep them: checked, with a revision, each in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from psycopg import AsyncConnection

from alerts.core import message_texts
from alerts.core.circulars import UNLISTED, Limits, numbers_of
from alerts.core.records import Actor
from alerts.store import authority, circulars, message_groups, message_limits, message_templates
from alerts.store.message_groups import Group, GroupRow
from alerts.store.message_templates import TemplateRow, VersionRow
from tracker.organisation.errors import Conflict, Invalid, Unknown

Connection = AsyncConnection[Any]

MOST_LISTED: Final = 10_000  # people and numbers of one list


async def held_template(connection: Connection, template: int, revision: int) -> TemplateRow:
    """Return it, locked. Raises Unknown, or Conflict when somebody saved first."""
    found = await message_templates.lock(connection, template)
    if found is None:
        raise Unknown("there is no such template, or it was deleted", "没有该模板，或已删除")
    if found.revision != revision:
        raise Conflict
    return found


async def add_template(
    connection: Connection, *, unit: int, name: str, text_zh: str, text_en: str, by: Actor, now: datetime
) -> int:
    """Return the id of the new template, at version 1. Raises Invalid."""
    _check_name(name)
    version = _version(1, text_zh, text_en, by=by, now=now)
    made = await message_templates.add(connection, unit=unit, name=name.strip())
    await message_templates.write(connection, made, version)
    return made


async def change_template(
    connection: Connection,
    template: int,
    *,
    revision: int,
    unit: int | None = None,
    name: str | None = None,
    text_zh: str | None = None,
    text_en: str | None = None,
    by: Actor,
    now: datetime,
) -> None:
    """Write what was changed; another text is a new version. Raises Invalid, Unknown or Conflict."""
    before = await held_template(connection, template, revision)
    after_name = before.name if name is None else name
    _check_name(after_name)
    zh = before.text_zh if text_zh is None else text_zh
    en = before.text_en if text_en is None else text_en
    version = before.version
    if (zh, en) != (before.text_zh, before.text_en):
        version += 1
        await message_templates.write(connection, template, _version(version, zh, en, by=by, now=now))
    await message_templates.change(
        connection, template, name=after_name.strip(), unit=before.unit if unit is None else unit, version=version
    )


async def close_template(connection: Connection, template: int, *, revision: int, now: datetime) -> None:
    """Circulars that were sent with it keep their versions."""
    await held_template(connection, template, revision)
    await message_templates.close(connection, template, at=now)


async def held_group(connection: Connection, group: int, revision: int) -> GroupRow:
    found = await message_groups.lock(connection, group)
    if found is None:
        raise Unknown("there is no such group, or it was deleted", "没有该分组，或已删除")
    if found.revision != revision:
        raise Conflict
    return found


async def add_group(connection: Connection, group: Group, members: Sequence[int], *, left: int, right: int) -> int:
    """Return the id of the new group. Raises Invalid."""
    checked = await _checked_group(connection, group, members)
    made = await message_groups.add(connection, checked)
    if checked.kind == "static":
        await message_groups.set_members(connection, made, members, left=left, right=right)
    return made


async def change_group(
    connection: Connection,
    group: int,
    to: Group,
    members: Sequence[int] | None,
    *,
    revision: int,
    left: int,
    right: int,
) -> None:
    await held_group(connection, group, revision)
    checked = await _checked_group(connection, to, members or ())
    await message_groups.change(connection, group, checked)
    if checked.kind == "rule":
        await message_groups.set_members(connection, group, [], left=left, right=right)
    elif members is not None:
        await message_groups.set_members(connection, group, members, left=left, right=right)


async def close_group(connection: Connection, group: int, *, revision: int, now: datetime) -> None:
    await held_group(connection, group, revision)
    await message_groups.close(connection, group, at=now)


async def change_limits(connection: Connection, to: Limits, *, revision: int, now: datetime) -> Limits:
    """Write the limits; return them as they were. Raises Invalid or Conflict.

    In test mode what circulars have queued for numbers that are not listed is withdrawn; switched off, it stays so.
    """
    before = await message_limits.lock(connection)
    if before.revision != revision:
        raise Conflict
    numbers = numbers_of(to.test_numbers)
    if numbers.bad:
        raise Invalid(f"no number: {numbers.bad[0]}", f"号码无效：{numbers.bad[0]}", field="test_numbers")
    if to.is_test and not numbers.good:
        raise Invalid(
            "test mode needs numbers: without any, nobody would be sent anything",
            "测试模式需要至少一个号码，否则所有人都收不到短信",
            field="test_numbers",
        )
    _check_limits(to)
    await message_limits.change(connection, replace(to, test_numbers=numbers.good))
    if to.is_test:
        await circulars.withdraw_unlisted(connection, listed=numbers.good, why=UNLISTED, now=now)
    return before


def _check_limits(to: Limits) -> None:
    for field, text in (("signature_zh", to.signature_zh), ("signature_en", to.signature_en)):
        if not text.strip() or len(text) > 20 or any(mark in text for mark in "【】()%{}"):  # noqa: PLR2004 - carriers'
            raise Invalid(f"{field}: 1 to 20 characters, without brackets", "签名须为1至20个字，不含括号", field=field)
    if not Decimal(0) <= to.price < Decimal(1000):
        raise Invalid("price: 0 to 999.9999", "单价须为0至999.9999", field="price")
    if (to.quiet_from is None) != (to.quiet_to is None):
        raise Invalid("quiet hours have a beginning and an end", "免打扰时段须同时填写开始和结束", field="quiet_to")
    if to.quiet_from is not None and to.quiet_from == to.quiet_to:
        raise Invalid("quiet hours that never end: leave both empty for none", "开始与结束不能相同", field="quiet_to")
    if to.daily_cap is not None and not 1 <= to.daily_cap <= 1_000:  # noqa: PLR2004 - the form's bound
        raise Invalid("daily cap: 1 to 1,000, or empty", "每日上限须为1至1000，或留空", field="daily_cap")
    if not 0 <= to.confirm_above <= 1_000_000:  # noqa: PLR2004 - the form's bound
        raise Invalid("0 to 1,000,000", "须为0至1000000", field="confirm_above")


async def _checked_group(connection: Connection, group: Group, members: Sequence[int]) -> Group:
    _check_name(group.name)
    if group.kind == "rule":
        if group.who is None or group.within is None:
            raise Invalid("choose who, and in which unit", "请选择人员范围和组织", field="within")
        if group.at_level is not None and group.at_level not in await authority.levels(connection):
            raise Invalid(f"there is no level {group.at_level}", f"没有该层级：{group.at_level}", field="at_level")
        return replace(group, numbers=())
    numbers = numbers_of(group.numbers)
    if numbers.bad:
        raise Invalid(f"no number: {numbers.bad[0]}", f"号码无效：{numbers.bad[0]}", field="numbers")
    if not numbers.good and not members:
        raise Invalid("nobody is in it: add people or numbers", "请添加人员或号码", field="members")
    if len(numbers.good) + len(members) > MOST_LISTED:
        most = MOST_LISTED
        raise Invalid(f"at most {most} in a list: make a rule of it", f"名单最多{most}人，请改用规则", field="members")
    return replace(group, numbers=numbers.good, who=None, within=None, at_level=None)


def _version(number: int, text_zh: str, text_en: str, *, by: Actor, now: datetime) -> VersionRow:
    fault = message_texts.fault_of_template(text_zh, text_en)
    if fault is not None:
        raise Invalid(fault.words.en, fault.words.zh, "bad_text", field=fault.field)
    return VersionRow(
        version=number,
        text_zh=text_zh.strip(),
        text_en=text_en.strip(),
        variables=message_texts.to_fill_in(text_zh, text_en),
        made_by=by.account,
        made_by_name="",
        made_at=now,
    )


def _check_name(name: str) -> None:
    if not name.strip():
        raise Invalid("give it a name", "请填写名称", field="name")
