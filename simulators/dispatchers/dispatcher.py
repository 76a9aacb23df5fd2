"""One person at the desk: logs in, sees the units, composes a warning, looks at whom it would tell, issues it.

What the server refuses ends in DispatcherError with the server's own words. Nothing is tried again here: who asks
knows whether a second try makes sense.
"""

import time
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

import httpx
import msgspec

from simulators.dispatchers.answers import (
    Alert,
    DispatcherError,
    Issued,
    MemberPage,
    Preview,
    Problem,
    Reach,
    Unit,
    Units,
)

PATIENCE_S: Final = 30.0  # a warning to a whole city freezes 85,319 people before it answers
LEVELS: Final = ("blue", "yellow", "orange", "red")
SEVERE: Final = frozenset({"orange", "red"})  # they want a second person, or a reason why not
WHY_ALONE: Final = "load test"
WORDS_OF_LEVELS: Final[Mapping[str, str]] = {"county": "county", "street": "grid-1", "community": "grid-2"}
MARK: Final[Mapping[str, str]] = {
    "X-Requested-With": "gridwarden",
    "Accept-Language": "en",
}  # as the web app sends them
_PAGE: Final = 500  # members at a time, the server's most

Answer = TypeVar("Answer")


class Dispatcher:
    """An account's view of the dashboard. Open it with `logged_in` or `with_token`, which close it again."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client: Final = client

    @classmethod
    @asynccontextmanager
    async def logged_in(cls, url: str, name: str, password: str) -> AsyncGenerator["Dispatcher"]:
        """Log in as people do: a session and its cookie. Raises DispatcherError."""
        async with _client(url, MARK) as client:
            dispatcher = cls(client)
            await dispatcher._ask("POST", "/api/login", msgspec.Raw, {"name": name, "password": password})
            yield dispatcher

    @classmethod
    @asynccontextmanager
    async def with_token(cls, url: str, token: str) -> AsyncGenerator["Dispatcher"]:
        """Come with an API token, as programs do. It is tried with the first request."""
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        async with _client(url, headers) as client:
            yield cls(client)

    @property
    def headers(self) -> Mapping[str, str]:
        """What the handshake of a WebSocket must carry to be let in as this account."""
        token = self._client.headers.get("Authorization")
        if token is not None:
            return {"Authorization": token}
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self._client.cookies.items())}

    async def units(self) -> tuple[Unit, ...]:
        """Return all units that the account sees, parents first."""
        return (await self._ask("GET", "/api/units", Units)).units

    async def member_ids(self, unit: int) -> list[int]:
        """Return the ids of the people of a unit and all below it; 500 a request."""
        found: list[int] = []
        while True:
            path = f"/api/units/{unit}/members?limit={_PAGE}&offset={len(found)}"
            page = await self._ask("GET", path, MemberPage)
            found += [member.id for member in page.members]
            if not page.members or len(found) >= page.total:
                return found

    async def preview(self, level: str, unit: int, headline: str, *, is_drill: bool = True) -> Preview:
        """Return who would be told now; nothing is stored."""
        return await self._ask(
            "POST", "/api/alerts/preview", Preview, content(level, unit, headline, is_drill=is_drill)
        )

    async def warn(
        self,
        level: str,
        unit: int,
        headline: str,
        *,
        is_drill: bool = True,
        override_reason: str = WHY_ALONE,
        approver: "Dispatcher | None" = None,
    ) -> Issued:
        """Preview, draft and issue a warning of `level` (one of LEVELS) to a unit. Raises DispatcherError.

        Orange and red are submitted to `approver`, who approves at once; without one they are issued with
        `override_reason`. A drill unless said otherwise: it goes the whole way, and says in every text what it is.
        """
        said = content(level, unit, headline, is_drill=is_drill)
        began_at = time.time()
        preview = await self._ask("POST", "/api/alerts/preview", Preview, said)
        previewed_at = time.time()
        if not preview.allowed:
            raise DispatcherError("preview", status=403, word="not_allowed", message=preview.explanation)
        drafted = await self._ask("POST", "/api/alerts", Alert, draft(said))
        drafted_at = time.time()
        issued = await self._issue(drafted, override_reason, approver)
        issued_at = time.time()
        return Issued(
            alert=issued.id,
            level=level,
            unit=unit,
            began_at=began_at,
            preview_s=previewed_at - began_at,
            draft_s=drafted_at - previewed_at,
            issue_s=issued_at - drafted_at,
            issued_at=issued_at,
            previewed=preview.total,
            reach=issued.reach,
        )

    async def reach(self, alert: UUID) -> Reach:
        """Return how many people were told, reached, and answered so far."""
        return (await self._ask("GET", f"/api/alerts/{alert}", Alert)).reach

    async def lift(self, alert: UUID, note: str = "load test over") -> None:
        """Say that the danger is over, to all who were told."""
        now = await self._ask("GET", f"/api/alerts/{alert}", Alert)
        await self.move(now, "lift", note=note)

    async def move(self, alert: Alert, move: str, **said: str) -> Alert:
        """Make one of an alert's moves (issue, submit, approve, lift, cancel); refused when it changed meanwhile."""
        body = {"expected_version": alert.version, **said}
        return await self._ask("POST", f"/api/alerts/{alert.id}/{move}", Alert, body)

    async def _issue(self, drafted: Alert, reason: str, approver: "Dispatcher | None") -> Alert:
        if drafted.level not in SEVERE:
            return await self.move(drafted, "issue")
        if approver is None:
            return await self.move(drafted, "issue", override_reason=reason)
        return await approver.move(await self.move(drafted, "submit"), "approve")

    async def _ask(self, method: str, path: str, shape: type[Answer], body: Mapping[str, Any] | None = None) -> Answer:
        request = f"{method} {path.partition('?')[0]}"
        try:
            response = await self._client.request(method, path, json=body)
        except httpx.RequestError as error:
            why = str(error) or type(error).__name__
            raise DispatcherError(request, status=0, word="no_answer", message=why) from error
        return read(request, response.status_code, response.content, shape)


