"""The `sos` topic: the emergency button. `{"id", "t", "lon", "lat", "crs", "note", "receipt"}`.

Only the press's own id is required: a press must not be lost to a bad clock or to a broken fix. What cannot be read of
the rest is left out.
"""

from typing import Any, NamedTuple, cast

from ingest.wire import pos
from ingest.wire.reports import Reason, ReceiptId, Refusal, epoch_s

_MAX_ID = 64
_MAX_NOTE = 500


class Press(NamedTuple):
    sos_id: str
    t: float | None  # epoch s
    lon: float | None  # degrees, in `crs`
    lat: float | None
    is_gcj02: bool
    note: str
    receipt: ReceiptId


def decode(payload: bytes) -> Press | Refusal:
    said = pos.loads(payload)
    if isinstance(said, Refusal):
        return said
    if not isinstance(said, dict):
        return Refusal(0, Reason.NOT_AN_OBJECT, type(said).__name__)
    fields = cast("dict[str, Any]", said)
    if (sos_id := _id(fields)) is None:
        return Refusal(0, Reason.MISSING_FIELD, "id")
    lon, lat = _degrees(fields.get("lon"), 180), _degrees(fields.get("lat"), 90)
    has_place = lon is not None and lat is not None and (lon, lat) != (0, 0)
    return Press(
        sos_id=sos_id,
        t=_time(fields.get("t")),
        lon=lon if has_place else None,
        lat=lat if has_place else None,
        is_gcj02=fields.get("crs") == "gcj02",
        note=_text(fields.get("note"), _MAX_NOTE),
        receipt=_receipt(fields.get("receipt")),
    )


def _id(fields: dict[str, Any]) -> str | None:
    given = fields.get("id")
    if isinstance(given, bool) or not isinstance(given, str | int):
        return None
    try:
        return _text(str(given), _MAX_ID) or None
    except ValueError:  # an integer of more than 4,300 digits
        return None


def _degrees(value: Any, limit: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -limit <= value <= limit:
        return None  # NaN compares false
    return float(value)


def _time(value: Any) -> float | None:
    if isinstance(value, str):
        return epoch_s(value)
    far = 1e11  # seconds; the year 5138
    return float(value) if isinstance(value, int | float) and abs(value) < far else None


def _text(value: Any, limit: int) -> str:
    """Return storable text: PostgreSQL takes neither NUL nor lone surrogates."""
    if not isinstance(value, str):
        return ""
    return value[:limit].replace("\0", "").encode("utf-8", "replace").decode()


def _receipt(value: Any) -> ReceiptId:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return value
