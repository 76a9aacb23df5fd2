"""A city as it comes in files: codes instead of ids, every parent before its children."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    code: str
    name: str
    name_en: str
    level: str
    parent: str | None  # code
    attributes: Mapping[str, str | int] = field(default_factory=dict[str, str | int])


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person with the unit he is counted in, his role there, and the terminal he carries."""

    code: str
    name: str
    phone: str  # E.164
    unit: str  # code
    role: str
    terminal: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """`areas`: (Multi)Polygons of degrees (lon, lat) by code of unit; departments have none."""

    units: tuple[Unit, ...]
    areas: Mapping[str, BaseGeometry]
    members: tuple[Member, ...]

    @property
    def name(self) -> str:
        return self.units[0].name
