"""What the platform says to people, in its two languages as equals."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence in Chinese and in English."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the Chinese words for any `zh` language tag, else the English ones."""
        return self.zh if language.lower().startswith("zh") else self.en
