"""A city as it comes in files: codes instead of ids, every parent before its children."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    code: str
    name: str
    name_en: str
    level: str
    parent: str | None  # code
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])  # a JSON object
    role_set: str | None = None  # None: its level's


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A member's work in one unit."""

    unit: str  # code
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    code: str
    interval_s: int | None = None  # None: learned from its fixes
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person, the posts he holds and the terminals he carries; in the unit of the first post he is counted."""

    code: str
    name: str
    phone: str  # E.164; empty: none
    posts: tuple[Post, ...]
    terminals: tuple[Terminal, ...] = ()
    language: str = "zh"

    @property
    def unit(self) -> str | None:
        return self.posts[0].unit if self.posts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """`areas`: (Multi)Polygons of degrees (lon, lat) by code of unit; departments have none."""

    units: tuple[Unit, ...]
    areas: Mapping[str, BaseGeometry]
    members: tuple[Member, ...]

    @property
    def name(self) -> str:
        return self.units[0].name
