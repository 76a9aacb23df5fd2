"""The ASGI application, put together from its services. It starts nothing and holds no state of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response, WebSocket
from psycopg_pool import AsyncConnectionPool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from alerts.callbacks import Callbacks
from alerts.core.cap_signatures import Trusted
from alerts.desk import Desk
from alerts.inbox import Inbox
from alerts.intake import Intake
from alerts.message_desk import MessageDesk
from alerts.phones import Phones
from alerts.rule_desk import RuleDesk
from dashboard.api import (
    accounts,
    alerts,
    answering,
    audit,
    broker,
    cap,
    cap_messages,
    circulars,
    contacts,
    delegations,
    deliveries,
    delivery_attempts,
    duty,
    emergencies,
    grid_edits,
    grid_sets,
    grids,
    history,
    imports,
    inbound,
    ingest,
    levels,
    member_changes,
    members,
    message_groups,
    message_limits,
    message_statistics,
    message_templates,
    operation,
    organisation,
    own_account,
    phone,
    reach,
    role_sets,
    rosters,
    rules,
    session,
    single_sign_on,
    sms_callbacks,
    teams,
    terminal_changes,
    terminals,
    text_cases,
    tokens,
    units,
)
from dashboard.api.answers import NotFound, install
from dashboard.api.changing import Changing
from dashboard.api.import_desk import ImportDesk
from dashboard.api.message_office import MessageOffice
from dashboard.live import socket
from dashboard.live.hub import Hub
from dashboard.security.guard import Guard
from dashboard.security.headers import SecurityHeaders
from dashboard.security.sessions import Sessions
from dashboard.security.single_sign_on import Provider, SingleSignOn
from dashboard.security.staff import Staff
from dashboard.website import Website
from tracker.bus.interface import Bus
from tracker.organisation.provisioning import PublicDoor

LOCAL_DOOR: Final = PublicDoor(host="127.0.0.1", port=1883, is_tls=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    pool: AsyncConnectionPool
    bus: Bus
    desk: Desk
    sessions: Sessions
    hub: Hub
    website: Website
    clock: Callable[[], datetime]  # aware UTC
    version: str
    single_sign_on: SingleSignOn | None = None  # None: passwords only
    door: PublicDoor = LOCAL_DOOR  # where terminals connect, as they see it from outside
    broker_secret: str | None = None  # shown by a broker that asks who may log in; None: nobody may ask
    trusted: Trusted = ()  # certificates that sign other services' CAP documents
    public_url: str = "http://127.0.0.1:8000"  # of this dashboard, in what other systems are told
    link_secret: bytes | None = None  # signs acknowledgement links; None: there are none, and no phone pages
    phones: Phones | None = None  # what is behind the links
    callbacks: Callbacks | None = None  # of SMS gateways over HTTP
    settings: Mapping[str, Any] = field(default_factory=lambda: {"basemap": None})  # what the web app is told


def create_app(services: Services) -> FastAPI:
    app = FastAPI(
        title="Gridwarden",
        openapi_url=None,
        middleware=[
            Middleware(SecurityHeaders, tile_origins=tile_origins(services.settings)),
            Middleware(GZipMiddleware, minimum_size=2_000, compresslevel=5),
            Middleware(Guard, sessions=services.sessions),
        ],
    )
    install(app)
    _add_routers(app, services)
    _add_live(app, services)
    _add_website(app, services.website)
    return app


def tile_origins(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the origins of the base map's addresses, for the content security policy."""
    found: set[str] = set()
    for value in (settings.get("basemap") or {}).values():
        for address in value if isinstance(value, list) else [value]:
            parts = urlsplit(str(address))
            if parts.scheme in {"http", "https"}:
                found.add(f"{parts.scheme}://{parts.netloc}")
    return tuple(sorted(found))


