"""Says what a field of a scenario may be, out of the structs themselves: so no message can fall behind them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec.inspect
from msgspec.inspect import (
    FloatType,
    IntType,
    LiteralType,
    NoneType,
    StrType,
    StructType,
    TupleType,
    Type,
    UnionType,
    VarTupleType,
)

from simulators.scenario.model import Scenario

Step = str | int
_STEP: Final = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]")
_TIME: Final = 'a time of day in quotes, like "08:00" (without them YAML may read a number)'


def steps(path: str) -> list[Step]:
    """Split msgspec's `$.events[0].do` into ["events", 0, "do"]."""
    return [name or int(number) for name, number in _STEP.findall(path)]


def allowed_at(path: Sequence[Step], said: Any) -> str:
    """Return what may stand at `path` of the file that says `said`."""
    kind: Type = msgspec.inspect.type_info(Scenario)
    for step in path:
        kind = _inside(kind, step, said)
        said = _part(said, step)
    return _allowed(kind, said)


def _inside(kind: Type, step: Step, said: Any) -> Type:
    match kind:
        case VarTupleType():
            return kind.item_type
        case TupleType() if isinstance(step, int):
            return kind.item_types[min(step, len(kind.item_types) - 1)]
        case UnionType():
            return _inside(_chosen(kind, said), step, said)
        case StructType() if step == kind.tag_field:
            return LiteralType(values=(kind.tag,))
        case StructType():
            return next((field.type for field in kind.fields if field.encode_name == step), kind)
        case _:
            return kind


def _chosen(kind: UnionType, said: Any) -> Type:
    """The event of the kind said, else all of them."""
    for each in _structs(kind):
        if isinstance(said, dict) and said.get(each.tag_field) == each.tag:
            return each
    return LiteralType(values=tuple(each.tag for each in _structs(kind)))


def _structs(kind: UnionType) -> Iterator[StructType]:
    return (each for each in kind.types if isinstance(each, StructType))


def _part(said: Any, step: Step) -> Any:
    try:
        return said[step]
    except (LookupError, TypeError):
        return None


def _allowed(kind: Type, said: Any) -> str:
    if isinstance(kind, UnionType) and any(_structs(kind)):
        chosen = _chosen(kind, said)
        return ("`do:` " if isinstance(chosen, LiteralType) else "") + _allowed(chosen, None)
    say = _SAYINGS.get(type(kind))
    return say(kind) if say else "something else"


def _text(kind: StrType) -> str:
    if kind.pattern:
        return _TIME if ":" in kind.pattern else "a-z, 0-9 and - only"
    return f"text of {kind.min_length or 0} to {kind.max_length} characters" if kind.max_length else "text"


def _fields(kind: StructType) -> str:
    tag = [kind.tag_field] if kind.tag_field else []
    return "the fields " + ", ".join([*tag, *(field.encode_name for field in kind.fields)])


def _number(kind: FloatType | IntType) -> str:
    noun = "a whole number" if isinstance(kind, IntType) else "a number"
    if kind.ge is not None and kind.le is not None:
        return f"{noun} from {kind.ge:g} to {kind.le:g}"
    if kind.ge is not None:
        return f"{noun}, {kind.ge:g} or more"
    return f"{noun} over {kind.gt:g}" if kind.gt is not None else noun


_SAYINGS: Final[Mapping[type[Type], Callable[[Any], str]]] = {
    FloatType: _number,
    IntType: _number,
    StrType: _text,
    LiteralType: lambda kind: "one of " + ", ".join(map(str, kind.values)),
    TupleType: lambda kind: f"a list [least, most], each {_allowed(kind.item_types[0], None)}",
    VarTupleType: lambda kind: f"a list, each entry {_allowed(kind.item_type, None)}",
    StructType: _fields,
    UnionType: lambda kind: ", or ".join(_allowed(each, None) for each in kind.types),
    NoneType: lambda _: "null (none)",
}
