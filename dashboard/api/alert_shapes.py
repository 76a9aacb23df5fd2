"""Alerts as JSON."""

from collections.abc import Callable
from typing import Any, Final

import shapely
from msgspec import Raw

from alerts.core.records import (
    AccountName,
    AlertHead,
    AudiencePreview,
    Passing,
    Person,
    Proposal,
    Reach,
    UnitName,
    Version,
)
from alerts.core.states import AlertMove
from dashboard.shapes import Named

# The path of the request that makes the move
WORDS_OF_MOVES: Final = {move: move.value for move in AlertMove} | {
    AlertMove.CHANGE_LEVEL: "level",
    AlertMove.PROPOSE_LEVEL: "propose",
}


def alert(found: AlertHead, reach: Reach, is_shown: Callable[[int], bool]) -> dict[str, Any]:
    """Targets that are not `is_shown` are left out: an alert of the city names streets of others too."""
    content = found.content
    return {
        "id": found.id,
        "identifier": found.identifier,
        "state": found.state,
        "version": found.version,
        "level": content.level,
        "event": content.event,
        "headline": content.headline,
        "description": content.description,
        "instruction": content.instruction,
        "unit": named(found.unit),
        "targets": [named(target) for target in found.targets if is_shown(target.id)],
        "teams": [Named(team.id, team.name) for team in found.teams if is_shown(team.unit)],
        "depth": content.depth,
        "area": None if content.area is None else Raw(shapely.to_geojson(shapely.from_wkb(content.area)).encode()),
        "is_drill": content.is_drill,
        "created_at": found.created_at,
        "issued_at": found.issued_at,
        "ended_at": found.ended_at,
        "expires_at": content.expires_at,
        "created_by": named(found.created_by),
        "moves": [WORDS_OF_MOVES[move] for move in found.moves],
        "reach": reach,
        "proposal": None if found.proposal is None else proposal(found.proposal),
    }


def proposal(one: Proposal) -> dict[str, Any]:
    return {"level": one.level, "note": one.note, "made_by": named(one.made_by), "made_at": one.made_at}


def version(one: Version, is_shown: Callable[[int], bool]) -> dict[str, Any]:
    return {
        "version": one.version,
        "kind": one.kind,
        "level": one.level,
        "event": one.event,
        "headline": one.headline,
        "description": one.description,
        "instruction": one.instruction,
        "targets": [target for target in one.targets if is_shown(target)],
        "note": one.note,
        "made_by": None if one.made_by is None else named(one.made_by),
        "made_at": one.made_at,
    }


def passing(one: Passing) -> dict[str, Any]:
    return {
        "id": one.id,
        "member": Named(one.member, one.name),
        "unit": named(one.unit),
        "words": one.words,
        "people": one.people,
        "passed_at": one.passed_at,
    }


def person(one: Person) -> dict[str, Any]:
    return {
        "member": {
            "id": one.member,
            "name": one.name,
            "phone": one.phone,
            "unit": None if one.unit is None else named(one.unit),
        },
        "reasons": one.reasons,
        "delivery": one.deliveries,
        "acknowledged_at": one.acknowledged_at,
    }


def preview(found: AudiencePreview, language: str, is_inside: Callable[[int], bool]) -> dict[str, Any]:
    """Who is inside a drawn area may belong to units of others: those are counted, and not named."""
    shown = {unit: people for unit, people in found.by_unit.items() if is_inside(unit)}
    return {
        "total": found.total,
        "by_reason": found.by_reason,
        "by_level": found.by_level,
        "by_unit": {"unit": list(shown), "people": list(shown.values())},
        "sample": [sampled(one, is_inside) for one in found.sample],
        "allowed": found.allowed,
        "explanation": found.explanation.in_language(language),
        "parts": found.parts,
    }


def sampled(one: Person, is_inside: Callable[[int], bool]) -> dict[str, Any]:
    return {
        "id": one.member,
        "name": one.name,
        "phone": one.phone,
        "unit": named(one.unit) if one.unit is not None and is_inside(one.unit.id) else None,
        "reasons": one.reasons,
    }


def named(one: UnitName | AccountName) -> Named:
    return Named(one.id, one.name, one.name_en if isinstance(one, UnitName) else None)
