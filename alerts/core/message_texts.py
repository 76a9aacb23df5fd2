"""Texts that people send: their variables, the signature that carriers ask for, and how long they may be.

A variable stands in braces: `{name}`. Some are each reader's own and filled in as the messages are made; all others are
filled in once, by whoever sends. Nothing is sent with a variable that nobody filled in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from alerts.core import texts
from alerts.core.words import Words

VARIABLE: Final = re.compile(r"\{([^{}]*)\}")
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,30}")
# Each reader's own, in the order in which SQL's format() is given them
PERSONAL: Final = ("name", "unit")
MOST_PARTS: Final = 10  # of one message; longer ones are a document, and phones put them together badly
MOST_VALUE: Final = 200  # characters filled in for one variable
SIGNED_ZH: Final = re.compile(r"\s*【[^【】]+】")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a text, and in which of the two."""

    field: str
    words: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Each in its language, without brackets."""

    zh: str
    en: str


def variables_of(text: str) -> tuple[str, ...]:
    """Return the variables of a text, each once, in order."""
    return tuple(dict.fromkeys(VARIABLE.findall(text)))


def to_fill_in(text_zh: str, text_en: str) -> tuple[str, ...]:
    """Return the variables that whoever sends must give."""
    found = (*variables_of(text_zh), *variables_of(text_en))
    return tuple(name for name in dict.fromkeys(found) if name not in PERSONAL)


def is_personal(text: str) -> bool:
    """Whether it differs from reader to reader."""
    return any(name in PERSONAL for name in variables_of(text))


def fault_of_template(text_zh: str, text_en: str) -> Fault | None:
    """Return why this cannot be kept as a template; None when it can."""
    if not text_zh.strip() and not text_en.strip():
        return Fault(field="text_zh", words=Words("请填写内容", "write the text, in Chinese, in English or in both"))
    for field, text in (("text_zh", text_zh), ("text_en", text_en)):
        for name in variables_of(text):
            if NAME.fullmatch(name) is None:
                return Fault(field=field, words=_no_name(name))
    return _too_long({"text_zh": text_zh, "text_en": text_en}, Signature(zh="", en=""))


def fault_of_sending(
    text_zh: str, text_en: str, values: Mapping[str, str], *, signature: Signature, is_template: bool
) -> Fault | None:
    """Return why this cannot be sent; None when it can. Only a template has variables beside the readers' own."""
    if not is_template:
        fault = fault_of_template(text_zh, text_en)
        if fault is not None:
            return fault
        unknown = to_fill_in(text_zh, text_en)
        if unknown:
            field = "text_zh" if unknown[0] in variables_of(text_zh) else "text_en"
            return Fault(field=field, words=_unknown(unknown[0]))
    missing = [name for name in to_fill_in(text_zh, text_en) if not values.get(name, "").strip()]
    if missing:
        return Fault(field="values", words=_missing(missing))
    for name, value in values.items():
        if len(value) > MOST_VALUE:
            longest = Words(f"“{name}”最多{MOST_VALUE}个字", f"{name}: at most {MOST_VALUE} characters")
            return Fault(field="values", words=longest)
    filled = {"text_zh": fill_in(text_zh, values), "text_en": fill_in(text_en, values)}
    return _too_long(filled, signature)


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """Return the text with what is known put in; what is in a value is never taken for a variable."""
    return VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)


def signed(text: str, *, language: str, signature: Signature) -> str:
    """Return the text with the signature before it, unless it has one already; nothing for an empty text.

    English ones carry it in round brackets: a square one counts twice, and 【 turns 160 characters a part into 70.
    """
    if not text.strip():
        return ""
    if language.startswith("zh"):
        return text if SIGNED_ZH.match(text) else f"【{signature.zh}】{text}"
    mark = f"({signature.en}) "
    return text if text.startswith(mark) else f"{mark}{text}"


def pattern(text: str, values: Mapping[str, str], *, language: str, signature: Signature) -> str:
    """Return what SQL's format() makes the messages of: signed, filled in, the readers' own as `%1$s`, `%2$s`."""

    def put(found: re.Match[str]) -> str:
        name = found[1]
        if name in PERSONAL:
            return f"%{PERSONAL.index(name) + 1}$s"
        return values.get(name, found[0]).replace("%", "%%")

    whole = signed(text.strip(), language=language, signature=signature)
    pieces, last = list[str](), 0
    for found in VARIABLE.finditer(whole):
        pieces += [whole[last : found.start()].replace("%", "%%"), put(found)]
        last = found.end()
    return "".join([*pieces, whole[last:].replace("%", "%%")])


def sample(text: str, values: Mapping[str, str], *, language: str, signature: Signature) -> str:
    """Return the message as somebody reads it, for a preview; variables that nobody filled in are left as they are."""
    return signed(fill_in(text.strip(), values), language=language, signature=signature)


def _too_long(filled: Mapping[str, str], signature: Signature) -> Fault | None:
    for field, text in filled.items():
        language = "zh" if field == "text_zh" else "en"
        if len(text) > MOST_PARTS * 160:
            return Fault(field=field, words=_long(texts.parts(text)))
        count = texts.parts(signed(text, language=language, signature=signature))
        if count > MOST_PARTS:
            return Fault(field=field, words=_long(count))
    return None


def _long(count: int) -> Words:
    return Words(
        f"共{count}条，超过每人{MOST_PARTS}条的上限，请缩短内容",
        f"{count} parts, and {MOST_PARTS} are the most: shorten it",
    )


def _no_name(name: str) -> Words:
    return Words(
        f"变量“{{{name}}}”无效：只能使用小写字母、数字和下划线",
        f"{{{name}}} is no variable: small letters, digits and underscores only, a letter first",
    )


def _unknown(name: str) -> Words:
    known = "、".join(f"{{{each}}}" for each in PERSONAL)
    return Words(
        f"没有变量“{{{name}}}”，可用的变量：{known}",
        f"there is no variable {{{name}}}; known are {known.replace('、', ', ')}",
    )


def _missing(names: list[str]) -> Words:
    return Words(f"请填写变量：{'、'.join(names)}", f"fill in: {', '.join(names)}")
