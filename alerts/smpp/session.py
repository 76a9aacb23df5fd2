"""A session that is kept up: one transceiver, or a transmitter and a receiver; bound again whenever it ends.

What could not be bound is said once for each reason, and tried again at growing distances; after a wrong password so
seldom that no operator locks the account.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import Final, cast

import structlog

from alerts.core.verdicts import Answer, Verdict
from alerts.smpp import pdus
from alerts.smpp.batches import Batch, Tag
from alerts.smpp.commands import Status, status_name
from alerts.smpp.connecting import NotBound, bound
from alerts.smpp.gateway import Gateway
from alerts.smpp.link import Link, LinkEnded, Listeners
from alerts.smpp.pdus import Address, ProtocolError, Queried
from alerts.smpp.states import Role
from tracker.model.backoff import delays

STEADY_S: Final = 10.0  # a link that lived so long was well: the next one is tried at once

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class NotAnswered(Exception):  # noqa: N818 - of theirs
    """A question to the centre has no useful answer; the message says why."""


class Session:
    def __init__(self, gateway: Gateway, listeners: Listeners, *, tick: Callable[[], float] = time.monotonic) -> None:
        self._gateway = gateway
        self._listeners = listeners
        self._tick = tick
        self._links: dict[Role, Link] = {}
        self.changed = asyncio.Event()  # set whenever a link is bound or ends

    @property
    def is_sending(self) -> bool:
        sender = self._sender
        return sender is not None and sender.is_sending

    @property
    def links(self) -> Sequence[Link]:
        return list(self._links.values())

    async def run(self) -> None:
        """Keep bound until cancelled, and then unbind."""
        roles = (Role.TRANSMITTER, Role.RECEIVER) if self._gateway.is_pair else (Role.TRANSCEIVER,)
        async with asyncio.TaskGroup() as group:
            for role in roles:
                group.create_task(self._keep(role), name=f"smpp {self._gateway.name} {role}")

    async def submit(self, segments: Sequence[tuple[Tag, bytes]]) -> Sequence[Answer]:
        """Return an answer for each segment, in order."""
        sender = self._sender
        if sender is None:
            return [Answer(Verdict.LATER, detail="not connected")] * len(segments)
        batch: Batch = sender.submit(segments)
        await batch.done.wait()
        return [answer for answer in batch.answers if answer is not None]

    async def query(self, operator_id: str, source: Address) -> Queried:
        """Ask what became of a segment. Raises NotAnswered."""
        sender = self._sender
        if sender is None:
            raise NotAnswered("not connected")
        try:
            status, body = await sender.query(pdus.query_body(operator_id, source))
            if status != Status.ESME_ROK:
                raise NotAnswered(status_name(status))
            return pdus.read_queried(body)
        except (LinkEnded, TimeoutError, ProtocolError, ValueError) as failed:
            raise NotAnswered(str(failed) or "no answer") from failed

    def listen(self, *, is_listening: bool) -> None:
        for link in self._links.values():
            link.listen(is_listening=is_listening)

    @property
    def _sender(self) -> Link | None:
        return self._links.get(Role.TRANSMITTER if self._gateway.is_pair else Role.TRANSCEIVER)

    async def _keep(self, role: Role) -> None:
        timing, said = self._gateway.timing, ""
        pauses = delays(random.random, first_s=timing.first_retry_s, most_s=timing.most_retry_s)
        while True:
            try:
                link = await bound(self._gateway, role, self._listeners, tick=self._tick)
            except NotBound as why:
                if str(why) != said:
                    said = str(why)
                    log.warning("sms.not_bound", gateway=self._gateway.name, role=role, reason=said)
                await asyncio.sleep(timing.refused_retry_s if why.is_hopeless else next(pauses))
                continue
            said = ""
            log.info("sms.bound", gateway=self._gateway.name, role=role, where=self._gateway.where)
            began_s = self._tick()
            await self._stay(role, link)
            if self._tick() - began_s > STEADY_S:
                pauses = delays(random.random, first_s=timing.first_retry_s, most_s=timing.most_retry_s)
            log.warning("sms.unbound", gateway=self._gateway.name, role=role, reason=link.reason)
            await asyncio.sleep(next(pauses))

    async def _stay(self, role: Role, link: Link) -> None:
        self._links[role] = link
        self.changed.set()
        try:
            await link.ended.wait()
        except asyncio.CancelledError:
            await link.unbind()
            raise
        finally:
            del self._links[role]
            self.changed.set()
