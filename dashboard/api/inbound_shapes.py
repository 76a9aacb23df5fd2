"""Texts that came in, and the cases made of them, as JSON. Of units and people outside the scope nothing is said."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from psycopg import AsyncConnection

from alerts.inbox import TextCase
from dashboard.shapes import Named, Scope
from dashboard.store.inbound import InboundRow
from dashboard.store.places import named_units

KINDS: Final[Mapping[str, str]] = {"resident": "text"}  # others are called as they are routed

Names = Mapping[int, Named]


async def names(connection: AsyncConnection[Any], rows: Sequence[InboundRow], scope: Scope) -> Names:
    """Return the units that these rows speak of, as far as they lie in the scope."""
    asked = {unit for row in rows for unit in (row.place, row.case_unit, *row.candidates) if unit is not None}
    return await named_units(connection, list(asked), scope) if asked else {}


def inbound(row: InboundRow, known: Names) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": row.at,
        "kind": KINDS.get(row.route, row.route),
        "number": row.number,
        "destination": row.destination,
        "gateway": row.provider,
        "text": row.text,
        "member": None if row.member is None else Named(row.member, row.member_name or ""),
        "unit": None if row.unit is None else Named(row.unit, row.unit_name or "", row.unit_name_en),
        "alert": None if row.alert is None else {"id": row.alert, "level": row.level, "headline": row.headline},
        "place": _place(row, known),
        "candidates": [known[unit] for unit in row.candidates if unit in known],
        "case": None
        if row.text_case is None
        else {"id": row.text_case, "unit": known.get(row.case_unit or 0), "is_open": row.is_case_open},
        "is_stopped": row.is_stopped,
    }


def _place(row: InboundRow, known: Names) -> dict[str, Any] | None:
    """`unit` is null outside all grids, and outside the viewer's units: `is_elsewhere` tells them apart."""
    if row.place_by is None:
        return None
    return {
        "unit": known.get(row.place or 0),
        "is_elsewhere": row.place is not None and row.place not in known,
        "by": row.place_by,
        "said": row.place_said,
        "lon": row.lon,
        "lat": row.lat,
    }


def text_case(found: TextCase, scope: Scope) -> dict[str, Any]:
    row = found.row
    is_ours = row.member_left is not None and scope.holds(row.member_left)
    return {
        "id": row.id,
        "number": row.number,
        "unit": Named(row.unit, row.unit_name, row.unit_name_en),
        "member": Named(row.member, row.member_name or "") if is_ours and row.member is not None else None,
        "lon": row.lon,
        "lat": row.lat,
        "count": row.texts,
        "texts": [{"id": text.id, "at": text.at, "text": text.text} for text in found.texts],
        "opened_at": row.opened_at,
        "opened_by": None if row.opened_by is None else Named(row.opened_by, row.opened_by_name or ""),
        "heard_at": row.heard_at,
        "taken_at": row.taken_at,
        "taken_by": None if row.taken_by is None else Named(row.taken_by, row.taken_by_name or ""),
        "ended_at": row.ended_at,
        "ended_by": None if row.ended_by is None else Named(row.ended_by, row.ended_by_name or ""),
    }
