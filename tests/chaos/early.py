"""An ingest that lies, to show that the lie is found: it acknowledges before COMMIT."""

import asyncio
from typing import Final

from msgspec.structs import replace

from gridwarden.cli import main
from ingest.pipeline.loop import Pipeline
from ingest.rules.packets import Packet

LIES_FOR_S: Final = 0.5  # between the PUBACK and the work

honest = Pipeline.dispose


class _Deaf:
    def settle(self, token: int) -> None:
        """It was told already."""


async def dispose(self: Pipeline, packets: list[Packet]) -> None:
    for packet in packets:
        packet.settler.settle(packet.token)
    await asyncio.sleep(LIES_FOR_S)
    await honest(self, [replace(packet, settler=_Deaf()) for packet in packets])


if __name__ == "__main__":
    Pipeline.dispose = dispose
    main()
