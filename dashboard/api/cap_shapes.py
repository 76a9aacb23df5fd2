"""Received messages as JSON: a line of the list, and a message beside what it would be here."""

from collections.abc import Sequence
from typing import Any, Final

import shapely
from msgspec import Raw

from alerts.changes.matching import Reading
from alerts.core.cap_in import Info, Pair
from alerts.core.cap_mapping import Found, Suggestion
from alerts.core.records import UnitName
from alerts.core.words import Words
from alerts.intake import Outcome
from alerts.store.cap_feeds import FeedRow
from alerts.store.cap_messages import MessageRow
from dashboard.api.alert_shapes import named
from dashboard.shapes import Named

LONGEST_SHOWN: Final = 20_000  # characters of a text of theirs


def row(one: MessageRow) -> dict[str, Any]:
    return {
        "id": one.id,
        "unit": Named(one.unit, one.unit_name, one.unit_name_en),
        "sender": one.sender,
        "identifier": one.identifier,
        "sent_at": one.sent_at,
        "kind": one.kind,
        "headline": one.headline,
        "level": one.level,
        "is_drill": one.is_drill,
        "source": one.source,
        "signature": one.signature,
        "signer": one.signer,
        "state": one.state,
        "received_at": one.received_at,
        "received_by": None if one.received_by is None else Named(one.received_by, one.account_name or ""),
        "alert": one.alert,
        "overtaken_by": one.overtaken_by,
        "reason": one.reason,
        "settled_at": one.settled_at,
        "settled_by": None if one.settler is None else Named(one.settler, one.settler_name or ""),
    }


def reading(one: Reading, language: str) -> dict[str, Any]:
    """`said` is the message's own, `draft` what a draft would say; both null for one that says nothing."""
    suggestion = one.suggestion
    return {
        **row(one.row),
        "status": one.message.status,
        "scope": one.message.scope,
        "note": one.message.note,
        "blocks": [{"language": info.language, "event": info.event} for info in one.message.infos],
        "block": None if suggestion is None else suggestion.info,
        "said": None if suggestion is None else said(one.message.infos[suggestion.info], suggestion),
        "draft": None if suggestion is None else draft(one, suggestion),
        "why": {} if suggestion is None else why(suggestion, language),
        "units": [{**_named(name), "share": touch.share} for name, touch in one.touched.units],
        "notes": [words.in_language(language) for words in one.notes],
        "earlier": None if one.earlier is None else {"id": one.earlier.id, "headline": one.earlier.headline},
        "offer": one.offer,
        "offered_alert": None
        if one.alert is None
        else {
            "id": one.alert.id,
            "headline": one.alert.content.headline,
            "level": one.alert.content.level,
            "state": one.alert.state,
            "version": one.alert.version,
        },
    }


def said(info: Info, suggestion: Suggestion) -> dict[str, Any]:
    return {
        "language": info.language,
        "categories": info.categories,
        "event": info.event,
        "urgency": info.urgency,
        "severity": info.severity,
        "certainty": info.certainty,
        "response_types": info.response_types,
        "parameters": [pair(one) for one in (*info.parameters, *info.codes)],
        "geocodes": [pair(one) for one in suggestion.codes],
        "places": suggestion.places,
        "effective_at": suggestion.effective_at,
        "expires_at": info.expires_at,
        "sender_name": info.sender_name,
        "headline": info.headline[:LONGEST_SHOWN],
        "description": info.description[:LONGEST_SHOWN],
        "instruction": info.instruction[:LONGEST_SHOWN],
        "web": info.web if info.web.startswith(("https://", "http://")) else "",
    }


def draft(one: Reading, suggestion: Suggestion) -> dict[str, Any]:
    """Return the content that the screen for writing a warning opens with."""
    area = suggestion.area
    return {
        "level": suggestion.level.value,
        "event": suggestion.event.value,
        "headline": suggestion.headline,
        "description": suggestion.description,
        "instruction": suggestion.instruction,
        "targets": [named(unit) for unit in one.touched.targets],
        "area": None if area is None else Raw(shapely.to_geojson(shapely.from_wkb(area)).encode()),
        "expires_at": suggestion.expires_at,
        "is_drill": suggestion.is_drill,
    }


def why(suggestion: Suggestion, language: str) -> dict[str, Any]:
    """Return what level and event were made of, and the reason."""
    return {"level": found(suggestion.level, language), "event": found(suggestion.event, language)}


def found(one: Found, language: str) -> dict[str, str]:
    return {"said": one.said, "why": one.why.in_language(language)}


def pair(one: Pair) -> dict[str, str]:
    return {"name": one.name, "value": one.value}


def brought(file: str, outcomes: Sequence[Outcome], language: str) -> dict[str, Any]:
    """What became of one file."""
    return {"file": file, "documents": [outcome(one, language) for one in outcomes]}


def outcome(one: Outcome, language: str) -> dict[str, Any]:
    """What became of one document of a file."""
    if one.received is None:
        return {"message": None, "is_new": False, "is_same": False, "refused": _said(one.refused, language)}
    return {
        "message": one.received.message,
        "is_new": one.received.is_new,
        "is_same": one.received.is_same,
        "refused": None,
    }


def feed(one: FeedRow, language: str) -> dict[str, Any]:
    return {
        "address": one.address,
        "fetched_at": one.fetched_at,
        "next_at": one.next_at,
        "failures": one.failures,
        "trouble": _said(one.trouble, language),
        "refused": one.refused,
        "last_refusal": _said(one.last_refusal, language),
    }


def _named(unit: UnitName) -> dict[str, Any]:
    return {"id": unit.id, "name": unit.name, "name_en": unit.name_en}


def _said(words: Words | None, language: str) -> str | None:
    return None if words is None else words.in_language(language)
