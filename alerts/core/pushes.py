"""What a push says and how urgent it is. The words fit a lock screen; the rest is read on the page behind it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from alerts.core.levels import Level
from alerts.core.texts import OPENINGS, Kind, Notice, title
from alerts.core.webpush import encoded

MOST_CHARACTERS: Final = 400  # of the words: 1,600 bytes at most, of 3,993
TOPIC_BYTES: Final = 24  # 32 characters of base64url (RFC 8030, section 5.4)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a push service treats a message: RFC 8030, sections 5.2 and 5.3."""

    urgency: str
    keep: timedelta  # for a phone that is off; never longer than the warning is worth saying


MANNERS: Final[Mapping[Level, Manner]] = {
    Level.RED: Manner("high", timedelta(hours=24)),
    Level.ORANGE: Manner("high", timedelta(hours=24)),
    Level.YELLOW: Manner("normal", timedelta(hours=12)),
    Level.BLUE: Manner("low", timedelta(hours=6)),
}


def message(notice: Notice, *, alert: UUID, topic: str, wants_answer: bool, language: str) -> str:
    """Return the words for the service worker, JSON."""
    is_over = notice.kind in (Kind.LIFT, Kind.CANCEL)
    drill = ("（演练）" if language == "zh" else "DRILL. ") if notice.is_drill else ""
    said = [notice.headline, notice.note if is_over else notice.instruction]
    if notice.kind is Kind.PASSED_DOWN:
        said = [notice.note, notice.headline]
    return json.dumps(
        {
            "alert": str(alert),
            "level": notice.level.value,
            "title": drill + OPENINGS[notice.kind].in_language(language) + title(notice).in_language(language),
            "body": "\n".join(text.strip() for text in said if text.strip())[:MOST_CHARACTERS],
            "language": language,
            "topic": topic,
            "confirm": wants_answer and not is_over,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def topic(alert: UUID, *, passing: str = "") -> str:
    """Return the name under which a newer message replaces a waiting older one. Words passed down have their own."""
    return encoded(hashlib.sha256(f"{alert} {passing}".encode()).digest()[:TOPIC_BYTES])


def headers(said: Mapping[str, Any], *, expires_at: datetime | None, now: datetime) -> dict[str, str]:
    """Return TTL, Urgency and Topic of a message."""
    manner = MANNERS[Level(said["level"])]
    left = manner.keep if expires_at is None else min(manner.keep, max(expires_at - now, timedelta()))
    return {"TTL": str(int(left.total_seconds())), "Urgency": manner.urgency, "Topic": str(said["topic"])}
