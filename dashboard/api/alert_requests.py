"""What people may ask of an alert. Unknown fields are refused: a misspelt `area` must not warn the whole street."""

from dataclasses import replace
from typing import Annotated, Final, Literal, Self
from uuid import UUID

import shapely
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from alerts.core.levels import Level
from alerts.core.records import Content
from dashboard.api.answers import NO_NUL, Id

UNWRITTEN: Final = "\u2026"
LevelWord = Literal["blue", "yellow", "orange", "red"]
Line = Annotated[str, Field(max_length=200, pattern=NO_NUL)]
Text = Annotated[str, Field(max_length=4000, pattern=NO_NUL)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Ring = Annotated[list[tuple[Longitude, Latitude]], Field(min_length=4, max_length=2_000)]


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Polygon(Asked):
    """A GeoJSON polygon (RFC 7946), longitude first."""

    type: Literal["Polygon"]
    coordinates: Annotated[list[Ring], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if any(ring[0] != ring[-1] for ring in self.coordinates):
            raise ValueError("the last point of a ring must be its first")
        if not shapely.is_valid(self.drawn()):
            raise ValueError("the drawn area crosses itself: draw it again")
        return self

    def drawn(self) -> shapely.Polygon:
        outer, *holes = self.coordinates
        return shapely.Polygon(outer, holes)


class MultiPolygon(Asked):
    """Several at once, as a message of another service may describe them."""

    type: Literal["MultiPolygon"]
    coordinates: Annotated[
        list[Annotated[list[Ring], Field(min_length=1, max_length=20)]], Field(min_length=1, max_length=200)
    ]

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if any(ring[0] != ring[-1] for part in self.coordinates for ring in part):
            raise ValueError("the last point of a ring must be its first")
        if not shapely.is_valid(self.drawn()):
            raise ValueError("the drawn areas cross each other or themselves: draw them again")
        return self

    def drawn(self) -> shapely.MultiPolygon:
        return shapely.MultiPolygon([(outer, holes) for outer, *holes in self.coordinates])


class What(Asked):
    level: LevelWord
    event: Annotated[str, Field(min_length=1, max_length=100, pattern=NO_NUL)]
    headline: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
    description: Text = ""
    instruction: Text = ""
    targets: Annotated[list[Id], Field(max_length=1_000)]
    teams: Annotated[list[Id], Field(max_length=100)] = []
    depth: Line | None = None
    area: Annotated[Polygon | MultiPolygon, Field(discriminator="type")] | None = None
    expires_at: AwareDatetime | None = None
    is_drill: bool = False

    def content(self) -> Content:
        return Content(
            level=Level(self.level),
            event=self.event,
            headline=self.headline,
            description=self.description,
            instruction=self.instruction,
            targets=tuple(dict.fromkeys(self.targets)),
            teams=tuple(dict.fromkeys(self.teams)),
            depth=self.depth,
            area=None if self.area is None else shapely.to_wkb(self.area.drawn()),
            expires_at=self.expires_at,
            is_drill=self.is_drill,
        )


class Draft(What):
    id: UUID  # made by the client: a lost answer and a retry make one alert


class Preview(What):
    """Half-written texts may be previewed: who would be told does not hang on them."""

    id: UUID | None = None
    event: Line = ""
    headline: Line = ""

    def content(self) -> Content:
        return replace(super().content(), event=self.event or UNWRITTEN, headline=self.headline or UNWRITTEN)


class Expected(Asked):
    expected_version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    note: Text = ""


class Edit(What):
    id: UUID | None = None
    expected_version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class Issue(Expected):
    override_reason: Text | None = None


class ChangeLevel(Issue):
    level: LevelWord


class ProposeLevel(Expected):
    level: LevelWord


class End(Expected):
    pass


class Acknowledge(Asked):
    member: Id
