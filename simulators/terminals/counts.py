"""What a run of simulated terminals counts. One object for all of them: everything runs on one event loop."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Counts:
    connected: int = 0  # now
    most_connected: int = 0  # at one time
    connections: int = 0  # log-ins, ever
    reconnects: int = 0
    refused: int = 0  # log-ins that the server refused
    published: int = 0  # QoS 1 messages sent, each counted once
    acknowledged: int = 0  # of those
    resent: int = 0  # sent again over a new connection, as duplicates
    reports: int = 0  # fixes and presses in what was published
    reports_acknowledged: int = 0
    batches: int = 0  # arrays of backlog sent
    dropped: int = 0  # reports that a full backlog had no room for
    emergencies: int = 0
    alerts: int = 0  # alerts received, repeats included
    answered: int = 0  # alerts acknowledged by the people simulated