def read(request: str, status: int, content: bytes, shape: type[Answer]) -> Answer:
    """Return an answer's body as `shape`. Raises DispatcherError for a refusal, and for what is not that shape."""
    if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's classes
        problem = _problem(content)
        raise DispatcherError(request, status=status, word=problem.error, message=problem.message)
    try:
        return msgspec.json.decode(content, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DispatcherError(request, status=status, word="bad_answer", message=str(error)) from error


def unit_of(units: Iterable[Unit], word: str) -> Unit | None:
    """Return the unit that a scenario means: a code, or "county", "street", "community" for the one of most people.

    None when there is none such. The lowest code wins among equals.
    """
    found = tuple(units)
    named = next((unit for unit in found if unit.code == word), None)
    if named is not None:
        return named
    level = WORDS_OF_LEVELS.get(word)
    return min(
        (unit for unit in found if unit.level == level), key=lambda unit: (-unit.people, unit.code), default=None
    )


def content(level: str, unit: int, headline: str, *, is_drill: bool = True) -> dict[str, Any]:
    """Return what a preview and a draft say of a warning."""
    return {
        "level": level,
        "event": "flood",
        "headline": headline,
        "description": "This is a load test.",
        "instruction": "",
        "targets": [unit],
        "is_drill": is_drill,
    }


def draft(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a draft of `content`, with an id of our own: sent twice, it is one alert."""
    return {"id": str(uuid4()), **said}


def _client(url: str, headers: Mapping[str, str]) -> httpx.AsyncClient:
    try:
        return httpx.AsyncClient(base_url=url, headers=headers, timeout=PATIENCE_S)
    except httpx.InvalidURL as error:
        raise DispatcherError(url, status=0, word="no_address", message=f"{error}; wanted http://host:port") from error


def _problem(content: bytes) -> Problem:
    try:
        return msgspec.json.decode(content, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Problem(message=content[:200].decode(errors="replace"))
