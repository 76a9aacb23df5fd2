"""Areas of grids as GeoJSON, kept by browsers until the grid set changes."""

from typing import Any, Final

import shapely
from fastapi import APIRouter, Request, Response
from msgspec import Raw
from psycopg_pool import AsyncConnectionPool

from dashboard.api.answers import Id, Words, answer
from dashboard.api.units import find
from dashboard.security.rights import CurrentViewer
from dashboard.shapes import Scope
from dashboard.store import grids
from dashboard.store.grids import GridRow

MOST_GRIDS: Final = 25_000  # the reference city has 20,545


def router(pool: AsyncConnectionPool) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/grids")
    async def areas(
        request: Request,
        viewer: CurrentViewer,
        unit: Id | None = None,
        level: Words | None = None,
        version: Id | None = None,
    ) -> Response:
        async with pool.connection() as connection:
            row = await find(connection, viewer.account.scope, unit or viewer.account.unit)
            shown = version or await grids.version(connection)
            headers = {"ETag": etag_of(shown, viewer.account.scope), "Cache-Control": "private, no-cache"}
            if request.headers.get("if-none-match") == headers["ETag"]:
                return Response(status_code=304, headers=headers)
            within = Scope(unit=viewer.account.unit, left=row.tree_left, right=row.tree_right)
            rows = await grids.areas(connection, within, version=shown, level=level, limit=MOST_GRIDS)
        response = answer({"type": "FeatureCollection", "features": [feature(row) for row in rows]})
        response.headers.update(headers)
        return response

    return routes


def etag_of(version: int, scope: Scope) -> str:
    """A weak tag: compression on the way changes the bytes. The scope is in it because it cuts the answer."""
    return f'W/"grids-{version}-{scope.unit}-{scope.left}-{scope.right}"'


def feature(row: GridRow) -> dict[str, Any]:
    """Return one grid as a GeoJSON feature (RFC 7946), with coordinates of 1e-6 degree (0.1 m)."""
    area = shapely.transform(shapely.from_wkb(row.area), lambda points: points.round(6))
    return {
        "type": "Feature",
        "id": row.id,
        "geometry": Raw(shapely.to_geojson(area).encode()),
        "properties": {
            "id": row.id,
            "code": row.code,
            "name": row.name,
            "level": row.level,
            "parent": row.parent,
        },
    }
