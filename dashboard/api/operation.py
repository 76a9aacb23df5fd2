"""How the service is doing: for people (/api/outbox) and for machines (/healthz, /metrics)."""

import asyncio
from typing import Final
from uuid import UUID

import prometheus_client
import psycopg
from fastapi import APIRouter, Response
from psycopg_pool import AsyncConnectionPool

from dashboard.api.answers import Limit, answer
from dashboard.security.rights import CurrentViewer
from dashboard.shapes import Named
from dashboard.store import operation
from dashboard.store.operation import NOBODY, IngestRow, OutboxRow

HEALTH_TIMEOUT_S: Final = 5.0


def router(pool: AsyncConnectionPool, *, version: str) -> APIRouter:
    routes = APIRouter()

    @routes.get("/healthz")
    async def health() -> Response:
        living = await living_ingest(pool)
        return answer(health_of(living, version), 503 if living is None else 200)

    @routes.get("/metrics")
    async def metrics() -> Response:
        return Response(prometheus_client.generate_latest(), media_type=prometheus_client.CONTENT_TYPE_LATEST)

    @routes.get("/api/outbox")
    async def outbox(viewer: CurrentViewer, alert: UUID | None = None, limit: Limit = 100) -> Response:
        async with pool.connection() as connection:
            rows = await operation.outbox(connection, viewer.account.scope, alert=alert, limit=limit)
        return answer({"messages": [message(row) for row in rows]})

    return routes


async def living_ingest(pool: AsyncConnectionPool) -> IngestRow | None:
    """Return the sums of the living ingest programs; None when the database does not answer in time."""
    try:
        async with asyncio.timeout(HEALTH_TIMEOUT_S), pool.connection(timeout=HEALTH_TIMEOUT_S) as connection:
            return await operation.living(connection)
    except (TimeoutError, psycopg.OperationalError):
        return None


def health_of(living: IngestRow | None, version: str) -> dict[str, object]:
    """Return what /healthz says; `positions_stored` counts rows committed since the living programs started."""
    sums = living or NOBODY
    return {
        "status": "ok" if sums.programs else "degraded",
        "database": "gone" if living is None else "ok",
        "ingest": {"programs": sums.programs, "connections": sums.connections, "load_gateway": sums.has_gateway},
        "positions_stored": sums.positions_stored,
        "duplicates": sums.duplicates,
        "refused": sums.refused,
        "packets": sums.packets,
        "version": version,
    }


def message(row: OutboxRow) -> dict[str, object]:
    return {
        "id": row.id,
        "address": row.address,
        "body": row.body,
        "accepted_at": row.accepted_at,
        "delivery": {"id": row.delivery, "state": row.state, "kind": row.kind, "channel": row.channel},
        "member": None if row.member is None else Named(row.member, row.member_name or ""),
        "alert": row.alert,
    }
