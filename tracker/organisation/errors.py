"""Why a change of the organisation is not made: in both languages, for the person who asked for it."""

from typing import Final

REVISION: Final = (
    "somebody changed this meanwhile: load it again, then decide",
    "已被他人修改，请重新载入后再试",
)


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an accident
    """`word` tells the reason to programs, `en` and `zh` say what to do. Nothing was changed."""

    def __init__(self, en: str, zh: str, word: str) -> None:
        super().__init__(en)
        self.en = en
        self.zh = zh
        self.word = word

    def in_language(self, language: str) -> str:
        """Return the Chinese text for zh, the English one for anything else."""
        return self.zh if language == "zh" else self.en


class Unknown(Refused):
    """What is asked for is not there, or not there any more."""

    def __init__(self, en: str, zh: str, word: str = "not_found") -> None:
        super().__init__(en, zh, word)


class Conflict(Refused):
    """The state of things does not allow it; without arguments: somebody else saved first."""

    def __init__(self, en: str = REVISION[0], zh: str = REVISION[1], word: str = "revision_conflict") -> None:
        super().__init__(en, zh, word)


class Invalid(Refused):
    """What was given cannot be right; `field` names where, empty when it is no single field."""

    def __init__(self, en: str, zh: str, word: str = "invalid", *, field: str = "") -> None:
        super().__init__(en, zh, word)
        self.field = field
