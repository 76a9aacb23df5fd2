"""What a terminal receives on its `alert` topic: one JSON object, the same for every terminal told of a version."""

import json
from datetime import UTC, datetime
from uuid import UUID

from alerts.core.texts import Kind, Notice, title
from alerts.core.words import Words


def terminal(notice: Notice, *, alert: UUID, version: int, expires_at: datetime | None, wants_answer: bool) -> str:
    """Return the payload, UTF-8 JSON. `version` is what the terminal names in its acknowledgement."""
    words = _marked(title(notice), is_drill=notice.is_drill)
    said = {
        "alert": str(alert),
        "version": version,
        "kind": notice.kind.value,
        "level": notice.level.value,
        "numeral": notice.level.facts.numeral,
        "event": notice.event,
        "title": words.zh,
        "title_en": words.en,
        "headline": notice.headline,
        "description": notice.description,
        "instruction": notice.instruction,
        "note": notice.note,
        "issuer": notice.issuer.zh,
        "issuer_en": notice.issuer.en,
        "at": _rfc3339(notice.made_at),
        "expires": _rfc3339(expires_at) if expires_at else None,
        "drill": notice.is_drill,
        "acknowledge": wants_answer and notice.kind not in (Kind.LIFT, Kind.CANCEL, Kind.DIGEST),
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _marked(words: Words, *, is_drill: bool) -> Words:
    """A terminal may show nothing but the title."""
    return Words(f"（演练）{words.zh}", f"DRILL. {words.en}") if is_drill else words


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
