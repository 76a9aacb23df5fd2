"""Ingest's counters for Prometheus. What repeats is counted here; what is rare is logged."""

from typing import Final

from prometheus_client import Counter, Gauge

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
