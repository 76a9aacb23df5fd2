"""The ceiling: decode, geofence, binary COPY, COMMIT, and nothing else. No screening, tracks, receipts or bus."""

from typing import Any, Final

import msgspec
import numpy as np
import psycopg

from ingest.rules.packets import Packet
from ingest.store import positions
from tracker.geometry.fences import Fences
from tracker.model.positions import DEGREE, UNSAID, empty

Connection = psycopg.AsyncConnection[Any]


class _Report(msgspec.Struct, gc=False):
    t: float
    lon: float
    lat: float
    acc: float = 0
    spd: float = 0
    hdg: float = 0
    bat: float = 0


_BRACKET: Final = ord("[")
_decoder: Final = msgspec.json.Decoder(_Report)
_several: Final = msgspec.json.Decoder(list[_Report])


async def dispose(connection: Connection, packets: list[Packet], fences: Fences) -> None:
    said, terminals = list[_Report](), list[int]()
    for packet in packets:
        if packet.payload[0] == _BRACKET:
            several = _several.decode(packet.payload)
            said += several
            terminals += [packet.terminal] * len(several)
        else:
            said.append(_decoder.decode(packet.payload))
            terminals.append(packet.terminal)
    lon, lat = np.array([report.lon for report in said]), np.array([report.lat for report in said])
    rows = empty(len(said))
    rows["fixed_at_us"] = np.array([report.t for report in said]) * 1e6
    rows["received_at_us"] = packets[0].received_at_us
    rows["terminal"] = terminals
    rows["lon"], rows["lat"], rows["grid"] = lon * DEGREE, lat * DEGREE, fences.place(lon, lat)
    for column, field, factor in (("accuracy_dm", "acc", 10), ("speed_dmps", "spd", 10), ("battery_pct", "bat", 1)):
        rows[column] = np.array([getattr(report, field) for report in said]) * factor
    rows["heading_deg"], rows["altitude_m"] = [report.hdg for report in said], UNSAID
    async with connection.transaction():
        await positions.copy(connection, rows, 1)
    for packet in packets:
        packet.settler.settle(packet.token)
