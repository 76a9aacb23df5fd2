"""How a name is typed by those who do not write it: its pinyin without tones, and its initials.

A database cannot make pinyin, so whoever writes `member.name` writes what `spell` returns beside it; `ensure_spelled`
fills in what was written without. ü is v, as on keyboards.
"""

import asyncio
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import psycopg
from pypinyin import lazy_pinyin

Connection = psycopg.AsyncConnection[Any]

# Surnames that sound otherwise than the same characters do elsewhere. Where families say one in two ways, the more
# frequent one.
_SURNAMES: Final = (
    "单 shan, 單 shan, 曾 zeng, 仇 qiu, 解 xie, 查 zha, 朴 piao, 盖 ge, 蓋 ge, 区 ou, 區 ou, 翟 zhai, "
    "缪 miao, 繆 miao, 员 yun, 員 yun, 乐 yue, 樂 yue, 洗 xian, 覃 qin, 佴 nai, 秘 bi, 祕 bi, 折 she, 黑 he, "
    "种 chong, 重 chong, 卜 bu, 薄 bo, 都 du, 阚 kan, 乜 nie, 能 nai, 隗 wei, 郇 xun, 祭 zhai, 角 jue, "
    "繁 po, 适 kuo, 咎 zan, 便 pian, 炅 gui, 句 gou, 尉迟 yu chi, 尉遲 yu chi, 万俟 mo qi, 澹台 tan tai, "
    "单于 chan yu, 單于 chan yu"
)
SURNAMES: Final = {name: said for name, _, said in (entry.partition(" ") for entry in _SURNAMES.split(", "))}
FIRST_IDEOGRAPH: Final = "\u2e80"
NOT_LETTERS: Final = re.compile(r"[^\w]+|_+")
UNSPELLED_AT_ONCE: Final = 20_000  # rows a statement


class Spelling(NamedTuple):
    pinyin: str  # syllables with a space between: wang xiao hong
    initials: str  # of the syllables: wxh


def spell(name: str) -> Spelling:
    """Return the pinyin and the initials of a person's name; words of Latin letters stay what they are."""
    syllables = _syllables(name)
    return Spelling(" ".join(syllables), "".join(syllable[0] for syllable in syllables))


def pinyin_of(name: str) -> str:
    return spell(name).pinyin


def initials_of(name: str) -> str:
    return spell(name).initials


async def ensure_spelled(connection: Connection) -> int:
    """Fill in the pinyin of members that have none; return how many. A name that has none stays without."""
    last, filled = 0, 0
    while rows := await _unspelled(connection, behind=last):
        last = rows[-1][0]
        spelled = await asyncio.to_thread(_spelled, rows)
        await _write(connection, spelled)
        filled += len(spelled)
    return filled


def _syllables(name: str) -> list[str]:
    whole = NOT_LETTERS.sub(" ", name).strip()
    if whole[:1] < FIRST_IDEOGRAPH:
        return list(_read(whole))
    surname = whole[:2] if whole[:2] in SURNAMES else whole[0]
    said = SURNAMES.get(surname)
    return [*(_read(surname) if said is None else said.split()), *_read(whole[len(surname) :])]


@lru_cache(maxsize=65_536)  # given names come again and again: 270,342 people share 6,000 of them
def _read(text: str) -> tuple[str, ...]:
    return tuple(word for said in lazy_pinyin(text) for word in said.lower().split())


def _spelled(rows: Sequence[tuple[int, str]]) -> list[tuple[int, Spelling]]:
    spelled = ((member, spell(name)) for member, name in rows)
    return [(member, spelling) for member, spelling in spelled if spelling.pinyin]


async def _unspelled(connection: Connection, *, behind: int) -> list[tuple[int, str]]:
    found = await connection.execute(
        "SELECT id, name FROM member WHERE pinyin = '' AND id > %(behind)s ORDER BY id LIMIT %(most)s",
        {"behind": behind, "most": UNSPELLED_AT_ONCE},
    )
    return await found.fetchall()


async def _write(connection: Connection, spelled: Sequence[tuple[int, Spelling]]) -> None:
    await connection.execute(
        """
        UPDATE member SET pinyin = spelled.pinyin, initials = spelled.initials
        FROM unnest(%(ids)s::integer[], %(pinyins)s::text[], %(initials)s::text[]) AS spelled (id, pinyin, initials)
        WHERE member.id = spelled.id
        """,
        {
            "ids": [member for member, _ in spelled],
            "pinyins": [spelling.pinyin for _, spelling in spelled],
            "initials": [spelling.initials for _, spelling in spelled],
        },
    )
