"""What an operator tells us unasked, over HTTP: whose it is, and what it says. Pure.

A callback proves itself by a secret at the end of its path, or by a signature; both are compared in constant time. One
item of a list that cannot be read does not spoil the others.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Final
from urllib.parse import parse_qsl

from alerts.core.numbers import e164
from alerts.core.verdicts import Fate
from alerts.over_http.description import Callbacks, Format, Inbound, Status
from alerts.over_http.filling import filled
from alerts.over_http.reading import LONGEST_ID, LONGEST_WORD, Unreadable, as_text, at, document_of, finder
from alerts.over_http.signing import twilio_signature

MOST_ITEMS: Final = 2_000  # of one callback; operators send some hundred at most
MOST_FIELDS: Final = 200
LONGEST_TEXT: Final = 2_000
HASHED_ABOVE: Final = 100

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that came. `url` is as the operator wrote it: behind a proxy not what we see."""

    url: str
    query: Mapping[str, str]
    body: bytes
    path_secret: str = ""
    signature: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    operator_id: str
    fate: Fate
    word: str


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody wrote."""

    operator_id: str
    source: str
    destination: str
    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What a callback says, and why some of it could not be read."""

    receipts: tuple[Receipt, ...] = ()
    written: tuple[Written, ...] = ()
    unreadable: tuple[str, ...] = ()


def is_from(address: str, networks: tuple[Network, ...]) -> bool:
    """Tell whether an address may call; without networks all may."""
    try:
        return not networks or any(ip_address(address) in network for network in networks)
    except ValueError:
        return False


def is_proven(callbacks: Callbacks, call: Call, *, secret: str) -> bool:
    """Tell whether the operator sent it."""
    if callbacks.proof == "twilio":
        form = fields(call.body.decode("utf-8", "replace"))
        wanted = twilio_signature(call.url, form, token=secret)
        return hmac.compare_digest(wanted.encode(), call.signature.encode())
    return hmac.compare_digest(secret.encode(), call.path_secret.encode())


def heard_status(status: Status, call: Call, *, country_code: str) -> Heard:
    """Read receipts. Raises Unreadable when nothing of it can be read."""
    receipts: list[Receipt] = []
    unreadable: list[str] = []
    for item in _items(status.format, call):
        try:
            receipts.append(_receipt(status, item, country_code))
        except Unreadable as wrong:
            unreadable.append(str(wrong))
    return Heard(receipts=tuple(receipts), unreadable=tuple(unreadable))


def heard_inbound(inbound: Inbound, call: Call, *, country_code: str) -> Heard:
    """Read what people wrote. Raises Unreadable when nothing of it can be read."""
    written: list[Written] = []
    unreadable: list[str] = []
    for item in _items(inbound.format, call):
        find = finder(item, {})
        source = e164(filled(inbound.source, find), country_code=country_code)
        if not source:
            unreadable.append("it names nobody who wrote it")
            continue
        name = filled(inbound.id, find)
        if len(name) > HASHED_ABOVE:
            name = hashlib.sha256(name.encode()).hexdigest()
        text = filled(inbound.text, find)[:LONGEST_TEXT]
        written.append(Written(name, source, filled(inbound.destination, find), text))
    return Heard(written=tuple(written), unreadable=tuple(unreadable))


def _receipt(status: Status, item: Any, country_code: str) -> Receipt:
    number = e164(filled(status.number, finder(item, {})), country_code=country_code)
    missing = False

    def find(place: str) -> str:
        nonlocal missing
        found = number if place == "number" else as_text(at(item, place))
        missing = missing or not found
        return found

    operator_id = filled(status.id, find)
    if missing or len(operator_id) > LONGEST_ID:
        raise Unreadable("it names no message")
    fates = [rule.then for rule in status.rules if rule.holds(as_text(at(item, rule.at)))]
    if not fates:
        raise Unreadable("it says no state")
    return Receipt(operator_id, fates[0], filled(status.word, finder(item, {})).strip()[:LONGEST_WORD])


def _items(form: Format, call: Call) -> list[Any]:
    match form:
        case "query":
            return [dict(call.query)]
        case "form":
            return [fields(call.body.decode("utf-8", "replace"))]
        case "json":
            document = document_of(call.body, "json")
    items: list[Any] = document if isinstance(document, list) else [document]
    if len(items) > MOST_ITEMS:
        raise Unreadable(f"{len(items):,} items in one callback")
    return items


def fields(text: str) -> dict[str, str]:
    """Return the fields of a form; of one that stands twice the last. Raises Unreadable."""
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as wrong:
        raise Unreadable(str(wrong)) from wrong
