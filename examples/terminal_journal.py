"""A terminal on one page that loses nothing, whatever is killed: itself, the server, or a broker in between.

    python examples/terminal_journal.py HOST PORT TERMINAL SECRET [--journal FILE] [--interval SECONDS]

A fix is written into a journal (SQLite, synced to the disk) before anything else is done with it, and leaves it when
its receipt has come: then it is in the database, or was there already, or is refused for a reason that an operator can
read. Until then it is sent again: after each reconnect, and when no receipt came for a while. Sending twice does no
harm, a fix is known by (terminal, fix time). The receipt's id is the range of the journal's rows that the message
holds, so that nothing has to be remembered between two starts. docs/protocol.md is the contract.
"""

import argparse
import json
import math
import sqlite3
import time
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

BATCH = 500  # fixes in one message, at most
AGAIN_S = 10.0  # without a receipt, all that is kept is sent again
RETRY_S = 2.0  # between two attempts to connect


class Journal:
    """The fixes that nobody has vouched for yet, in the order in which they were taken."""

    def __init__(self, path: str) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)  # each statement is a transaction
        self._file.execute("PRAGMA synchronous = FULL")
        self._file.execute("CREATE TABLE IF NOT EXISTS kept (row INTEGER PRIMARY KEY AUTOINCREMENT, fix TEXT NOT NULL)")

    def keep(self, fix: dict[str, float]) -> None:
        self._file.execute("INSERT INTO kept (fix) VALUES (?)", [json.dumps(fix)])

    def after(self, row: int) -> list[tuple[int, str]]:
        found = self._file.execute("SELECT row, fix FROM kept WHERE row > ? ORDER BY row LIMIT ?", [row, BATCH])
        return found.fetchall()

    def forget(self, first: int, last: int) -> None:
        self._file.execute("DELETE FROM kept WHERE row BETWEEN ? AND ?", [first, last])


def position() -> dict[str, float]:
    """Stands for the receiver: a circle of 100 m in Zhengzhou."""
    now = time.time()
    lon, lat = 113.6253 + 0.0011 * math.cos(now / 60), 34.7466 + 0.0009 * math.sin(now / 60)
    return {"t": round(now, 3), "lon": round(lon, 7), "lat": round(lat, 7), "acc": 5}


class Terminal:
    def __init__(self, journal: Journal, code: str, secret: str) -> None:
        self._journal = journal
        self._topics = f"gw/v1/t/{code}/"
        self._sent_to = 0  # the last row that was sent since we connected
        self._again_at = 0.0
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=code, clean_session=True)
        self.client.username_pw_set(code, secret)
        self.client.on_connect, self.client.on_message = self._connected, self._receipted

    def send(self) -> None:
        """Send what has not been sent, and from time to time all that is kept."""
        if not self.client.is_connected():
            return
        if time.monotonic() > self._again_at:
            self._sent_to, self._again_at = 0, time.monotonic() + AGAIN_S
        while rows := self._journal.after(self._sent_to):
            first, self._sent_to = rows[0][0], rows[-1][0]
            fixes = ",".join(fix for _, fix in rows)
            said = f'{{"receipt": "{first}-{self._sent_to}", "fixes": [{fixes}]}}'
            self.client.publish(self._topics + "pos", said, qos=1)

    def _connected(self, client: mqtt.Client, _data: object, _flags: object, reason: Any, _said: object) -> None:
        print(f"CONNACK: {reason}", flush=True)
        client.subscribe(self._topics + "stored", qos=1)
        self._again_at = 0.0

    def _receipted(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        said = json.loads(message.payload)
        first, last = map(int, said["id"].split("-"))
        self._journal.forget(first, last)
        self._again_at = time.monotonic() + AGAIN_S
        print(f"receipted {first}-{last}: {said['stored']} stored, {said['duplicate']} there already", flush=True)
        for refused in said["refused"]:
            print(f"refused: {refused['reason']}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("host", "port", "terminal", "secret"):
        parser.add_argument(name)
    parser.add_argument("--journal", default="terminal.journal")
    parser.add_argument("--interval", type=float, default=10.0)
    said = parser.parse_args()
    journal = Journal(said.journal)
    terminal = Terminal(journal, said.terminal, said.secret)
    terminal.client.connect_async(said.host, int(said.port), keepalive=10)
    due = connect_at = time.monotonic() + min(said.interval, 1.0)
    while True:
        if time.monotonic() >= due:
            due += said.interval
            fix = position()
            journal.keep(fix)
            print(f"took {fix['t']:.3f}", flush=True)
        terminal.send()
        pause_s = min(0.2, max(0.001, due - time.monotonic()))
        if terminal.client.loop(timeout=pause_s) != MQTTErrorCode.MQTT_ERR_SUCCESS:
            time.sleep(pause_s)
            if time.monotonic() >= connect_at:
                connect_at = time.monotonic() + RETRY_S
                try:
                    terminal.client.reconnect()
                except OSError as error:
                    print(f"no connection: {error}", flush=True)


if __name__ == "__main__":
    main()
