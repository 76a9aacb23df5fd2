"""What people may ask of messages. Unknown fields are refused; what is left out of a change stays as it is."""

from datetime import time
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from alerts.changes.sending import Asked as Sending
from alerts.core.circulars import ConfirmBy
from alerts.store.message_groups import Group
from alerts.store.recipients import Units
from dashboard.api.answers import NO_NUL, Id
from dashboard.api.organisation_requests import Asked, Code, Expected, Line, Moment
from dashboard.shapes import Scope

# How long a text may be is judged in words; more is no text at all
Message = Annotated[str, Field(max_length=50_000, pattern=NO_NUL)]
Number = Annotated[str, Field(max_length=64, pattern=NO_NUL)]
Whole = Annotated[int, Field(ge=-1, le=2**31 - 1)]
DeliveryId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Numbers = Annotated[list[Number], Field(max_length=10_000)]
Members = Annotated[list[Id], Field(max_length=10_000)]
Few = Annotated[list[Id], Field(max_length=200)]
Who = Literal["leaders", "members"]
Folder = Literal["sent", "archived", "deleted"]


class UnitsWanted(Asked):
    unit: Id
    who: Who = "leaders"
    at_level: Code | None = None


class CircularAsked(Asked):
    unit: Id
    text_zh: Message = ""
    text_en: Message = ""
    template: Id | None = None
    version: Id | None = None
    values: dict[Code, Line] = Field(default_factory=dict)
    members: Members = Field(default_factory=list)
    teams: Few = Field(default_factory=list)
    groups: Few = Field(default_factory=list)
    units: Annotated[list[UnitsWanted], Field(max_length=200)] = Field(default_factory=list)
    numbers: Numbers = Field(default_factory=list)
    due_at: Moment | None = None

    def sending(self, scope: Scope) -> Sending:
        """Return it as the desk takes it; `scope` is whom the sender may write to."""
        return Sending(
            unit=self.unit,
            left=scope.left,
            right=scope.right,
            text_zh=self.text_zh,
            text_en=self.text_en,
            template=self.template,
            version=self.version,
            values=self.values,
            members=self.members,
            teams=self.teams,
            groups=self.groups,
            units=[Units(unit=each.unit, who=each.who, at_level=each.at_level) for each in self.units],
            numbers=self.numbers,
            due_at=self.due_at,
        )


class NewCircular(CircularAsked):
    id: UUID
    confirmed: Whole | None = None  # how many it goes to, typed


class NewTemplate(Asked):
    unit: Id
    name: Line
    text_zh: Message = ""
    text_en: Message = ""


class TemplateChange(Expected):
    unit: Id = 1
    name: Line = ""
    text_zh: Message = ""
    text_en: Message = ""


class TemplateTrial(Asked):
    text_zh: Message = ""
    text_en: Message = ""
    values: dict[Code, Line] = Field(default_factory=dict)


class GroupFields(Asked):
    unit: Id
    name: Line
    note: Line = ""
    kind: Literal["static", "rule"] = "static"
    members: Members = Field(default_factory=list)
    numbers: Numbers = Field(default_factory=list)
    who: Who | None = None
    within: Id | None = None
    at_level: Code | None = None

    def group(self) -> Group:
        return Group(
            unit=self.unit,
            name=self.name.strip(),
            note=self.note.strip(),
            kind=self.kind,
            numbers=self.numbers,
            who=self.who,
            within=self.within,
            at_level=self.at_level,
        )


class GroupChange(GroupFields):
    """All of a group as it is to be, with the revision that was read."""

    revision: Annotated[int, Field(ge=1, le=2**31 - 1)]


class LimitsChange(Expected):
    signature_zh: Line = ""
    signature_en: Line = ""
    price: Annotated[Decimal, Field(ge=-1, lt=10**6, max_digits=12, decimal_places=4)] = Decimal(0)
    quiet_from: time | None = None
    quiet_to: time | None = None
    daily_cap: Whole | None = None
    confirm_above: Whole = 0
    confirm_by: ConfirmBy = ConfirmBy.NUMBER
    is_test: bool = False
    test_numbers: Annotated[list[Number], Field(max_length=200)] = Field(default_factory=list)

    def given(self) -> Any:
        return {
            name: value.replace(tzinfo=None, second=0, microsecond=0) if isinstance(value, time) else value
            for name, value in super().given().items()
        }


class MoveDeliveries(Asked):
    folder: Folder
    ids: Annotated[list[DeliveryId], Field(max_length=1_000)] = Field(default_factory=list)
    circular: UUID | None = None  # all of it
