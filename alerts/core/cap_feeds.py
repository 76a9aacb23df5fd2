"""Feeds of weather services: an Atom or RSS document as what it leads to, messages in it and links to messages.

Atom (RFC 4287): an entry's link of type application/cap+xml, else its first without a foreign type; or the message
itself inside `content`. RSS 2.0: an item's `link` or `enclosure`. Nothing is fetched here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

from alerts.core import cap, cap_in, xml_in
from alerts.core.errors import BadDocument
from alerts.core.words import Words

ATOM: Final = "{http://www.w3.org/2005/Atom}"
MOST_ENTRIES: Final = 500
LONGEST_LINK: Final = 2_000
XML_TYPES: Final = frozenset({"", "application/xml", "text/xml"})


@dataclass(frozen=True, slots=True)
class Link:
    """Where a message is. `updated` is the entry's own word for its version: the same link may come to say more."""

    address: str
    updated: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    messages: tuple[bytes, ...]  # CAP documents that stand in the feed itself
    links: tuple[Link, ...]


def read(document: bytes, *, base: str = "") -> Feed:
    """Return what a document leads to: a feed's entries, or the one message that it is; raises BadDocument.

    `base` is the document's own address, which relative links hang on.
    """
    root = xml_in.read(document)
    if cap_in.is_alert(root):
        return Feed(messages=(document,), links=())
    if root.tag == f"{ATOM}feed":
        entries = list(root.findall(f"{ATOM}entry"))[:MOST_ENTRIES]
        links = [link for entry in entries if not _inside(entry) and (link := _atom_link(entry, base)) is not None]
    elif root.tag == "rss":
        entries = list(root.findall("channel/item"))[:MOST_ENTRIES]
        links = [link for item in entries if not _inside(item) and (link := _rss_link(item, base)) is not None]
    else:
        cap_in.message(root)  # refuses in words that say what was found
        raise BadDocument(
            Words("既不是 CAP 报文，也不是 Atom 或 RSS 订阅", "it is neither a CAP document nor an Atom or RSS feed")
        )
    messages = tuple(message for entry in entries for message in _inside(entry))
    return Feed(messages=messages, links=tuple(dict.fromkeys(links)))


def _inside(entry: ET.Element) -> list[bytes]:
    """Return the CAP documents within an entry; as one of its own, each with its name space."""
    return [ET.tostring(found, encoding="utf-8", xml_declaration=True) for found in _alerts(entry)]


def _alerts(entry: ET.Element) -> Iterator[ET.Element]:
    for namespace in cap_in.NAMESPACES:
        yield from entry.iter(f"{{{namespace}}}alert")


def _atom_link(entry: ET.Element, base: str) -> Link | None:
    updated = (entry.findtext(f"{ATOM}updated") or "").strip()[:100]
    links = [
        found for found in entry.findall(f"{ATOM}link") if found.get("rel", "alternate") in ("alternate", "enclosure")
    ]
    exact = [found for found in links if found.get("type", "") == cap.MEDIA_TYPE]
    plain = [found for found in links if found.get("type", "") in XML_TYPES]
    chosen = next(iter(exact or plain or links), None)
    return None if chosen is None else _link(chosen.get("href", ""), base, updated)


def _rss_link(item: ET.Element, base: str) -> Link | None:
    enclosure = item.find("enclosure")
    said = (item.findtext("link") or "").strip()
    if enclosure is not None and enclosure.get("type", "") in {cap.MEDIA_TYPE, *XML_TYPES}:
        said = enclosure.get("url", "") or said
    return _link(said, base, (item.findtext("pubDate") or "").strip()[:100])


def _link(said: str, base: str, updated: str) -> Link | None:
    try:
        address = urljoin(base, said.strip())
    except ValueError:
        return None
    return Link(address, updated) if address and len(address) <= LONGEST_LINK else None
