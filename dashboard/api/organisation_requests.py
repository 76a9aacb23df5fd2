"""What people may ask of the organisation. Unknown fields are refused; what is left out stays as it is."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dashboard.api.answers import NO_NUL, Id
from tracker.model.duty import Follower, Shift
from tracker.organisation import role_sets
from tracker.organisation.members import Post
from tracker.organisation.teams import Joining

Text = Annotated[str, Field(max_length=4_000, pattern=NO_NUL)]
Line = Annotated[str, Field(max_length=300, pattern=NO_NUL)]
Code = Annotated[str, Field(max_length=64, pattern=NO_NUL)]
Count = Annotated[int, Field(ge=0, le=32_767)]
Revision = Annotated[int, Field(ge=1, le=2**31 - 1)]
# PostgreSQL and Python both know later and earlier ones, but not all the same
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2200, 1, 1))]
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    def given(self) -> Any:
        """Return the fields that the request has, without its revision, as the kernel's changes take them."""
        return {name: getattr(self, name) for name in self.model_fields_set - {"revision"}}


def said(asked: Asked) -> dict[str, Any]:
    """Return what a request says, as the audit trail keeps it."""
    return asked.model_dump(mode="json", exclude_unset=True, exclude={"revision"})


class Expected(Asked):
    revision: Revision


class NewUnit(Asked):
    parent: Id
    code: Code
    name: Line
    name_en: Line | None = None
    level: Code
    attributes: dict[str, Any] = Field(default_factory=dict)
    role_set: Code | None = None


class UnitChange(Expected):
    code: Code = ""
    name: Line = ""
    name_en: Line | None = None
    level: Code = ""
    attributes: dict[str, Any] = Field(default_factory=dict)
    role_set: Code | None = None


class UnitMove(Expected):
    parent: Id


class UnitClose(Expected):
    members_to: Id | None = None


class NewLevel(Asked):
    code: Code
    rank: Annotated[int, Field(ge=0, le=100)]
    name_zh: Line
    name_en: Line
    role_set: Code | None = None
    hangs_anywhere: bool = False


class LevelChange(Asked):
    rank: Annotated[int, Field(ge=0, le=100)] = 0
    name_zh: Line = ""
    name_en: Line = ""
    role_set: Code | None = None
    hangs_anywhere: bool = False


class NewRole(Asked):
    code: Code
    name_zh: Line
    name_en: Line
    is_leader: bool = False


class RoleChange(Asked):
    name_zh: Line = ""
    name_en: Line = ""
    is_leader: bool = False


class RoleSetPost(Asked):
    role: Code
    least: Count = 1
    most: Count | None = None

    def post(self) -> role_sets.Post:
        return role_sets.Post(role=self.role, least=self.least, most=self.most)


class RoleSetFields(Asked):
    def given(self) -> Any:
        changes = super().given()
        return changes | ({"posts": [post.post() for post in changes["posts"]]} if "posts" in changes else {})


class NewRoleSet(RoleSetFields):
    code: Code
    name_zh: Line
    name_en: Line
    note: Text = ""
    posts: Annotated[list[RoleSetPost], Field(max_length=100)] = Field(default_factory=list[RoleSetPost])


class RoleSetChange(RoleSetFields):
    code: Code = ""  # the address says which
    name_zh: Line = ""
    name_en: Line = ""
    note: Text = ""
    posts: Annotated[list[RoleSetPost], Field(max_length=100)] = Field(default_factory=list[RoleSetPost])


class Assignment(Asked):
    unit: Id
    role: Code
    is_primary: bool = False

    def post(self) -> Post:
        return Post(unit=self.unit, role=self.role, is_primary=self.is_primary)


class NewMember(Asked):
    code: Code | None = None
    name: Line
    phone: Line | None = None
    language: Line = "zh"
    assignments: Annotated[list[Assignment], Field(max_length=100)]


class MemberChange(Expected):
    name: Line = ""
    phone: Line | None = None
    language: Line = "zh"
    assignments: Annotated[list[Assignment], Field(max_length=100)] = Field(default_factory=list[Assignment])


class NewTerminal(Asked):
    code: Code | None = None
    unit: Id
    member: Id | None = None
    interval_s: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    model: Line = ""
    note: Text = ""


