"""The system on trial: the real core as the pipeline strings it together, over tables that are plain dictionaries.

The core is pure, so a recorded table can stand for the database here and nowhere else. What the pipeline does round the
core is done here in the same order: decide, write, and only after COMMIT remember; redo when a COMMIT's answer was
lost; rebuild from the checkpoint; recompute late tracks. Which of those happens when is drawn from the world's seed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

import numpy as np

from ingest.pipeline import batch as batches
from ingest.pipeline import late as lane
from ingest.pipeline.batch import Batch
from ingest.pipeline.memory import Memory
from ingest.pipeline.plan import Plan, decide, follow
from ingest.pipeline.rebuild import remember, replay
from ingest.pipeline.write import City, crossing_rows
from ingest.rules import screen, tracks
from ingest.rules.own_grid import nobodys
from ingest.rules.packets import Packet, address
from ingest.rules.presence import Presence
from ingest.rules.screen import Limits
from ingest.rules.tracks import NOBODY, Rules
from ingest.store.events import CrossingRow
from ingest.store.late import ANCHORS, Anchor, Known, LateTrack
from ingest.store.states import STATE
from ingest.store.terminals import Directory, Terminal
from tests.simulation.city import atlas
from tests.simulation.oracle import Event, Key
from tests.simulation.world import Delivery, World
from tracker.model.positions import POSITION, Flag, Positions, empty

LIMITS, RULES = Limits(), Rules()
NO_HOMES: Final = nobodys()


@dataclass(slots=True)
class Tables:
    """The database."""

    position: dict[Key, Positions] = field(default_factory=dict[Key, Positions])  # arrays of one row
    crossing: dict[Event, bool] = field(default_factory=dict[Event, bool])  # whether it is in force
    late_track: dict[int, LateTrack] = field(default_factory=dict[int, LateTrack])
    marks: int = 0  # of late tracks, given out
    terminal_state: dict[int, np.void] = field(default_factory=dict[int, np.void])  # rows of STATE


class Nobody:
    def settle(self, token: int) -> None: ...


NOBODY_WAITS: Final = Nobody()


class System:
    def __init__(self, world: World) -> None:
        terminals = [
            Terminal(each.id, f"t-{each.id}", each.member, each.configured_s, b"", b"") for each in world.devices
        ]
        self.directory: Final = Directory(terminals)
        self.atlas: Final = atlas(world.city)
        self.tables: Final = Tables()
        self.verdicts: Final[list[list[str]]] = []  # of each delivery, one word a report
        self.counts: Final[Counter[str]] = Counter()
        self.wrongs: Final[list[str]] = []  # invariants that were broken on the way
        self.memory = self._rebuilt()

    def run(self, deliveries: Sequence[Delivery], rng: Random) -> None:
        """Take all deliveries in batches cut at random, with everything else that happens between them."""
        at, most = 0, rng.choice([1, 4, 20, 100])
        while at < len(deliveries):
            count = rng.randint(1, most)
            self._take(deliveries[at : at + count], rng)
            at += count
            self._between(rng)
        self._recompute_all()

    def crossings(self) -> set[Event]:
        return {event for event, is_in_force in self.tables.crossing.items() if is_in_force}

    def _between(self, rng: Random) -> None:
        before = self.memory.last.copy()
        if rng.random() < 0.3:
            self._recompute_all()
        if rng.random() < 0.3:
            self._checkpoint()
        if rng.random() < 0.1:
            self.memory = self._rebuilt()
        if not np.array_equal(self.memory.last[_PLACE], before[_PLACE]):
            self.wrongs.append(f"live presence changed between batches: {before[_PLACE]} -> {self.memory.last[_PLACE]}")

    def _take(self, deliveries: Sequence[Delivery], rng: Random) -> None:
        batch = batches.disassemble([_packet(each) for each in deliveries], LIMITS)
        batches.place(batch, self.atlas)
        plan = self._decide(batch)
        if rng.random() < 0.05:  # the COMMIT fails, and its answer is lost
            self.memory = self._rebuilt()
            plan = self._decide(batch)
        self._write(plan)
        self._note(batch, plan)
        if rng.random() < 0.05:  # the COMMIT holds, and its answer is lost: all of it is done again
            self.memory = self._rebuilt()
            again = self._decide(batch)
            if len(again.rows) or len(again.crossings):
                self.wrongs.append(f"a batch done twice stored {len(again.rows)} rows again")
            plan = again
        self._advance(plan)

    def _decide(self, batch: Batch) -> Plan:
        """Decide; only when a key turns out to be there already, look and decide again, as after a UniqueViolation."""
        plan = self._decide_over(batch, empty(0))
        if any(key in self.tables.position for key in _keys(plan.rows)):
            there = [self.tables.position[key] for key in _keys(batch.positions) if key in self.tables.position]
            plan = self._decide_over(batch, np.concatenate(there))
        return plan

    def _decide_over(self, batch: Batch, stored: Positions) -> Plan:
        return decide(
            batch,
            stored,
            memory=self.memory,
            directory=self.directory,
            atlas=self.atlas,
            homes=NO_HOMES,
            rules=RULES,
        )

    def _write(self, plan: Plan) -> None:
        for key, row in zip(
            _keys(plan.rows), np.split(plan.rows, len(plan.rows)) if len(plan.rows) else [], strict=True
        ):
            self.tables.position[key] = row.copy()
        self._add_crossings(crossing_rows(plan.crossings, City(self.directory, self.atlas)))
        for terminal, at_us in plan.late[["terminal", "fixed_at_us"]].tolist():
            self._enqueue(terminal, at_us)

    def _enqueue(self, terminal: int, at_us: int) -> None:
        tables = self.tables
        tables.marks += 1
        earlier = tables.late_track.get(terminal)
        since_us = at_us if earlier is None else min(at_us, earlier.since_us)
        tables.late_track[terminal] = LateTrack(terminal, since_us, tables.marks)

    def _advance(self, plan: Plan) -> None:
        before = self.memory.last["fixed_at_us"].copy()
        self.memory.advance(plan.terminals, plan.scratch, plan.live)
        self.memory.hear(plan.rows["terminal"], plan.rows["received_at_us"], 0.0)
        if (self.memory.last["fixed_at_us"] < before).any():
            self.wrongs.append("live presence went back in time")

    def _note(self, batch: Batch, plan: Plan) -> None:
        """Keep one word for each report, as the terminals would hear it."""
        words: list[list[tuple[int, str]]] = [[] for _ in batch.packets]
        for report, verdict in zip(batch.reports, plan.verdicts.tolist(), strict=True):
            words[report["packet"]].append((int(report["at"]), _WORDS[verdict]))
        for place, refusal in batch.refusals:
            words[place] += [(refusal.at, refusal.reason.value)] * refusal.reports
        self.verdicts.extend([word for _, word in sorted(each)] for each in words)
        self.counts["ignored"] += batch.ignored
        if int((plan.verdicts == screen.NEW).sum()) != len(plan.rows):
            self.wrongs.append("the reports called stored are not the rows to be stored")

    def _add_crossings(self, rows: Sequence[CrossingRow]) -> None:
        for row in rows:
            self.tables.crossing[row.terminal, row.fixed_at_us, row.kind, row.grid] = True

    def _checkpoint(self) -> None:
        memory = self.memory
        for terminal in np.flatnonzero(memory.is_dirty & (memory.last["terminal"] != 0)).tolist():
            self.tables.terminal_state[terminal] = _state(memory, terminal)
            memory.is_dirty[terminal] = False
        for terminal, mark in lane.settled(memory).items():
            if self.tables.late_track[terminal].mark == mark:
                del self.tables.late_track[terminal]
            del memory.recomputed[terminal]

    def _rebuilt(self) -> Memory:
        memory = Memory(RULES)
        memory.fit(self.directory)
        remember(memory, np.array(list(self.tables.terminal_state.values()), STATE))
        tracks.recall_intervals(memory.tracks, np.array(list(self.tables.terminal_state), np.intp), RULES)
        memory.fit(self.directory)
        replay(memory, self._behind_checkpoint(), atlas=self.atlas, homes=NO_HOMES, rules=RULES)
        return memory

    def _behind_checkpoint(self) -> Positions:
        states = self.tables.terminal_state
        later = [
            row
            for (terminal, at_us), row in sorted(self.tables.position.items())
            if at_us > (states[terminal]["fixed_at_us"] if terminal in states else 0) and not row["flags"][0] & 14
        ]
        return np.concatenate(later) if later else empty(0)

    def _recompute_all(self) -> None:
        for track in sorted(self.tables.late_track.values()):
            if self.memory.recomputed.get(track.terminal) != track.mark:
                self._recompute(track)

    def _recompute(self, track: LateTrack) -> None:
        """Do what ingest.pipeline.late.recompute does between its queries."""
        terminal = track.terminal
        anchor = lane.safe_anchor(self._anchors(terminal, track.since_us))
        since_us = anchor.fixed_at_us if anchor else 0
        state = lane.start(terminal, anchor, memory=self.memory, atlas=self.atlas, rules=RULES)
        fixes = self._fixes(terminal, since_us)
        slots, confirmed = np.zeros(len(fixes), np.intp), np.zeros(len(fixes), np.int32)
        found = follow(state, slots, fixes, self.atlas, RULES, confirmed=confirmed)
        known = [Known(*event[1:]) for event in self.crossings() if event[0] == terminal and event[1] > since_us]
        rows = crossing_rows(found, City(self.directory, self.atlas))
        wrong, missing = lane.corrections(rows, known, since_us)
        for row in wrong:
            self.tables.crossing[terminal, row.fixed_at_us, row.kind, row.grid] = False
        self._add_crossings(missing)
        lane.hand_over(self.memory, state, track.mark)

    def _anchors(self, terminal: int, late_us: int) -> list[Anchor]:
        earlier = [event for event in self.crossings() if event[0] == terminal and event[1] < late_us]
        times = sorted({at_us for _, at_us, _, _ in earlier}, reverse=True)[:ANCHORS]
        return [
            Anchor(at_us, [unit for _, at, kind, unit in earlier if at == at_us and kind == "exit"]) for at_us in times
        ]

    def _fixes(self, terminal: int, since_us: int) -> Positions:
        rows = [
            row
            for key, row in sorted(self.tables.position.items())
            if key[0] == terminal and key[1] >= since_us and not row["flags"][0] & Flag.INACCURATE.value
        ]
        fixes = np.concatenate(rows) if rows else empty(0)
        fixes["flags"] = Flag.NONE.value
        return fixes


_WORDS: Final = ("stored", "duplicate", *(reason.value for reason in screen.REASONS if reason is not None))
_PLACE: Final = ["fixed_at_us", "lon", "lat", "grid"]
_OF_LAST: Final = [name for name in STATE.names or () if name in (POSITION.names or ())]


def _keys(rows: Positions) -> list[Key]:
    return list(zip(rows["terminal"].tolist(), rows["fixed_at_us"].tolist(), strict=True))


def _packet(delivery: Delivery) -> Packet:
    letter = delivery.letter
    return Packet(
        settler=NOBODY_WAITS,
        token=0,
        terminal=letter.terminal,
        topic=letter.topic,
        route=address(letter.topic).route,
        payload=letter.payload,
        received_at_us=delivery.received_at_us,
    )


def _state(memory: Memory, terminal: int) -> np.void:
    """Return the row that ingest.store.states would write, as it would read it back."""
    row, last, track = np.zeros(1, STATE)[0], memory.last[terminal], memory.tracks[terminal]
    for name in _OF_LAST:
        row[name] = last[name]
    for name in ("interval_s", "confirmed", "candidate", "candidate_count"):
        row[name] = track[name]
    row["candidate_since_us"] = track["candidate_since_us"] if track["candidate"] != NOBODY else 0
    row["received_at_us"] = memory.arrived_us[terminal]
    row["is_silent"] = memory.presence[terminal] != Presence.ONLINE
    return row
