"""CAP 1.2: what people were told of an alert, as messages of the Common Alerting Protocol.

Sources: OASIS Common Alerting Protocol Version 1.2 (ITU-T X.1303 bis), sections 3.2 and 3.3. One message for each
version that was told: an Alert, then an Update that refers to all before it; lifted is an Update whose responseType is
AllClear, issued in error a Cancel. The clock's expiry says nothing: each message names its own end.

There is no official table from the four colours to CAP's severity and urgency: alerts.core.levels and URGENCY are ours.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import shapely
from shapely.geometry.polygon import orient

from alerts.core.levels import Level
from alerts.core.texts import OPENINGS, Kind, Notice, event_words, title

NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"
MEDIA_TYPE: Final = "application/cap+xml"
LANGUAGE: Final = "zh-CN"  # the words are the issuer's own
DIGITS: Final = 6  # of a degree: a tenth of a metre
MESSAGE_TYPE: Final[Mapping[Kind, str]] = {
    Kind.ISSUE: "Alert",
    Kind.UPGRADE: "Update",
    Kind.DOWNGRADE: "Update",
    Kind.LIFT: "Update",
    Kind.CANCEL: "Cancel",
}
CATEGORY: Final[Mapping[str, str]] = {
    "rainstorm": "Met",
    "flood": "Met",
    "heat": "Met",
    "gale": "Met",
    "blizzard": "Met",
    "geological": "Geo",
    "fire": "Fire",
    "air_pollution": "Env",
    "epidemic": "Health",
    "crowd": "Safety",
}
OTHER: Final = "Other"
URGENCY: Final[Mapping[Level, str]] = {
    Level.BLUE: "Expected",
    Level.YELLOW: "Expected",
    Level.ORANGE: "Immediate",
    Level.RED: "Immediate",
}
UNNAMED: Final = "未命名"  # where the standard wants a word and nobody gave one
OVER: Final = (Kind.LIFT, Kind.CANCEL)
# XML 1.0, production 2: everything else cannot be written at all, not even escaped.
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A unit that was warned, or the drawn area. `outline` is WKB, WGS-84 degrees, longitude first."""

    name: str
    codes: tuple[str, ...] = ()  # of units, as the city numbers them
    outline: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """All that was told of one alert. `notices` are of the told versions, oldest first; `identifier` is the first's."""

    identifier: str
    sender: str  # who assigns identifiers: a host name
    notices: Sequence[Notice]
    expires_at: datetime
    regions: Sequence[Region]
    timezone: ZoneInfo
    web: str | None = None  # a page about it


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One CAP message. `reference` is how later ones refer to it."""

    identifier: str
    notice: Notice
    sent: str
    reference: str


def messages(bulletin: Bulletin) -> tuple[Message, ...]:
    """Return the messages of a bulletin, oldest first, each with an identifier and a time of its own.

    An identifier ends in the second at which the message was sent (`{division6}{serial}_{yyyymmddhhmmss}`); of two
    versions within one second the later is dated a second later.
    """
    made: list[Message] = []
    serial = bulletin.identifier.rpartition("_")[0]
    last: datetime | None = None
    for notice in bulletin.notices:
        at = notice.made_at.astimezone(bulletin.timezone).replace(microsecond=0)
        if last is not None and at <= last:
            at = last + timedelta(seconds=1)
        identifier = f"{serial}_{at:%Y%m%d%H%M%S}" if made else bulletin.identifier
        sent = _time(at)
        made.append(
            Message(
                identifier=identifier,
                notice=notice,
                sent=sent,
                reference=f"{bulletin.sender},{identifier},{sent}",
            )
        )
        last = at
    return tuple(made)


def document(bulletin: Bulletin, number: int = -1) -> bytes:
    """Return one message of a bulletin (the newest, if not said which) as a CAP 1.2 document, UTF-8.

    Raises IndexError when there is no such message.
    """
    made = messages(bulletin)
    message = made[number]
    before = made[: made.index(message)]
    root = ET.Element("alert", xmlns=NAMESPACE)
    _add(root, "identifier", message.identifier)
    _add(root, "sender", bulletin.sender)
    _add(root, "sent", message.sent)
    _add(root, "status", "Exercise" if message.notice.is_drill else "Actual")
    _add(root, "msgType", MESSAGE_TYPE[message.notice.kind])
    _add(root, "scope", "Public")
    _add(root, "note", message.notice.note)
    if before:
        _add(root, "references", " ".join(earlier.reference for earlier in before))
    _add_info(root, bulletin, message)
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def clean(text: str) -> str:
    """Return the text without what XML cannot hold."""
    return _FORBIDDEN.sub(" ", text).strip()


def headline(notice: Notice) -> str:
    """Return the line that names the warning and what became of it."""
    drill = "（演练）" if notice.is_drill else ""
    return f"{drill}{OPENINGS[notice.kind].zh}{title(notice).zh}：{notice.headline}"


def _add_info(root: ET.Element, bulletin: Bulletin, message: Message) -> None:
    notice = message.notice
    facts, is_over = notice.level.facts, notice.kind in OVER
    info = ET.SubElement(root, "info")
    _add(info, "language", LANGUAGE)
    _add(info, "category", CATEGORY.get(notice.event, OTHER))
    _add(info, "event", clean(event_words(notice.event).zh) or UNNAMED)
    if is_over:
        _add(info, "responseType", "AllClear")
    _add(info, "urgency", "Past" if is_over else URGENCY[notice.level])
    _add(info, "severity", facts.severity)
    _add(info, "certainty", "Unlikely" if is_over else "Likely")
    _add(info, "effective", message.sent)
    _add(info, "expires", _time(bulletin.expires_at.astimezone(bulletin.timezone)))
    _add(info, "senderName", notice.issuer.zh)
    _add(info, "headline", headline(notice))
    _add(info, "description", notice.description)
    _add(info, "instruction", notice.instruction)
    _add(info, "web", bulletin.web or "")
    for name, value in (("colour", notice.level.value), ("level", facts.numeral)):
        parameter = ET.SubElement(info, "parameter")
        _add(parameter, "valueName", name)
        _add(parameter, "value", value)
    for region in bulletin.regions:
        _add_area(info, region)


def _add_area(info: ET.Element, region: Region) -> None:
    area = ET.SubElement(info, "area")
    _add(area, "areaDesc", clean(region.name) or UNNAMED)
    for ring in _rings(region.outline):
        _add(area, "polygon", ring)
    for code in region.codes:
        geocode = ET.SubElement(area, "geocode")
        _add(geocode, "valueName", "code")
        _add(geocode, "value", code)


def _rings(outline: bytes | None) -> list[str]:
    """Return the outer rings as CAP writes them, latitude first and closed; who is in a hole is warned, too."""
    if outline is None:
        return []
    parts = shapely.get_parts(shapely.from_wkb(outline)).tolist()
    return [_ring(orient(part)) for part in parts if part.geom_type == "Polygon"]


def _ring(polygon: shapely.Polygon) -> str:
    return " ".join(f"{lat:.{DIGITS}f},{lon:.{DIGITS}f}" for lon, lat in polygon.exterior.coords)


def _add(parent: ET.Element, name: str, text: str) -> None:
    """Add an element with clean text; none at all where there is nothing to say."""
    if said := clean(text):
        ET.SubElement(parent, name).text = said


def _time(at: datetime) -> str:
    """Return an aware time as CAP wants it: with its offset, and UTC as -00:00 (section 3.3.2)."""
    text = at.isoformat(timespec="seconds")
    return f"{text.removesuffix('+00:00')}-00:00" if text.endswith("+00:00") else text
