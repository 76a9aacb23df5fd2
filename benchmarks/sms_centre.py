"""How many messages a second the simulated SMS centre takes, each with a receipt, on one core.

python -m benchmarks.sms_centre [--seconds 10] [--window 300] [--faults calm]

The client runs in a process of its own, in raw bytes: it keeps `--window` submissions without an answer on each of two
connections and answers each receipt. CPU time is the centre's alone.
"""

import argparse
import asyncio
import multiprocessing
import struct
import time
from multiprocessing.synchronize import Event
from typing import Final, cast

import uvloop

from simulators.sms_centre.centre import SmsCentre
from simulators.sms_centre.codec import write
from simulators.sms_centre.commands import Command, Status
from simulators.sms_centre.faults import Faults, read_faults
from simulators.sms_centre.pdus import Bind, Pdu, ShortMessage

HEADER: Final = struct.Struct(">IIII")
CONNECTIONS: Final = 2
TEXT: Final = "【预警】黄河水位上涨，请立即撤离低洼地带。"


class Sender(asyncio.Protocol):
    """Submits as fast as it is answered."""

    def __init__(self, first: int, window: int) -> None:
        self._next = first
        self._window = window
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        bind = Bind(system_id="gridwarden", password="secret")  # noqa: S106 - the centre's own
        self._transport.write(write(Pdu(Command.BIND_TRANSCEIVER, 1, bind)))

    def data_received(self, data: bytes) -> None:
        data, at, free, out = self._rest + data, 0, 0, list[bytes]()
        while len(data) - at >= HEADER.size:
            length, command, status, sequence = HEADER.unpack_from(data, at)
            if len(data) - at < length:
                break
            at += length
            if command == Command.DELIVER_SM:
                out.append(HEADER.pack(17, Command.DELIVER_SM_RESP, 0, sequence) + b"\0")
            elif command == Command.SUBMIT_SM_RESP:
                assert status == Status.ESME_ROK
                free += 1
            else:
                free += self._window
        self._rest = data[at:]
        out += [self._message() for _ in range(free)]
        self._transport.write(b"".join(out))

    def _message(self) -> bytes:
        self._next += 1
        message = ShortMessage(
            source="10690",
            destination=f"86138{self._next:08d}",
            registered_delivery=1,
            data_coding=8,
            payload=f"{TEXT}{self._next % 10}".encode("utf-16-be"),
        )
        return write(Pdu(Command.SUBMIT_SM, self._next % 0x7FFFFFFF + 1, message))


def send(port: int, window: int, stop: Event) -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        for number in range(CONNECTIONS):
            first = number * 10_000_000
            await loop.create_connection(lambda first=first: Sender(first, window), "127.0.0.1", port)
        await loop.run_in_executor(None, stop.wait)

    uvloop.run(work())


async def measure(seconds: float, window: int, faults: Faults) -> None:
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    async with SmsCentre(faults=faults) as centre:
        client = context.Process(target=send, args=(centre.port, window, stop))
        client.start()
        await centre.until(lambda: centre.counts.binds == CONNECTIONS)
        began, began_cpu = time.perf_counter(), time.process_time()
        await asyncio.sleep(seconds)
        took, cpu = time.perf_counter() - began, time.process_time() - began_cpu
        counts = centre.counts
        print(
            f"{counts.taken:,} messages in {took:.1f} s: {counts.taken / took:,.0f}/s; "
            f"{cpu / counts.taken * 1e6:.1f} us of CPU a message, so {counts.taken / cpu:,.0f}/s on a core to itself; "
            f"{counts.receipts_acknowledged:,} receipts acknowledged"
        )
        stop.set()
        await centre.until(lambda: not centre.sessions)
    client.join()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--window", type=int, default=300)
    parser.add_argument("--faults", default="calm")
    asked = parser.parse_args()
    uvloop.run(measure(asked.seconds, asked.window, read_faults(asked.faults)))
