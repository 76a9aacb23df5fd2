"""An answer that is let go only if the tree was not numbered anew while it was made.

A request reads whose it is, with the interval of their subtree, in one transaction, and what it shows in others. A tree
that is numbered anew in between gives that interval to other units: the answer would show what lies outside. Whether
that happened is looked at once, when the answer begins; until then nothing of it has left.
"""

from collections.abc import Awaitable, Callable

from starlette.types import Message, Send


class Steady:
    """An ASGI `send`. A stale answer is swallowed whole, and made again by the caller."""

    def __init__(self, send: Send, holds_still: Callable[[], Awaitable[bool]]) -> None:
        self._send = send
        self._holds_still = holds_still
        self.is_stale = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_stale = not await self._holds_still()
        if not self.is_stale:
            await self._send(message)