def _add_routers(app: FastAPI, to: Services) -> None:
    _add_log_in(app, to)
    app.include_router(units.router(to.pool, to.hub))
    app.include_router(members.router(to.pool, to.hub, clock=to.clock))
    app.include_router(history.router(to.pool, to.hub, clock=to.clock))
    app.include_router(grids.router(to.pool))
    app.include_router(grid_edits.router(to.pool))
    app.include_router(grid_sets.router(Changing(pool=to.pool, bus=to.bus, clock=to.clock)))
    _add_organisation(app, to)
    app.include_router(emergencies.router(to.pool, to.bus, to.hub, clock=to.clock))
    counter = alerts.Counter(to.pool, to.desk, to.hub)
    app.include_router(alerts.router(counter))
    app.include_router(reach.router(counter, clock=to.clock))
    app.include_router(rules.router(to.pool, RuleDesk(to.clock), clock=to.clock))
    _add_messages(app, to)
    # Before cap.py, whose {alert} would take the word for one
    app.include_router(cap_messages.router(Intake(to.pool, to.bus, to.clock, to.trusted), counter))
    app.include_router(cap.router(to.desk, to.hub, public_url=to.public_url, clock=to.clock))
    app.include_router(operation.router(to.pool, version=to.version))
    app.include_router(ingest.router(to.pool))
    if to.broker_secret is not None:
        app.include_router(broker.router(to.pool, secret=to.broker_secret))
    if to.callbacks is not None:
        app.include_router(sms_callbacks.router(to.callbacks))
    if to.link_secret is not None and to.phones is not None:
        reception = phone.Reception(to.phones, to.desk, secret=to.link_secret, clock=to.clock)
        app.include_router(answering.router(reception))
        app.include_router(phone.router(reception))


def _add_messages(app: FastAPI, to: Services) -> None:
    desk = MessageDesk(to.clock, to.desk.timezone)
    office = MessageOffice(pool=to.pool, bus=to.bus, desk=desk, clock=to.clock)
    inbox = Inbox(to.clock)
    for routes in (
        circulars.router(office),
        deliveries.router(office),
        delivery_attempts.router(office),
        message_templates.router(office),
        message_groups.router(office),
        message_limits.router(office),
        message_statistics.router(office),
        inbound.router(office, inbox),
        text_cases.router(office, inbox),
    ):
        app.include_router(routes)


def _add_organisation(app: FastAPI, to: Services) -> None:
    changing = Changing(pool=to.pool, bus=to.bus, clock=to.clock)
    for routes in (
        organisation.router(changing, to.hub),
        levels.router(changing),
        role_sets.router(changing),
        member_changes.router(changing, to.hub),
        terminals.router(to.pool),
        terminal_changes.router(changing, door=to.door),
        teams.router(changing),
        rosters.router(changing),
        duty.router(changing, to.hub),
        contacts.router(changing),
    ):
        app.include_router(routes)


def _add_log_in(app: FastAPI, to: Services) -> None:
    introduction = session.Introduction(to.pool, to.hub, settings=to.settings, clock=to.clock)
    own = own_account.Own(to.pool, to.sessions, hang_up=to.hub.hang_up, clock=to.clock)
    sign_on = to.single_sign_on
    app.include_router(
        session.router(
            to.sessions,
            introduction,
            hang_up=to.hub.hang_up,
            single_sign_on=None if sign_on is None else sign_on.name,
        )
    )
    app.include_router(own_account.router(own))
    app.include_router(delegations.router(to.pool, clock=to.clock))
    app.include_router(tokens.router(to.pool, hang_up=to.hub.hang_up, clock=to.clock))
    staff = Staff(to.sessions.passwords, issuer=None if sign_on is None else sign_on.issuer, clock=to.clock)
    app.include_router(accounts.router(accounts.Office(to.pool, staff, hang_up=to.hub.hang_up)))
    app.include_router(audit.router(to.pool, clock=to.clock))
    app.include_router(imports.router(to.pool, to.bus, ImportDesk(str(to.pool.conninfo), to.clock)))
    if sign_on is not None:
        provider = Provider(sign_on, to.sessions.seal, clock=to.clock)
        reception = single_sign_on.Reception(to.pool, to.sessions, clock=to.clock)
        app.include_router(single_sign_on.router(provider, reception, introduction, to.sessions))


def _add_live(app: FastAPI, to: Services) -> None:
    @app.websocket("/api/live")
    async def live(websocket: WebSocket) -> None:
        await socket.serve(websocket, hub=to.hub, sessions=to.sessions)


def _add_website(app: FastAPI, website: Website) -> None:
    """Last, so that every route above comes first; an unknown path under /api is no page."""

    @app.get("/{path:path}")
    async def file(request: Request, path: str) -> Response:
        if path.startswith(("api/", "ack/")) or (path.startswith("my/") and not website.holds(path)):
            raise NotFound("address")
        return website.answer(request, path)
