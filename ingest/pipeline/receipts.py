"""Receipts: what became of a packet, for the terminals that ask. Sent after COMMIT, and again for a repeated packet."""

import json
from typing import NamedTuple

import numpy as np

from ingest.pipeline.batch import Batch
from ingest.pipeline.refusals import Refusals
from ingest.rules import screen
from ingest.rules.packets import Packet, Route
from ingest.rules.screen import Verdicts
from ingest.wire.reports import ReceiptId


class Receipt(NamedTuple):
    terminal: int
    topic: str
    payload: bytes
    correlation: bytes | None


def receipts(batch: Batch, verdicts: Verdicts, refusals: Refusals) -> list[Receipt]:
    """Return one for each packet that said `receipt`, or named a response topic of its own."""
    asked = set(batch.receipts)
    asked.update(place for place, packet in enumerate(batch.packets) if packet.reply_topic is not None)
    return [
        Receipt(packet.terminal, topic, _payload(batch, place, verdicts, refusals), packet.correlation)
        for place in sorted(asked)
        if (topic := _topic(packet := batch.packets[place])) and packet.terminal
    ]


def _topic(packet: Packet) -> str:
    """Where the receipt goes; "" for nowhere. A response topic of somebody else would make us write as another."""
    parts = packet.topic.split("/")
    if packet.route is Route.OTHER:
        return ""
    own = f"gw/v1/t/{parts[1] if packet.route is Route.OWNTRACKS else parts[3]}/"
    if packet.reply_topic is None:
        return own + "stored"
    is_own = packet.reply_topic.startswith(own) and not set(packet.reply_topic) & set("+#\0")
    return packet.reply_topic if is_own else ""


def _payload(batch: Batch, place: int, verdicts: Verdicts, refusals: Refusals) -> bytes:
    first, last = np.searchsorted(batch.reports["packet"], [place, place + 1])
    mine = verdicts[first:last]
    refused = refusals.by_packet.get(place, [])
    is_answer = batch.packets[place].route in {Route.SOS, Route.ACK} and not refused
    receipt_id: ReceiptId = batch.receipts.get(place)
    said = {
        "id": receipt_id,
        "stored": int(np.count_nonzero(mine == screen.NEW)) + is_answer,
        "duplicate": int(np.count_nonzero(mine == screen.DUPLICATE)),
        "refused": [{"index": refusal.at, "reason": refusal.reason.value} for refusal in refused],
    }
    return json.dumps(said, separators=(",", ":")).encode()
