"""What stands beside Gridwarden in a comparison: the peers' configuration, what arrived when, and the table."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.peers.arrival import arrival_us
from benchmarks.peers.catalogue import flow
from benchmarks.peers.columns import Column, shared_scenario
from benchmarks.peers.mosquitto import configuration
from benchmarks.peers.table import figures, table
from benchmarks.peers.witness import ARRIVED
from simulators.ledger import BACKLOG, PUBLISHED
from simulators.report.model import Cost, Counts, Machine, Percentiles, Report
from simulators.scenario.events import Restart, Sos
from simulators.scenario.model import Handsets, Scenario

PEERS = Path(__file__).parents[3] / "benchmarks" / "peers"


def published(*rows: dict[str, int]) -> np.ndarray[Any, Any]:
    plain = {"terminal": 0, "said_ms": 0, "due_us": 0, "sent_us": 1, "lon": 0, "lat": 0, "flags": 0}
    return np.array([tuple({**plain, **row}.values()) for row in rows], PUBLISHED)


def a_report(**fields: Any) -> Report:
    plain: dict[str, Any] = {
        "name": "Peer",
        "version": "1",
        "scenario": "steady",
        "started_at": 0,
        "ended_at": 60,
        "seed": 1,
        "command": "",
        "machine": Machine(cores=2),
        "terminals": 100,
        "interval_s": 1,
        "duration_s": 60,
        "held": True,
    }
    return Report(**(plain | fields))


def test_the_flow_that_node_red_gets_has_its_code_in_it() -> None:
    store = next(node for node in flow() if node["type"] == "function")
    assert store["func"] == (PEERS / "node_red" / "message.js").read_text()
    assert "ON CONFLICT DO NOTHING" in store["initialize"]
    assert store["libs"] == [{"var": "pg", "module": "pg"}]


@pytest.mark.parametrize("client", ["node-red", "telegraf"])
def test_each_peer_keeps_its_session_at_the_broker_and_reads_with_qos_1(client: str) -> None:
    telegraf = tomllib.loads((PEERS / "telegraf" / "telegraf.conf").read_text())["inputs"]["mqtt_consumer"][0]
    nodes = {node["type"]: node for node in flow()}
    sessions = {
        "node-red": (nodes["mqtt-broker"]["clientid"], nodes["mqtt-broker"]["cleansession"], nodes["mqtt in"]["qos"]),
        "telegraf": (telegraf["client_id"], not telegraf["persistent_session"], str(telegraf["qos"])),
    }
    assert sessions[client] == (client, False, "1")


def test_the_broker_has_its_own_limits_only_on_request() -> None:
    assert "max_queued_messages 0\n" in configuration(1884, as_installed=False)
    assert "max_queued" not in configuration(1884, as_installed=True)
    assert "listener 1884 127.0.0.1\n" in configuration(1884, as_installed=True)


def test_no_column_is_asked_for_receipts() -> None:
    asked = Scenario(handsets=Handsets(receipts_share=0.5, fixes_per_message=3))
    assert shared_scenario(asked, duration_s=60, kill=False).handsets == Handsets(fixes_per_message=3)


def test_a_kill_comes_half_way_beside_what_the_scenario_has() -> None:
    shared = shared_scenario(Scenario(events=(Sos(at_s=5),)), duration_s=60, kill=True)
    assert shared.events == (Sos(at_s=5), Restart(at_s=30, what="ingest"))


def test_arrival_counts_from_the_due_moment_to_the_first_row() -> None:
    said = published({"terminal": 3, "said_ms": 1_000, "due_us": 1_000_000})
    there = np.array([(3, 1_000, 1_900_000), (3, 1_000, 1_250_000), (4, 1_000, 1_000_100)], ARRIVED)
    assert arrival_us(said, there).tolist() == [250_000]


def test_what_waited_for_a_signal_or_never_arrived_has_no_arrival() -> None:
    said = published({"said_ms": 1, "flags": BACKLOG}, {"said_ms": 2}, {"said_ms": 3, "sent_us": 0})
    there = np.array([(0, 1, 500), (0, 3, 500)], ARRIVED)
    assert arrival_us(said, there).tolist() == []
    assert arrival_us(said, np.empty(0, ARRIVED)).tolist() == []


def test_the_table_has_a_column_a_system_and_says_what_nobody_measured() -> None:
    to_table = Percentiles(count=9, p50=80.4, p90=100, p99=1_234, p999=1_300, max=1_400)
    cost = Cost(system_us_per_position=250, by_process={"telegraf": 100, "postgres": 150})
    counts = Counts(published=12_000, acknowledged=12_000, stored=11_988, lost=12, duplicated=0)
    peer = Column(name="telegraf", report=a_report(counts=counts, cost=cost), to_table=to_table)
    lines = table([peer, Column(name="gridwarden", report=a_report(name="Gridwarden"))]).splitlines()
    assert lines[:3] == ["|  | Peer 1 | Gridwarden 1 |", "| --- | --: | --: |", "| positions/s offered | 200 | - |"]
    assert "| lost of those | 12 | - |" in lines
    assert "| due to table, p50 / p99 ms | 80 / 1,234 | - |" in lines
    assert "| of it | telegraf 100, postgres 150 | - |" in lines
    assert figures([peer])["telegraf.lost"] == 12
    assert "telegraf.to_table_p99_ms" in figures([peer])
