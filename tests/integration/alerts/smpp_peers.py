"""SMS centres that others wrote: node-smpp in a process of its own, smpp34's server in ours."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import smpp34

from alerts.smpp.commands import Tag
from tests.running import free_port

ROOT: Final = Path(__file__).parents[3]
NODE: Final = ROOT / ".venv" / "node" / "node"
SCRIPT: Final = ROOT / "tests" / "peers" / "node_smpp.js"


@dataclass(slots=True)
class NodeSmpp:
    """What it said, and what it may be asked for."""

    process: asyncio.subprocess.Process
    port: int = 0
    facts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def ask(self, **wish: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(wish).encode() + b"\n")

    def with_(self, key: str) -> list[dict[str, Any]]:
        return [fact for fact in self.facts if key in fact]

    async def listen(self, has_port: asyncio.Event) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            fact = json.loads(line)
            self.facts.append(fact)
            if "port" in fact:
                self.port = fact["port"]
                has_port.set()


@asynccontextmanager
async def node_smpp() -> AsyncGenerator[NodeSmpp]:
    process = await asyncio.create_subprocess_exec(
        str(NODE), str(SCRIPT), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    peer, has_port = NodeSmpp(process), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(peer.listen(has_port), name="node-smpp")
        try:
            async with asyncio.timeout(20):
                await has_port.wait()
            yield peer
        finally:
            process.kill()
            await process.wait()
            listening.cancel()


@dataclass(slots=True)
class Smpp34:
    """smpp34's server. It lets everybody in: its Python side sees no password."""

    port: int
    taken: list[Any] = field(default_factory=list[Any])
    receipts: list[int] = field(default_factory=list[int])
    unbound: int = 0
    statuses: list[int] = field(default_factory=list[int])  # to refuse the next with
    esme: Any = None

    async def serve(self, server: Any) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                event = await server.next()
                if isinstance(event, smpp34.Esme):
                    self.esme = event
                elif isinstance(event, smpp34.SubmitSmEvent):
                    self._submitted(event, group)
                else:
                    self.unbound += 1

    def _submitted(self, event: Any, group: asyncio.TaskGroup) -> None:
        if self.statuses:
            event.reject(self.statuses.pop(0))
            return
        self.taken.append(event)
        number = f"r{len(self.taken)}"
        event.accept(number)
        group.create_task(self._receipt(event, number), name="receipt")

    async def _receipt(self, event: Any, number: str) -> None:
        tlvs = [
            smpp34.Tlv(Tag.RECEIPTED_MESSAGE_ID, number.encode() + b"\0"),
            smpp34.Tlv(Tag.MESSAGE_STATE, b"\2"),
        ]
        answer = await self.esme.deliver_sm(
            event.source_addr, source_addr=event.destination_addr, esm_class=4, tlvs=tlvs
        )
        self.receipts.append(answer.command_status)


@asynccontextmanager
async def smpp34_server() -> AsyncGenerator[Smpp34]:
    port = free_port()
    server = smpp34.Server("127.0.0.1", port, system_id="smpp34")
    await server.start()
    peer = Smpp34(port)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(peer.serve(server), name="smpp34")
        try:
            yield peer
        finally:
            serving.cancel()
            await server.stop()
