"""Who may target whom: a pure decision over the rows of table `authority`, explained in words.

An issuer may target units of the permitted levels inside its own subtree: never sideways, never up. A target inside
the subtree that stands above the permitted levels (the whole city, a county, the issuer itself) is taken as all its
descendants of the nearest permitted level; a target below them belongs to somebody else's authority.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alerts.core.levels import Level
from alerts.core.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A unit in the tree. A subtree is an interval: `tree_left` of its units lies within the root's."""

    unit: int
    name: str
    name_en: str | None
    level: str
    tree_left: int
    tree_right: int

    def holds(self, other: "Place") -> bool:
        """Whether `other` is this unit or one below it."""
        return self.tree_left <= other.tree_left <= self.tree_right

    @property
    def words(self) -> Words:
        return Words(self.name, self.name_en or self.name)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of table `authority`."""

    issuer_level: str
    target_level: str
    max_severity: int  # 1 blue .. 4 red


@dataclass(frozen=True, slots=True)
class LevelName:
    """One row of table `level`: rank 0 is the top of the tree."""

    code: str
    rank: int
    words: Words


@dataclass(frozen=True, slots=True)
class Decision:
    """`expand_to`: the level of descendants that stand for the target; None: the target itself."""

    is_allowed: bool
    explanation: Words
    expand_to: str | None = None


Ranks = Mapping[str, LevelName]


def decide(*, issuer: Place, target: Place, level: Level, rules: Iterable[Rule], ranks: Ranks) -> Decision:
    """Say whether `issuer` may target `target` with an alert of `level`, and why."""
    own = [rule for rule in rules if rule.issuer_level == issuer.level]
    if not own:
        return _refused(
            issuer, target.words, Words("本级没有发布预警的权限", "its level has no authority to issue alerts")
        )
    if not issuer.holds(target):
        return _outside(issuer, target)
    enough = [rule for rule in own if rule.max_severity >= level.rank]
    if not enough:
        return _refused(issuer, target.words, _too_severe(level))
    permitted = sorted((ranks[rule.target_level] for rule in enough), key=lambda name: name.rank)
    return _by_level(issuer, target, permitted, ranks)


def _by_level(issuer: Place, target: Place, permitted: list[LevelName], ranks: Ranks) -> Decision:
    who, whom = issuer.words, target.words
    named = {name.code: name.words for name in permitted}.get(target.level)
    if named is not None and target.unit != issuer.unit:
        zh = f"{who.zh}可以向{whom.zh}发布预警：属本级辖区内的{named.zh}"
        en = f"{who.en} may issue to {whom.en}: a unit of level {named.en} in its own subtree"
        return Decision(is_allowed=True, explanation=Words(zh, en))
    below = [name for name in permitted if name.rank > ranks[target.level].rank]
    if below:
        zh = f"{who.zh}可以向{whom.zh}发布预警：下达至其全部{below[0].words.zh}"
        en = f"{who.en} may issue to {whom.en}: it goes to all its units of level {below[0].words.en}"
        return Decision(is_allowed=True, explanation=Words(zh, en), expand_to=below[0].code)
    return _refused(issuer, target.words, _too_deep(permitted))


def _refused(issuer: Place, whom: Words, why: Words) -> Decision:
    who = issuer.words
    zh = f"{who.zh}不能向{whom.zh}发布预警：{why.zh}"
    en = f"{who.en} may not issue to {whom.en}: {why.en}"
    return Decision(is_allowed=False, explanation=Words(zh, en))


def _outside(issuer: Place, target: Place) -> Decision:
    """Refuse what stands above, or beside: that one unnamed, because nobody learns of units outside their subtree."""
    if target.holds(issuer):
        return _refused(issuer, target.words, Words("它是上级组织", "it stands above, and warnings go down"))
    unnamed = Words("该组织", "this unit")
    return _refused(issuer, unnamed, Words("它不在本级辖区内", "it lies outside its own subtree"))


def _too_severe(level: Level) -> Words:
    colour = level.facts.colour
    return Words(f"无权发布{colour.zh}预警", f"its level may not issue {colour.en.lower()} alerts")


def _too_deep(permitted: list[LevelName]) -> Words:
    zh = "、".join(name.words.zh for name in permitted)
    en = ", ".join(name.words.en for name in permitted)
    return Words(f"只能以{zh}为对象，由其向下传达", f"it may target {en}, who pass it down")
