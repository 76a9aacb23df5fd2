"""A scenario: who is there, what their handsets do to the truth, what happens, and which goals must hold.

Every field has a default, so that a file says only what differs. The defaults are the crowd of `gridwarden simulate`.
docs/scenarios.md explains each field to who writes one.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from simulators.scenario.events import Event
from simulators.scenario.values import Amount, Count, Positive, Share, Span, TimeOfDay, require_shares, require_span

Fault = Literal[
    "broken_json",
    "future",
    "repeated",
    "foreign_topic",
    "oversized",
    "half_packet",
    "subscribe_all",
    "wrong_secret",
    "flood",
]


class People(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is in the crowd. A person is of one kind (the rest patrols) and of one shift (the rest is always on)."""

    driver_share: Share = 0.15
    commuter_share: Share = 0.15
    leader_share: Share = 0.0
    forgetful_share: Share = 0.0
    day_share: Share = 0.0
    night_share: Share = 0.0
    day_from: TimeOfDay = "08:00"
    day_until: TimeOfDay = "20:00"
    night_from: TimeOfDay = "20:00"
    night_until: TimeOfDay = "08:00"
    shift_spread_s: Amount = 600.0

    def __post_init__(self) -> None:
        require_shares(
            driver=self.driver_share,
            commuter=self.commuter_share,
            leader=self.leader_share,
            forgetful=self.forgetful_share,
        )
        require_shares(day=self.day_share, night=self.night_share)


class Handsets(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the handsets do: how they send, and how they err."""

    fixes_per_message: Annotated[int, Meta(ge=1, le=500)] = 1
    receipts_share: Share = 0.0
    acknowledge_share: Share = 0.7
    acknowledge_s: Span = (4.0, 60.0)
    sos_per_hour: Amount = 0.03
    signal_loss_share: Share = 0.02
    signal_loss_s: Span = (40.0, 240.0)
    offline_share: Share = 0.0
    offline_min: Span = (5.0, 120.0)
    jumps_per_hour: Amount = 0.0
    jump_m: Span = (200.0, 800.0)
    tunnel_share: Share = 0.0
    cold_start_s: Span = (20.0, 60.0)
    cold_error_m: Amount = 60.0
    clock_within_s: Amount = 0.0
    clock_drifting_share: Share = 0.0
    clock_drift_s: Amount = 20.0
    clock_wrong_share: Share = 0.0
    clock_wrong_h: tuple[float, float] = (-12.0, -1.0)
    flat_battery_share: Share = 0.0
    charging_min: Span = (60.0, 180.0)

    def __post_init__(self) -> None:
        for name in (
            "acknowledge_s",
            "signal_loss_s",
            "offline_min",
            "jump_m",
            "cold_start_s",
            "clock_wrong_h",
            "charging_min",
        ):
            require_span(name, getattr(self, name))


class Misbehaviour(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Firmware that does what it must not."""

    share: Share = 0.0
    kinds: tuple[Fault, ...] = ()
    every_s: Positive = 60.0
    flood_factor: Annotated[float, Meta(ge=1.0)] = 10.0

    def __post_init__(self) -> None:
        if self.share > 0 and not self.kinds:
            raise ValueError("share: terminals that misbehave need kinds, the list of what they do")


class Viewers(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the browsers behave that watch the map."""

    slow_share: Share = 0.0
    slow_s: Amount = 5.0
    reconnect_every_s: Positive | None = None
    switch_share: Share = 0.0
    switch_every_s: Positive = 15.0


class Goals(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must hold at the end; None: no goal."""

    lost: Count | None = 0
    duplicated: Count | None = 0
    unexpected_refusals: Count | None = 0
    unacknowledged: Count | None = None
    connected_share: Share | None = 0.999
    ack_p99_s: Positive | None = None
    receipt_p99_s: Positive | None = None
    frame_p99_s: Positive | None = None
    lag_s: Positive | None = 1.0
    viewers_wrong: Count | None = 0
    crossings_missed_share: Share | None = None
    crossings_unexpected_share: Share | None = None
    warning_issue_s: Positive | None = None


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = "unnamed"
    title: str = ""
    title_zh: str = ""
    about: str = ""
    starts_at: TimeOfDay = "10:00"
    interval_s: Positive = 10.0
    connect_within_s: Amount = 60.0
    connects_before_start: bool = False
    people: People = People()
    handsets: Handsets = Handsets()
    misbehaviour: Misbehaviour = Misbehaviour()
    viewers: Viewers = Viewers()
    events: tuple[Event, ...] = ()
    goals: Goals = Goals()
