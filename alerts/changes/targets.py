"""From the targets asked for to the grids that the authority table makes of them."""

from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection

from alerts.core.authority import Decision, decide
from alerts.core.errors import BadContent, NotAllowed
from alerts.core.levels import Level
from alerts.core.words import Words
from alerts.store import authority

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class Aim:
    """`grids` is empty when the aim is not allowed."""

    is_allowed: bool
    explanation: Words
    grids: list[int]


async def aim(connection: Connection, *, issuer: int, targets: tuple[int, ...], level: Level) -> Aim:
    """Judge every target; one that is refused refuses the whole, with its reason. Raises BadContent for no target."""
    found = await authority.places(connection, [issuer, *targets])
    unknown = [unit for unit in targets if unit not in found]
    if not targets or unknown:
        raise BadContent(_nobody(unknown))
    rules, ranks = await authority.rules(connection), await authority.levels(connection)
    grids, said = list[int](), list[Words]()
    for unit in dict.fromkeys(targets):
        decision = decide(issuer=found[issuer], target=found[unit], level=level, rules=rules, ranks=ranks)
        if not decision.is_allowed:
            return Aim(is_allowed=False, explanation=decision.explanation, grids=[])
        expanded = await _expand(connection, unit, decision)
        if not expanded:
            return Aim(is_allowed=False, explanation=_empty(decision), grids=[])
        grids += expanded
        said.append(decision.explanation)
    return Aim(is_allowed=True, explanation=_joined(said), grids=list(dict.fromkeys(grids)))


async def permitted(connection: Connection, *, issuer: int, targets: tuple[int, ...], level: Level) -> list[int]:
    """Return the grids of the targets; raises NotAllowed with the explanation."""
    judged = await aim(connection, issuer=issuer, targets=targets, level=level)
    if not judged.is_allowed:
        raise NotAllowed(judged.explanation)
    return judged.grids


async def check_own(connection: Connection, *, issuer: int, targets: tuple[int, ...], level: Level) -> None:
    """Raise NotAllowed for a target outside the issuer's subtree: not even a draft may name one."""
    found = await authority.places(connection, [issuer, *targets])
    outside = [unit for unit in targets if unit in found and not found[issuer].holds(found[unit])]
    if outside:
        raise NotAllowed((await aim(connection, issuer=issuer, targets=(outside[0],), level=level)).explanation)


async def check_teams(connection: Connection, *, issuer: int, teams: tuple[int, ...]) -> None:
    """Raise BadContent for a team that is not kept in the issuer's subtree, or is closed."""
    if len(await authority.teams(connection, issuer=issuer, teams=teams)) < len(set(teams)):
        raise BadContent(
            Words("所选工作队中有已解散的，或不属于本级辖区的", "a chosen team is closed, or not of your own subtree")
        )


async def _expand(connection: Connection, unit: int, decision: Decision) -> list[int]:
    if decision.expand_to is None:
        return [unit]
    return await authority.descendants(connection, unit=unit, level=decision.expand_to)


def _joined(said: list[Words]) -> Words:
    return Words("；".join(words.zh for words in said), "; ".join(words.en for words in said))


def _empty(decision: Decision) -> Words:
    why = decision.explanation
    return Words(f"{why.zh}，但其下没有这样的网格", f"{why.en}, and there are none below it")


def _nobody(unknown: list[int]) -> Words:
    if unknown:
        listed = ", ".join(map(str, unknown))
        return Words(f"没有这些组织：{listed}", f"there is no such unit: {listed}")
    return Words("请至少选择一个对象", "choose at least one unit to warn")
