"""The Atom feed (RFC 4287) of current alerts: an entry for each, with a link to its newest CAP message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID
from xml.etree import ElementTree as ET

from alerts.core import cap
from alerts.core.cap import Message

NAMESPACE: Final = "http://www.w3.org/2005/Atom"
MEDIA_TYPE: Final = "application/atom+xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An alert by its newest message; `link` is where that message is."""

    alert: UUID
    message: Message
    link: str


def feed(entries: Sequence[Entry], *, address: str, title: str, read_at: datetime) -> bytes:
    """Return the feed at `address`, UTF-8; `read_at` (aware) is its time while there is no entry."""
    root = ET.Element("feed", xmlns=NAMESPACE)
    _add(root, "id", address)
    _add(root, "title", title)
    _add(root, "updated", max((entry.message.sent for entry in entries), default=read_at.isoformat(timespec="seconds")))
    _link(root, rel="self", href=address, media_type=MEDIA_TYPE)
    for entry in entries:
        _add_entry(root, entry)
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _add_entry(root: ET.Element, entry: Entry) -> None:
    notice = entry.message.notice
    element = ET.SubElement(root, "entry")
    _add(element, "id", f"urn:uuid:{entry.alert}")
    _add(element, "title", cap.headline(notice))
    _add(element, "updated", entry.message.sent)
    author = ET.SubElement(element, "author")
    _add(author, "name", notice.issuer.zh)
    _add(element, "summary", notice.description)
    _link(element, rel="alternate", href=entry.link, media_type=cap.MEDIA_TYPE)


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = cap.clean(text)


def _link(parent: ET.Element, *, rel: str, href: str, media_type: str) -> None:
    ET.SubElement(parent, "link", rel=rel, href=href, type=media_type)
