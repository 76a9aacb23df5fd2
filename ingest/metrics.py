"""Ingest's counters for Prometheus. What repeats is counted here; what is rare is logged."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

# The pipeline
PACKETS: Final = Counter("gridwarden_ingest_packets", "Packets disposed of")
POSITIONS: Final = Counter("gridwarden_ingest_positions", "Positions committed")
DUPLICATES: Final = Counter("gridwarden_ingest_duplicates", "Reports that were in the database already")
REFUSED: Final = Counter("gridwarden_ingest_refused", "Reports refused", ["reason"])
IGNORED: Final = Counter("gridwarden_ingest_ignored", "Messages understood and of no interest")
CROSSINGS: Final = Counter("gridwarden_ingest_crossings", "Confirmed crossings, late ones included")
BATCH: Final = Histogram(
    "gridwarden_ingest_batch_packets", "Packets in a batch", buckets=(1, 4, 16, 64, 256, 1024, 4096)
)
_SECONDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 1.5, 2, 5, 10, 60)
COMMIT: Final = Histogram(
    "gridwarden_ingest_commit_seconds", "From a batch's hand-over to the database to its COMMIT", buckets=_SECONDS
)
LAG: Final = Histogram(
    "gridwarden_ingest_lag_seconds",
    "From the arrival of a batch's first packet at the door to its acknowledgement",
    buckets=_SECONDS,
)
LATE: Final = Counter("gridwarden_ingest_late_positions", "Positions that came after later ones")
# Both are asked when they are scraped: while the database is away nobody would set them
WAITING: Final = Gauge("gridwarden_ingest_inbox_packets", "Packets waiting in the inbox")
INBOX_FILL: Final = Gauge("gridwarden_ingest_inbox_fill_ratio", "How full the inbox is; at 1 the doors stop reading")
LATE_TRACKS: Final = Gauge("gridwarden_ingest_late_tracks", "Terminals whose crossings wait to be recomputed")
TERMINALS: Final = Gauge(
    "gridwarden_ingest_terminals", "Terminals by presence; silent: the signal is lost", ["presence"]
)
PULSE_AT: Final = Gauge("gridwarden_ingest_pulse_timestamp_seconds", "When the database last took a sign of life")

# The listening front door
LISTEN_CONNECTIONS: Final = Gauge("gridwarden_listen_connections", "Terminals connected to the listening door")
LISTEN_CONNECTS: Final = Counter("gridwarden_listen_connects", "Log-ins at the listening door, by answer", ["answer"])
LISTEN_ENDS: Final = Counter("gridwarden_listen_ends", "Connections ended, by reason", ["reason"])
LISTEN_PACKETS: Final = Counter("gridwarden_listen_packets", "MQTT packets received, by kind", ["kind"])
LISTEN_REFUSED_TOPICS: Final = Counter(
    "gridwarden_listen_refused_topics", "Publications to a topic that is foreign or unknown", ["reason"]
)
LISTEN_REFUSED_SUBSCRIPTIONS: Final = Counter(
    "gridwarden_listen_refused_subscriptions", "Subscriptions that were not granted"
)
LISTEN_SENT: Final = Counter("gridwarden_listen_sent", "Messages sent down to terminals, by kind", ["kind"])
LISTEN_DROPPED: Final = Counter(
    "gridwarden_listen_dropped", "Messages not sent down because the terminal does not read, or cannot take them"
)
