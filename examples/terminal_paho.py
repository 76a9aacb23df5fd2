"""A terminal on one page, with paho-mqtt: it reports positions and loses none.

    python examples/terminal_paho.py HOST PORT TERMINAL SECRET
    python examples/terminal_paho.py --config FILE     # as `gridwarden terminal add --config FILE` writes it

The one rule: a report stays in the backlog until its PUBACK. A listening Gridwarden sends the PUBACK after the position
was committed, so what is acknowledged is safe, and the rest is sent again after a reconnect. Sending a position
twice does no harm: (terminal, fix time) is stored once. Behind a broker wait for the receipt (docs/protocol.md).
A real terminal keeps the backlog in flash and reads a receiver; this one keeps it in memory and walks in a circle.
"""

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

INTERVAL_S = 10.0
RETRY_S = 5.0
BATCH = 500  # reports in one packet, at most

backlog: list[dict[str, float]] = []  # not sent yet
on_the_way: dict[int, list[dict[str, float]]] = {}  # by packet identifier; paho repeats these after a reconnect


def fix() -> dict[str, float]:
    """Stands for the receiver: a circle of 100 m in Zhengzhou."""
    now = time.time()
    lon, lat = 113.6253 + 0.0011 * math.cos(now / 60), 34.7466 + 0.0009 * math.sin(now / 60)
    return {"t": round(now, 3), "lon": round(lon, 7), "lat": round(lat, 7), "acc": 5}


def send(client: mqtt.Client, topic: str) -> None:
    while backlog and client.is_connected():
        batch = backlog[:BATCH]
        on_the_way[client.publish(topic, json.dumps(batch), qos=1).mid] = batch
        del backlog[:BATCH]


def configuration(words: list[str]) -> tuple[str, int, str, str, bool]:
    """Return host, port, terminal, secret, and whether to speak TLS."""
    if words[0] != "--config":
        return words[0], int(words[1]), words[2], words[3], False
    said = json.loads(Path(words[1]).read_text(encoding="utf-8"))
    return said["host"], said["port"], said["username"], said["password"], said["tls"]


def main() -> None:
    host, port, terminal, secret, is_tls = configuration(sys.argv[1:])
    topics = f"gw/v1/t/{terminal}/"
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=terminal, clean_session=False)
    client.username_pw_set(terminal, secret)
    if is_tls:
        client.tls_set()
    client.will_set(topics + "status", "offline", qos=1, retain=True)

    def connected(_client: mqtt.Client, _data: object, _flags: object, reason: Any, _properties: object) -> None:
        print(f"CONNACK: {reason}", flush=True)
        client.publish(topics + "status", "online", qos=1, retain=True)
        client.subscribe(topics + "alert", qos=1)

    def acknowledged(_client: mqtt.Client, _data: object, mid: int, _reason: object, _properties: object) -> None:
        print(f"{len(on_the_way.pop(mid, []))} safe, {len(on_the_way)} packets on the way", flush=True)

    def alerted(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        # When the member presses OK, publish {"alert": ..., "version": ...} of this message to topics + "ack".
        print(f"ALERT: {message.payload.decode()}", flush=True)

    client.on_connect, client.on_publish, client.on_message = connected, acknowledged, alerted
    client.connect_async(host, port, keepalive=60)
    due = connect_at = time.monotonic()
    while True:  # one thread, so that an acknowledgement never overtakes the note of what was sent
        if time.monotonic() >= due:
            due += INTERVAL_S
            backlog.append(fix())
            send(client, topics + "pos")
        if client.loop(timeout=0.5) != MQTTErrorCode.MQTT_ERR_SUCCESS:
            time.sleep(0.5)
            if time.monotonic() >= connect_at:
                connect_at = time.monotonic() + RETRY_S
                try:
                    client.reconnect()
                except OSError as error:
                    print(f"no connection: {error}; {len(backlog)} reports kept", flush=True)


if __name__ == "__main__":
    main()
