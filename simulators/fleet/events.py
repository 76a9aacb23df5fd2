"""What a worker tells its conductor on standard output: one JSON object a line, told apart by `event`."""

import msgspec


class Figures(msgspec.Struct, kw_only=True):
    """What is counted. Fixes and messages differ: an array of backlog is one message of up to 500 fixes.

    Fixes said to be refused, and repetitions on purpose, are in `on_purpose` and `repeated` alone.
    """

    due: int = 0  # fixes that the schedule wanted by now
    published: int = 0  # fixes handed to a socket, each once
    messages: int = 0  # QoS 1 messages, each once: fixes, presses, status, answers
    acknowledged: int = 0  # of the fixes published
    messages_acknowledged: int = 0
    receipts_asked: int = 0  # fixes in messages that asked for a receipt
    receipted: int = 0  # of those
    resent: int = 0  # messages sent again: over a new connection, as duplicates, or because no receipt came
    reconnects: int = 0
    connections: int = 0  # log-ins, ever
    connected: int = 0  # now; gateway connections included
    most_connected: int = 0
    wanted: int = 0  # connections that are to be up now
    logins_refused: int = 0  # that the server should have let in
    logins_refused_on_purpose: int = 0  # of a wrong secret
    subscriptions_refused_on_purpose: int = 0  # of '#'
    subscriptions_granted_wrongly: int = 0  # '#' was granted
    dropped: int = 0  # fixes that a full backlog had no room for
    batches: int = 0  # arrays of backlog sent
    sos: int = 0
    alerts_heard: int = 0  # repeats included
    alerts_answered: int = 0
    on_purpose: int = 0  # fixes published to be refused
    on_purpose_acknowledged: int = 0
    repeated: int = 0  # fixes published once more on purpose
    unsettled: int = 0  # messages waiting for their acknowledgement
    kept: int = 0  # fixes in backlogs
    lag_s: float = 0.0  # how far the schedule is behind now, in this second at worst
    worst_lag_s: float = 0.0


class Ready(msgspec.Struct, kw_only=True, tag_field="event", tag="ready"):
    at: float
    connected: int


class Said(msgspec.Struct, kw_only=True, tag_field="event", tag="said"):
    """Trouble, in a line for people."""

    line: str


class Progress(Figures, kw_only=True, tag_field="event", tag="progress"):
    at: float
    cpu_s: float = 0.0
    rss_kb: int = 0


class Done(Figures, kw_only=True, tag_field="event", tag="done"):
    at: float
    cpu_s: float
    rss_kb: int


Event = Ready | Said | Progress | Done

_decoder = msgspec.json.Decoder(Event)


def decode(line: bytes) -> Event:
    """Raises msgspec.MsgspecError."""
    return _decoder.decode(line)


def encode(event: Event) -> bytes:
    return msgspec.json.encode(event) + b"\n"
