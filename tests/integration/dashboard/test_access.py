"""No account reads or writes outside its subtree, and none does what its roles do not allow: every route, every role.

All routes of the app are walked, so that a new one is walked too; what it needs to be asked stands in world.py.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, get_args

import httpx
import psycopg
import pytest
from psycopg import sql

from dashboard.live import messages
from dashboard.live.messages import Ack, Ping, Watch
from dashboard.security.guard import OF_BROKERS, OPEN
from dashboard.security.rights import Right
from dashboard.security.sessions import MARK_OF_PROGRAMS, hash_of
from tests.integration.dashboard.builders import (
    CITY,
    EAST,
    EAST_BLOCK,
    EAST_STREET,
    UNITS,
    Place,
    a_checkpoint,
    a_position,
    now,
)
from tests.integration.dashboard.routes import Endpoint, endpoints
from tests.integration.dashboard.world import (
    ABOVE,
    BESIDE,
    BODIES,
    GLOBAL,
    INSIDE,
    LIST_SIGN,
    MAYOR,
    OWN,
    PLACED,
    QUERIES,
    TARGETS,
    Target,
    one_of_everything,
)

pytestmark = pytest.mark.timeout(900)

Connection = psycopg.AsyncConnection[Any]
SPAN: Final = {unit: (left, right) for unit, _code, _name, _level, _parent, left, right, *_ in UNITS}
PLACES: Final = {"city": CITY, "county": EAST, "street": EAST_STREET, "community": EAST_BLOCK}
EVERY_ROLE: Final = tuple(Right)
SIGN: Final = re.compile(LIST_SIGN)
AT_ONCE: Final = 4
# Refused reports belong to no unit
OF_THE_TOP: Final = frozenset({"/api/ingest", "/api/ingest/pulse", "/api/ingest/refused"})
# The world's alerts are drafts; test_cap.py and test_reach.py issue some
OF_ISSUED: Final = frozenset(
    {
        "/api/cap/{alert}",
        "/api/alerts/{alert}/report",
        "/api/alerts/{alert}/report.json",
        "/api/alerts/{alert}/report.csv",
    }
)
# What of the database a refused request may leave behind: that it was asked
TRACES: Final = frozenset({"audit", "login_session", "api_token"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who asks. `roles` are held for `held`, what is seen is `unit`."""

    name: str
    unit: int
    roles: tuple[Right, ...]
    held: int
    is_living: bool = True
    is_program: bool = False
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def headers(self) -> dict[str, str]:
        if not self.token:
            return {}
        return {"Authorization": f"Bearer {self.token}"} if self.is_program else {"Cookie": f"gw_session={self.token}"}

    def sees(self, at: Target) -> bool:
        return _contains(self.unit, at)

    def holds(self, right: Right, at: Target) -> bool:
        return _contains(self.unit if right is Right.LOOK else self.held, at)


def callers() -> list[Caller]:
    """Each role alone at each level; and those who come with too little, too late or with nothing."""
    alone = [
        Caller(name=f"{right}-of-{name}", unit=unit, roles=(right,), held=unit)
        for name, unit in PLACES.items()
        for right in Right
    ]
    return [
        *alone,
        Caller(name="all-of-county", unit=EAST, roles=EVERY_ROLE, held=EAST),
        Caller(name="all-of-a-street-in-the-county", unit=EAST, roles=EVERY_ROLE, held=EAST_STREET),
        Caller(name="token-that-looks", roles=(Right.LOOK,), unit=EAST, held=EAST, is_program=True, token=_program()),
        Caller(
            name="token-that-dispatches",
            roles=(Right.DISPATCH,),
            unit=EAST,
            held=EAST,
            is_program=True,
            token=_program(),
        ),
        Caller(
            name="token-expired",
            roles=EVERY_ROLE,
            unit=EAST,
            held=EAST,
            is_program=True,
            token=_program(),
            is_living=False,
        ),
        Caller(
            name="token-revoked",
            roles=EVERY_ROLE,
            unit=EAST,
            held=EAST,
            is_program=True,
            token=_program(),
            is_living=False,
        ),
        Caller(name="session-expired", unit=EAST, roles=EVERY_ROLE, held=EAST, is_living=False),
        Caller(name="closed", unit=EAST, roles=EVERY_ROLE, held=EAST, is_living=False),
        Caller(name="nobody", unit=EAST, roles=(), held=EAST, is_living=False, token=""),
    ]


@pytest.fixture
async def world(city: Connection) -> Connection:
    """The small city with one of everything in the east, in the west and at the top."""
    await one_of_everything(city)
    await a_checkpoint(city, a_position(MAYOR, lon=113.05, grid=BESIDE.unit))
    return city


@pytest.fixture
async def everybody(world: Connection) -> list[Caller]:
    found = callers()
    for caller in found:
        if caller.token:
            await _enter(world, caller)
    return found


