"""What the grid map's editor asks: areas and lines as GeoJSON (RFC 7946), parsed once, here."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import shapely
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from dashboard.api.answers import NO_NUL, Id
from tracker.city.grid_plans import Change, NewGrid
from tracker.organisation.errors import Invalid

MOST_VERTICES: Final = 100_000
MOST_PENDING: Final = 2_000

Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Place = tuple[Longitude, Latitude]
Ring = Annotated[list[Place], Field(min_length=4, max_length=MOST_VERTICES)]
Rings = Annotated[list[Ring], Field(min_length=1, max_length=1_000)]
Line = Annotated[str, Field(max_length=300, pattern=NO_NUL)]
Code = Annotated[str, Field(max_length=64, pattern=NO_NUL)]
Key = Annotated[int, Field(ge=-MOST_PENDING, le=2**31 - 1)]  # a unit's id; negative for a grid that is not made yet
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))]


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OnePolygon(Asked):
    type: Literal["Polygon"]
    coordinates: Rings


class ManyPolygons(Asked):
    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[Rings], Field(min_length=1, max_length=1_000)]


Area = Annotated[OnePolygon | ManyPolygons, Field(discriminator="type")]


class Pending(Asked):
    """A change that is drawn already, and not published yet."""

    unit: Key
    area: Area | None


class Edit(Asked):
    version: Id
    pending: Annotated[list[Pending], Field(max_length=MOST_PENDING)] = []


class Split(Edit):
    unit: Key
    line: Annotated[list[Place], Field(min_length=2, max_length=10_000)]


class Merge(Edit):
    units: Annotated[list[Key], Field(min_length=1, max_length=200)]


class Reshape(Edit):
    unit: Key
    area: Area
    may_move_border: bool = False
    may_have_parts: bool = False


class NewUnit(Asked):
    parent: Id
    level: Code
    name: Line
    name_en: Line | None = None
    code: Code | None = None


class ChangeAsked(Asked):
    unit: Key | None = None
    new: NewUnit | None = None
    area: Area | None


class NewSet(Asked):
    based_on: Id
    takes_effect_at: Moment | None = None
    note: Annotated[str, Field(max_length=4_000, pattern=NO_NUL)] = ""
    changes: Annotated[list[ChangeAsked], Field(max_length=MOST_PENDING)]
    dry_run: bool = False
    may_move_border: bool = False

    def as_changes(self) -> list[Change]:
        """Return the changes; a new grid that has no number yet gets the next negative one."""
        free = min((asked.unit or 0 for asked in self.changes), default=0)
        changes: list[Change] = []
        for asked in self.changes:
            unit = asked.unit
            if unit is None:
                unit = free = min(free, 0) - 1
            changes.append(
                Change(
                    unit=unit,
                    area=None if asked.area is None else geometry(asked.area),
                    new=None if asked.new is None else NewGrid(**asked.new.model_dump()),
                )
            )
        return changes


def geometry(area: OnePolygon | ManyPolygons) -> BaseGeometry:
    """Return an area as drawn: perhaps invalid, that is for the rules to say."""
    drawn: dict[str, Any] = area.model_dump()
    if sum(len(ring) for part in _parts(drawn) for ring in part) > MOST_VERTICES:
        raise Invalid(
            f"an area has at most {MOST_VERTICES} corners", f"一个区域最多 {MOST_VERTICES} 个顶点", "too_many"
        )
    return shape(drawn)


def line(places: list[Place]) -> BaseGeometry:
    return shapely.LineString(places)


def _parts(drawn: dict[str, Any]) -> list[Any]:
    return [drawn["coordinates"]] if drawn["type"] == "Polygon" else drawn["coordinates"]
