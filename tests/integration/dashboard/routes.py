"""All routes of the app, as requests meet them: with the right that each declares."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from alerts.desk import Desk
from dashboard import website
from dashboard.app import Services, create_app
from dashboard.live.feed import empty_hub
from dashboard.security.rights import Needs
from dashboard.security.sessions import Sessions
from dashboard.security.single_sign_on import SingleSignOn
from tests.integration.dashboard.builders import now
from tracker.bus.local import LocalBus

PARAMETER = re.compile(r"{(\w+)[^}]*}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    method: str
    path: str
    needs: Needs | None
    queries: frozenset[str]  # names of its query parameters

    @property
    def parameters(self) -> list[str]:
        return PARAMETER.findall(self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def endpoints() -> list[Endpoint]:
    """Return every method and path under /api, the WebSocket left out."""
    pool: AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]] = AsyncConnectionPool("", open=False)
    bus = LocalBus()
    sign_on = SingleSignOn(
        issuer="https://id.example", client_id="x", client_secret=None, name="City", redirect="https://map.example/"
    )
    app = create_app(
        Services(
            pool=pool,
            bus=bus,
            desk=Desk(pool, bus, now),
            sessions=Sessions(pool, clock=now, secret=b"any"),
            hub=empty_hub(clock=now),
            website=website.read(),
            clock=now,
            version="test",
            single_sign_on=sign_on,
        )
    )
    found = (route for route in _flat(app.routes) if str(getattr(route, "path", "")).startswith("/api/"))
    return [
        Endpoint(method=method, path=route.path, needs=_needs(route.dependant), queries=_queries(route.dependant))
        for route in found
        for method in sorted(getattr(route, "methods", None) or ())
        if method != "HEAD"
    ]


def _flat(routes: list[Any]) -> Iterator[Any]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from _flat(inner.routes)


def _needs(dependant: Any) -> Needs | None:
    found = [one.call for one in dependant.dependencies if isinstance(one.call, Needs)]
    return found[0] if found else None


def _queries(dependant: Any) -> frozenset[str]:
    own = {field.alias for field in dependant.query_params}
    return frozenset(own.union(*(_queries(one) for one in dependant.dependencies)))
