"""Rules and their cases as JSON, cut to a scope: a unit or a member outside it is not named."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from alerts.rule_desk import Standing
from alerts.store.case_reading import CaseRow
from alerts.store.rule_cases import SubjectName
from alerts.store.trials import TrialRow
from dashboard.shapes import Named, Scope
from dashboard.store.places import named_members, named_units


class Names(NamedTuple):
    """Of the units and members of a scope."""

    units: dict[int, Named]
    members: dict[int, Named]


class Ids(NamedTuple):
    units: set[int]
    members: set[int]


def named_in(standings: Iterable[Standing], versions: Sequence[tuple[Any, ...]] = ()) -> Ids:
    """Return what the samples of trials, and older versions, speak of."""
    samples = [
        each
        for standing in standings
        if standing.trial is not None and standing.trial.result
        for each in standing.trial.result.get("sample", ())
    ]
    units = {each["unit"] for each in samples} | {row[1]["unit"] for row in versions}
    return Ids(units, {each["member"] for each in samples if each["member"]})


async def names(connection: AsyncConnection[Any], ids: Ids, scope: Scope) -> Names:
    return Names(
        units=await named_units(connection, list(ids.units), scope),
        members=await named_members(connection, list(ids.members), scope),
    )


def rule(standing: Standing, known: Names) -> dict[str, Any]:
    row = standing.row
    return {
        "id": row.id,
        "unit": Named(row.unit, row.unit_name, row.unit_name_en),
        "name": row.name,
        "kind": row.kind,
        "measure": row.measure,
        "is_below": row.is_below,
        "bound": row.bound,
        "at_level": row.at_level,
        "together": row.together,
        "on_duty_only": row.on_duty_only,
        "level": row.level,
        "does": row.does,
        "hold_min": row.hold_min,
        "clear_min": row.clear_min,
        "rest_min": row.rest_min,
        "quiet_from": None if row.quiet_from is None else f"{row.quiet_from:%H:%M}",
        "quiet_to": None if row.quiet_to is None else f"{row.quiet_to:%H:%M}",
        "instruction": row.instruction,
        "revision": row.revision,
        "is_on": row.is_on,
        "switched_at": row.switched_at,
        "ran_at": row.ran_at,
        "last_fired_at": standing.last_fired_at,
        "open_cases": standing.open_cases,
        "trial": None if standing.trial is None else trial(standing.trial, row.revision, known),
    }


def trial(row: TrialRow, revision: int, known: Names) -> dict[str, Any]:
    """`is_of_now`: it tried the rule as it is now. `findings` are null while it runs, and when it was overtaken."""
    return {
        "is_of_now": row.revision == revision,
        "since": row.since,
        "until": row.until,
        "asked_at": row.asked_at,
        "pieces": row.pieces,
        "done": row.done,
        "finished_at": row.finished_at,
        "findings": _findings(row.result, known) if row.result else None,
    }


def _findings(result: Any, known: Names) -> dict[str, Any]:
    sample = [
        {
            "unit": known.units[each["unit"]],
            "member": known.members.get(each["member"] or 0),
            "opened_at": each["opened_at"],
            "ended_at": each["ended_at"],
            "subjects": each["subjects"],
        }
        for each in result["sample"]
        if each["unit"] in known.units
    ]
    return {**result, "sample": sample}


def version(row: tuple[Any, ...], known: Names) -> dict[str, Any]:
    revision, content, account, account_name, made_at = row
    return {
        "revision": revision,
        "content": {**content, "unit": known.units.get(content["unit"])},
        "made_by": Named(account, account_name),
        "made_at": made_at,
    }


def case(row: CaseRow, scope: Scope) -> dict[str, Any]:
    """What a rule of a unit above proposed, and why it could not, is told there."""
    is_ours = scope.holds(row.rule_left)
    return {
        "id": row.id,
        "rule": Named(row.rule, row.rule_name),
        "kind": row.kind,
        "measure": row.measure,
        "is_below": row.is_below,
        "bound": row.bound,
        "level": row.level,
        "unit": Named(row.unit, row.unit_name, row.unit_name_en),
        "member": None
        if row.member is None
        else {"id": row.member, "name": row.member_name or "", "phone": row.member_phone},
        "opened_at": row.opened_at,
        "seen_at": row.seen_at,
        "count": row.subjects,
        "taken_at": row.taken_at,
        "taken_by": None if row.taken_by is None else Named(row.taken_by, row.taken_by_name or ""),
        "ended_at": row.ended_at,
        "ended_by": None if row.ended_by is None else Named(row.ended_by, row.ended_by_name or ""),
        "alert": {"id": row.alert, "state": row.alert_state} if is_ours and row.alert is not None else None,
        "trouble": row.trouble if is_ours else "",
    }


def subject(each: SubjectName) -> dict[str, Any]:
    return {
        "unit": Named(each.unit, each.unit_name, each.unit_name_en),
        "member": None if each.member is None else Named(each.member, each.member_name or ""),
        "since": each.since,
    }
