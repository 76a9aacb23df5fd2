"""The inbox: what people do with texts that came in, and with the cases made of them; in the caller's transaction.

Who may do it is the dashboard's to judge; what can be done is judged here. It receives nothing: replies do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from alerts.changes import texting
from alerts.core.records import Actor
from alerts.store import text_cases
from alerts.store.text_cases import TextCaseRow, TextRow

Connection = AsyncConnection[Any]

SHOWN: Final = 5  # texts of a case, the newest ones


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCase:
    """A case with its last texts, the newest first."""

    row: TextCaseRow
    texts: Sequence[TextRow]


class Inbox:
    """`clock` returns aware UTC."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    async def cases(
        self, connection: Connection, *, left: int, right: int, only_open: bool, limit: int
    ) -> list[TextCase]:
        rows = await text_cases.page(connection, left=left, right=right, only_open=only_open, limit=limit)
        return await _with_texts(connection, rows)

    async def find_case(self, connection: Connection, case: int) -> TextCase | None:
        row = await text_cases.find(connection, case)
        return None if row is None else (await _with_texts(connection, [row]))[0]

    async def open_case(self, connection: Connection, by: Actor, *, message: int, number: str, unit: int) -> int:
        """Return the case. Raises Conflict when the text is in one already."""
        return await texting.open_case(connection, message=message, number=number, unit=unit, by=by, now=self._clock())

    async def take(self, connection: Connection, case: TextCaseRow, by: Actor) -> None:
        await texting.take(connection, case, by=by, now=self._clock())

    async def close(self, connection: Connection, case: TextCaseRow, by: Actor) -> None:
        await texting.close(connection, case, by=by, now=self._clock())

    async def lift(self, connection: Connection, by: Actor, *, number: str) -> None:
        """Let circulars reach a number again that wrote STOP. Raises Conflict when it is not stopped."""
        await texting.lift(connection, number=number, by=by, now=self._clock())


async def _with_texts(connection: Connection, rows: Sequence[TextCaseRow]) -> list[TextCase]:
    by_case: Mapping[int, list[TextRow]] = {row.id: [] for row in rows}
    for text in await text_cases.texts(connection, list(by_case), each=SHOWN):
        by_case[text.text_case].append(text)
    return [TextCase(row=row, texts=by_case[row.id]) for row in rows]
