"""Whatever packets hold, a batch is taken apart and every report of it accounted for."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.pipeline.batch import disassemble
from ingest.rules.packets import Packet, address
from ingest.rules.screen import NEW, Limits

WORDS = ("pos", "nmea", "sos", "status", "ack", "alert")
TOPICS = [*(f"gw/v1/t/a/{word}" for word in WORDS), "owntracks/a/phone", "elsewhere"]
NOW_S = 1_700_000_000
VALUES = st.sampled_from([0, -1, 1e308, -1e308, NOW_S, NOW_S + 1e-7, 1e-320, None, "gcj02", "1"]) | st.floats(
    allow_nan=False, allow_infinity=False
)
REPORTS = st.fixed_dictionaries(
    {"t": st.just(NOW_S) | VALUES, "lon": st.just(113.6) | VALUES, "lat": st.just(34.7) | VALUES},
    optional=dict.fromkeys(("acc", "spd", "hdg", "alt", "bat", "crs"), VALUES),
)
PAYLOADS = st.binary(max_size=60) | st.lists(REPORTS, max_size=5).map(lambda said: json.dumps(said).encode())


class Nobody:
    def settle(self, token: int) -> None: ...


@given(st.lists(st.tuples(st.sampled_from(TOPICS), PAYLOADS), max_size=6))
def test_every_report_is_accounted_for(said: list[tuple[str, bytes]]) -> None:
    packets = [
        Packet(
            settler=Nobody(),
            token=place,
            terminal=1,
            topic=topic,
            route=address(topic).route,
            payload=payload,
            received_at_us=NOW_S * 1_000_000,
        )
        for place, (topic, payload) in enumerate(said)
    ]
    batch = disassemble(packets, Limits())
    assert np.count_nonzero(batch.verdicts == NEW) == len(batch.positions) == len(batch.source)
    heard = {int(report["packet"]) for report in batch.reports} | {place for place, _ in batch.refusals}
    heard |= {place for place, _ in (*batch.presses, *batch.acks)} | {*batch.hellos, *batch.goodbyes}
    assert len(packets) - len(heard) <= batch.ignored