@pytest.fixture
async def client(everybody: list[Caller], place: Place) -> AsyncIterator[httpx.AsyncClient]:
    async with place.client() as opened:
        yield opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request to be made. `path_at` and `body_at` are what it names; None: nothing of a place."""

    endpoint: Endpoint
    caller: Caller
    path_at: Target | None
    body_at: Target | None

    @property
    def named(self) -> list[Target]:
        return [at for at in (self.path_at, self.body_at) if at is not None]

    def __str__(self) -> str:
        named = [at.sign for at in self.named]
        return f"{self.endpoint} by {self.caller.name} about {' and '.join(named) or 'nothing'}"


def test_every_route_declares_the_right_it_needs() -> None:
    """Or is on the list of those that stand open."""
    bare = {str(one) for one in endpoints() if one.needs is None and one.path not in OPEN | OF_BROKERS}
    assert bare == set(), "declare `viewer: CurrentViewer` (or Dispatcher, Issuer, ...) from dashboard.security.rights"


def test_every_route_has_what_it_is_asked_with() -> None:
    """A new route is walked when world.py knows its parameters and its body."""
    walked = [one for one in endpoints() if one.needs is not None]
    shared = tuple(GLOBAL)
    strange = {
        str(one)
        for one in walked
        for name in one.parameters
        if name not in PLACED and name not in OWN and not one.path.startswith(shared)
    }
    assert strange == set(), "put the path parameter into PLACED, OWN or GLOBAL of tests/integration/dashboard/world.py"
    bodiless = {one.path for one in walked if one.method != "GET"} - set(BODIES)
    assert bodiless == set(), "put the route's body into BODIES of tests/integration/dashboard/world.py"


def test_every_message_of_the_live_socket_is_known_here() -> None:
    assert set(get_args(messages.Request)) == {Watch, Ack, Ping}, "walk the new message in the test of the live socket"


async def test_nobody_reads_or_writes_what_is_not_theirs(
    client: httpx.AsyncClient, everybody: list[Caller], world: Connection
) -> None:
    """Every route by every caller about the east, the west and the top; what may change things is not sent."""
    walked = [one for one in endpoints() if one.needs is not None]
    requests = [request for one in walked for caller in everybody for request in requests_of(one, caller)]
    before = await fingerprint(world)
    wrong = [line for line in await asked(client, requests) if line is not None]
    assert wrong == [], f"{len(wrong)} of {len(requests)}:\n" + "\n".join(wrong[:40])
    assert await fingerprint(world) == before
    print(f"access: {len(walked)} endpoints x {len(everybody)} accounts, {len(requests)} requests")  # noqa: T201
    assert len(walked) >= 100


async def test_nobody_watches_what_is_not_theirs(place: Place, everybody: list[Caller]) -> None:
    for caller in everybody:
        async with place.screen_with(caller.headers) as screen:
            if not caller.is_living:
                assert await screen.closed() == 4401, caller.name
                continue
            for at in TARGETS:
                await screen.watch(at.unit)
                await screen.say(op="ping")
                answered = await screen.message("counts" if caller.sees(at) else "error")
                assert answered.get("unit", at.unit) == at.unit, (caller.name, at.sign)
                assert caller.sees(at) or not SIGN.search(str(answered)), (caller.name, at.sign)


def requests_of(endpoint: Endpoint, caller: Caller) -> Iterator[Request]:
    """Yield the requests that tell something: about each target alone, and about ours with theirs smuggled in."""
    in_path = any(name in PLACED for name in endpoint.parameters) or "unit" in endpoint.queries
    body = BODIES.get(endpoint.path) if endpoint.method != "GET" else None
    in_body = body is not None and _depends(body)
    if not in_path and not in_body:
        yield Request(endpoint=endpoint, caller=caller, path_at=None, body_at=None)
        return
    # Whom the route refuses whatever it is about asks it once
    for at in TARGETS if not refused_anyway(endpoint, caller) else [INSIDE]:
        yield Request(
            endpoint=endpoint, caller=caller, path_at=at if in_path else None, body_at=at if in_body else None
        )
    if in_path and in_body and not refused_anyway(endpoint, caller):
        for at in (BESIDE, ABOVE):
            yield Request(endpoint=endpoint, caller=caller, path_at=INSIDE, body_at=at)


def refused_anyway(endpoint: Endpoint, caller: Caller) -> int | None:
    """Return the status that the caller gets from this route whatever it is about; None: it depends."""
    needs = endpoint.needs
    assert needs is not None
    if not caller.is_living:
        return 401
    lacks = needs.right is not Right.LOOK and needs.right not in caller.roles
    is_low = (needs.is_top and caller.held != CITY) or (endpoint.path in OF_THE_TOP and caller.unit != CITY)
    return 403 if lacks or is_low or (needs.in_person and caller.is_program) else None


def allowed(request: Request) -> set[int]:
    """Return the statuses that are right; empty: the caller may do it."""
    refused = refused_anyway(request.endpoint, request.caller)
    if refused is not None:
        return {refused}
    if any(name in OWN for name in request.endpoint.parameters) or request.endpoint.path in OF_ISSUED:
        return {404}
    assert request.endpoint.needs is not None
    return _by_place(request, request.endpoint.needs.right)


def _by_place(request: Request, right: Right) -> set[int]:
    outside = [at for at in request.named if not request.caller.holds(right, at)]
    if not outside:
        return set()
    if "grid-" in request.endpoint.path:  # areas of others are on no screen, but their borders are ours: 403 says so
        return {403, 404, 422}
    hidden = any(not request.caller.sees(at) for at in outside)
    # Of a thing of ours that is to get something of others, either is told first
    return {403, 404} if len({at.key for at in request.named}) > 1 else {404 if hidden else 403}


async def asked(client: httpx.AsyncClient, requests: list[Request]) -> list[str | None]:
    """Return what is wrong with each answer; None where nothing is."""
    found: list[str | None] = [None] * len(requests)
    numbers = iter(range(len(requests)))

    async def work() -> None:
        for number in numbers:
            found[number] = await _judged(client, requests[number])

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())
    return found


async def _judged(client: httpx.AsyncClient, request: Request) -> str | None:
    right = allowed(request)
    if not right and request.endpoint.method != "GET":
        return None
    answer = await _sent(client, request)
    if answer.status_code not in (right or {200}):
        return f"{request}: {answer.status_code}, not {sorted(right) or 200}: {answer.text[:150]}"
    if request.caller.unit != CITY and SIGN.search(answer.text):
        return f"{request}: speaks of the west: {answer.text[:300]}"
    return None


async def _sent(client: httpx.AsyncClient, request: Request) -> httpx.Response:
    endpoint, body = request.endpoint, BODIES.get(request.endpoint.path)
    path, query = endpoint.path, dict[str, str](QUERIES.get(endpoint.path, {}))
    for name in endpoint.parameters:
        path = path.replace(f"{{{name}}}", str(_value(endpoint, name, request.path_at)))
    if "unit" in endpoint.queries and request.path_at is not None:
        query["unit"] = str(request.path_at.unit)
    sent = body(request.body_at or INSIDE) if body is not None and endpoint.method != "GET" else None
    return await client.request(endpoint.method, path, params=query, json=sent, headers=request.caller.headers)


def _value(endpoint: Endpoint, name: str, at: Target | None) -> object:
    if name in PLACED and at is not None:
        return PLACED[name](at)
    if name in OWN:
        return OWN[name]
    return next(value for beginning, value in GLOBAL.items() if endpoint.path.startswith(beginning))


def _depends(body: Any) -> bool:
    return body(INSIDE) != body(BESIDE)


def _contains(unit: int, at: Target) -> bool:
    left, right = SPAN[unit]
    return left <= at.tree_left <= right


def _program() -> str:
    return MARK_OF_PROGRAMS + secrets.token_urlsafe(32)


async def _enter(connection: Connection, caller: Caller) -> None:
    """Give the caller an account, and the session or token it comes by."""
    facts: Mapping[str, Any] = {
        "name": caller.name,
        "unit": caller.unit,
        "held": caller.held,
        "roles": [role.value for role in ((*EVERY_ROLE,) if caller.is_program else caller.roles)],
        "token_roles": [role.value for role in caller.roles],
        "closed_at": now() if caller.name == "closed" else None,
        "hash": hash_of(caller.token),
        "until": now() + timedelta(days=-1 if caller.name.endswith("-expired") else 1),
        "revoked_at": now() if caller.name.endswith("-revoked") else None,
    }
    await connection.execute(
        """
        WITH made AS (
            INSERT INTO account (name, unit, closed_at) VALUES (%(name)s, %(unit)s, %(closed_at)s) RETURNING id
        )
        INSERT INTO account_role (account, role, unit) SELECT id, unnest(%(roles)s::text[]), %(held)s FROM made
        """,
        facts,
    )
    if caller.is_program:
        await connection.execute(
            """
            INSERT INTO api_token (account, name, token_hash, roles, expires_at, revoked_at)
            SELECT id, 'any', %(hash)s, %(token_roles)s, %(until)s, %(revoked_at)s FROM account WHERE name = %(name)s
            """,
            facts,
        )
        return
    await connection.execute(
        """
        INSERT INTO login_session (account, token_hash, expires_at)
        SELECT id, %(hash)s, %(until)s FROM account WHERE name = %(name)s
        """,
        facts,
    )


async def fingerprint(connection: Connection) -> dict[str, str | None]:
    """Return a hash of every table's rows, but of those that may say that somebody asked."""
    cursor = await connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    names = [name for (name,) in await cursor.fetchall() if name not in TRACES and not name.startswith("position")]
    found: dict[str, str | None] = {}
    for name in names:
        statement = sql.SQL("SELECT md5(string_agg(it::text, '|' ORDER BY it::text)) FROM {} it")
        row = await (await connection.execute(statement.format(sql.Identifier(name)))).fetchone()
        found[name] = None if row is None else row[0]
    return found
