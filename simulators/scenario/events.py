"""What happens in a scenario at a moment: one struct a kind of event, told apart by `do`."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from simulators.scenario.values import Amount, Count, Share, Span, require_span


class EverybodyMoves(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="everybody_moves"
):
    """Everybody is called out: pauses end, who is off duty or at home comes on, a forgotten terminal is fetched."""

    at_s: Amount = 0.0
    within_s: Amount = 120.0  # how long the last one takes to hear of it


class Disconnect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="disconnect"):
    """Connections break off and come back: a reconnect storm."""

    at_s: Amount = 0.0
    share: Share = 1.0  # of the connections
    within_s: Amount = 0.0  # the breaks are spread over so long
    back_off_s: Span = (1.0, 60.0)  # before the first try, and at most; doubled with each, with jitter

    def __post_init__(self) -> None:
        require_span("back_off_s", self.back_off_s)


class LoseSignal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="lose_signal"):
    """The mobile network fails some people: they keep their fixes and send them afterwards."""

    at_s: Amount = 0.0
    share: Share = 0.5  # of the people
    for_s: Amount = 300.0


class Restart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="restart"):
    """A part of the system under test is restarted, by who started it (see `--restart-command`)."""

    at_s: Amount = 0.0
    what: Literal["ingest", "database", "broker", "all"] = "ingest"


class Sos(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="sos"):
    """So many people press the emergency button."""

    at_s: Amount = 0.0
    count: Count = 1
    within_s: Amount = 60.0


class Warn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="warn"):
    """A dispatcher issues a warning."""

    at_s: Amount = 0.0
    level: Literal["blue", "yellow", "orange", "red"] = "blue"
    unit: Annotated[str, Meta(min_length=1, max_length=64)] = "street"  # "county", "street": one of them; or a code
    headline: Annotated[str, Meta(min_length=1, max_length=120)] = "Load test"


Event = EverybodyMoves | Disconnect | LoseSignal | Restart | Sos | Warn
