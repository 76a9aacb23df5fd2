"""What people may ask of rules. Unknown fields are refused; what is left out of a change stays as it is."""

from datetime import time
from typing import Annotated, Any

from pydantic import Field

from alerts.core.levels import Level
from alerts.core.rules import Does, Kind, Measure, Rule
from dashboard.api.answers import Id
from dashboard.api.organisation_requests import Asked, Code, Expected, Line, Text

Number = Annotated[int, Field(ge=-1, le=2**31 - 1)]  # how large it may be is judged in words
Minutes = Annotated[int, Field(ge=-1, le=32_767)]


class NewRule(Asked):
    unit: Id
    name: Line
    kind: Kind
    level: Level
    does: Does = Does.CASE
    measure: Measure | None = None
    is_below: bool = False
    bound: Number = 0
    at_level: Code | None = None
    together: Code | None = None
    on_duty_only: bool = True
    hold_min: Minutes = 5
    clear_min: Minutes = 5
    rest_min: Minutes = 30
    quiet_from: time | None = None
    quiet_to: time | None = None
    instruction: Text = ""

    def rule(self) -> Rule:
        return Rule(**_local({name: getattr(self, name) for name in type(self).model_fields}))


class RuleChange(Expected):
    unit: Id = 1
    name: Line = ""
    kind: Kind = Kind.SOS
    level: Level = Level.BLUE
    does: Does = Does.CASE
    measure: Measure | None = None
    is_below: bool = False
    bound: Number = 0
    at_level: Code | None = None
    together: Code | None = None
    on_duty_only: bool = True
    hold_min: Minutes = 5
    clear_min: Minutes = 5
    rest_min: Minutes = 30
    quiet_from: time | None = None
    quiet_to: time | None = None
    instruction: Text = ""

    def given(self) -> Any:
        return _local(super().given())


class Switch(Expected):
    is_on: bool


class AskTrial(Asked):
    days: Number = 7


def _local(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the same with times of day that claim no time zone of their own."""
    return {
        name: value.replace(tzinfo=None, second=0, microsecond=0) if isinstance(value, time) else value
        for name, value in fields.items()
    }