class TerminalChange(Expected):
    unit: Id | None = None  # null: as it is; a terminal always belongs to somebody
    interval_s: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    model: Line = ""
    note: Text = ""

    def given(self) -> Any:
        changes = super().given()
        if self.unit is None:
            changes.pop("unit", None)
        return changes


class TerminalHand(Expected):
    member: Id | None


class TeamMember(Asked):
    member: Id
    duty: Line = ""

    def joining(self) -> Joining:
        return Joining(member=self.member, duty=self.duty)


class NewTeam(Asked):
    code: Code | None = None
    name: Line
    unit: Id
    purpose: Text = ""
    leader: Id | None = None
    starts_at: Moment | None = None  # null: now
    ends_at: Moment | None = None
    members: Annotated[list[TeamMember], Field(max_length=2_000)] = Field(default_factory=list[TeamMember])


class TeamChange(Expected):
    name: Line = ""
    unit: Id = 1
    purpose: Text = ""
    leader: Id | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None

    def given(self) -> Any:
        changes = super().given()
        if self.starts_at is None:
            changes.pop("starts_at", None)
        return changes


class TeamMembers(Asked):
    add: Annotated[list[TeamMember], Field(max_length=2_000)] = Field(default_factory=list[TeamMember])
    remove: Annotated[list[Id], Field(max_length=2_000)] = Field(default_factory=list[int])


class RosterShift(Asked):
    number: Annotated[int, Field(ge=1, le=1_000)]
    name: Line
    day: Annotated[int, Field(ge=0, le=365)]
    starts: time
    ends: time

    def shift(self) -> Shift:
        starts, ends = (each.replace(tzinfo=None, microsecond=0) for each in (self.starts, self.ends))
        return Shift(number=self.number, name=self.name, day=self.day, starts=starts, ends=ends)


class RosterMember(Asked):
    member: Id
    offset_days: Annotated[int, Field(ge=-366, le=366)] = 0
    since: Day
    until: Day | None = None

    def follower(self) -> Follower:
        return Follower(member=self.member, offset_days=self.offset_days, since=self.since, until=self.until)


class RosterFields(Asked):
    def given(self) -> Any:
        changes = super().given()
        if "shifts" in changes:
            changes["shifts"] = [shift.shift() for shift in changes["shifts"]]
        if "members" in changes:
            changes["members"] = [member.follower() for member in changes["members"]]
        return changes


class NewRoster(RosterFields):
    unit: Id
    name: Line
    timezone: Line = "Asia/Shanghai"
    anchor: Day
    cycle_days: Annotated[int, Field(ge=1, le=366)]
    shifts: Annotated[list[RosterShift], Field(max_length=1_000)] = Field(default_factory=list[RosterShift])
    members: Annotated[list[RosterMember], Field(max_length=20_000)] = Field(default_factory=list[RosterMember])


class RosterChange(RosterFields):
    revision: Revision
    unit: Id = 1
    name: Line = ""
    timezone: Line = "Asia/Shanghai"
    anchor: Day = date(2026, 1, 5)
    cycle_days: Annotated[int, Field(ge=1, le=366)] = 7
    shifts: Annotated[list[RosterShift], Field(max_length=1_000)] = Field(default_factory=list[RosterShift])
    members: Annotated[list[RosterMember], Field(max_length=20_000)] = Field(default_factory=list[RosterMember])


class DutyException(Asked):
    member: Id
    starts_at: Moment
    ends_at: Moment
    is_on: bool
    note: Text = ""


class DutyExceptionKey(Asked):
    member: Id
    starts_at: Moment


class ContactChange(Expected):
    unit: Id = 1
    kind: Literal["institution", "person"] = "institution"
    name: Line = ""
    title: Line = ""
    organisation: Line = ""
    phones: Annotated[list[Line], Field(max_length=50)] = Field(default_factory=list[str])
    address: Text = ""
    note: Text = ""
    lon: Longitude | None = None
    lat: Latitude | None = None


class NewContact(Asked):
    unit: Id
    kind: Literal["institution", "person"]
    name: Line
    title: Line = ""
    organisation: Line = ""
    phones: Annotated[list[Line], Field(max_length=50)] = Field(default_factory=list[str])
    address: Text = ""
    note: Text = ""
    lon: Longitude | None = None
    lat: Latitude | None = None
