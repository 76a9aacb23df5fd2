"""Finding people while somebody types, among all of a city, inside one subtree.

Theory. A search is words, and `member.found_by` must hold them all. A word of Chinese characters, or of three and more
letters and digits, may be any part of name, pinyin, initials, phone or code; a shorter one only the beginning of one of
them (as a part, it would find half the city). The index knows each member by pieces of one to three characters; a
longer word is looked for by all of its pieces. Where a word is frequent and the subtree small, the database reads the
subtree instead: it knows how frequent each piece is.

Exact hits come first, then who carries a terminal whose code begins so, then the rest in the order of the tree.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]

MOST: Final = 1_000  # counted; whoever has found more types on
GRAM: Final = 3
LEAST_OF_CODE: Final = 3  # characters of a terminal's code that are looked for
MOST_WORDS: Final = 8
LEFT_OUT: Final = str.maketrans("", "", "·•・-_.+()/'\u2019")  # as squeezed() of the database
IS_PHONE: Final = re.compile(r"[+(]?[\d()/.\s-]*\d[\d()/.\s-]*")
FIRST_IDEOGRAPH: Final = "\u2e80"
PARTS: Final = re.compile(r"[\u2e80-\U0003ffff]+|[^\u2e80-\U0003ffff]+")


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody typed, made ready: `patterns` are to be in the text, `grams` in the index."""

    typed: str
    whole: str  # without what is left out
    patterns: tuple[str, ...]
    grams: tuple[str, ...]


class Reach(NamedTuple):
    """Where is searched: members counted in units from `left` to `right`, of `among` and with `role` if given."""

    left: int
    right: int
    among: list[int] | None = None
    role: str | None = None


def query_of(text: str) -> Query | None:
    """Return the query that `text` means; None when it holds nothing to look for."""
    typed = unicodedata.normalize("NFKC", text).replace("\0", "").strip()
    said = typed.lower().translate(LEFT_OUT).split()
    if IS_PHONE.fullmatch(typed):
        said = ["".join(said).removeprefix("00")]
    words = tuple(part for word in said for part in PARTS.findall(word))[:MOST_WORDS]
    if not words:
        return None
    grams = sorted({gram for word in words for gram in grams_of(word)})
    return Query(typed, "".join(said), tuple(_pattern(word) for word in words), tuple(grams))


def grams_of(word: str) -> Iterable[str]:
    """Return the pieces by which the index knows a word."""
    return (word[start : start + GRAM] for start in range(max(1, len(word) - GRAM + 1)))


async def find_members(
    connection: Connection,
    *,
    left: int,
    right: int,
    words: str,
    limit: int,
    offset: int = 0,
    among: list[int] | None = None,
    role: str | None = None,
) -> list[int]:
    """Return ids of the members that `words` find, exact hits first; none for words that hold nothing."""
    query, reach = query_of(words), Reach(left, right, among, role)
    if query is None:
        return []
    first = await _first(connection, reach, query)
    page = first[offset : offset + limit]
    if len(page) == limit:
        return page
    offset = max(0, offset - len(first))
    return page + await _rest(connection, reach, query, without=first, limit=limit - len(page), offset=offset)


async def count_members(
    connection: Connection,
    *,
    left: int,
    right: int,
    words: str,
    most: int = MOST,
    among: list[int] | None = None,
    role: str | None = None,
) -> int:
    """Return how many members `find_members` would find in all, counted up to `most` + 1: that stands for more."""
    query, reach = query_of(words), Reach(left, right, among, role)
    if query is None:
        return 0
    first = await _first(connection, reach, query)
    if len(first) > most:
        return most + 1
    return len(first) + await _count_rest(connection, reach, query, without=first, most=most + 1 - len(first))


async def settle(connection: Connection) -> None:
    """Put what was written in bulk into its place in the index; until then searches read it from end to end."""
    await connection.execute("SELECT gin_clean_pending_list('member_search')")


async def _first(connection: Connection, reach: Reach, query: Query) -> list[int]:
    """Return the exact hits, then those with a terminal whose code begins so; at most MOST + 1."""
    carriers = await _carriers(connection, reach, query) if len(query.typed) >= LEAST_OF_CODE else []
    hit = await _hit(connection, reach, query)
    return list(dict.fromkeys([*hit, *carriers]))[: MOST + 1]


async def _hit(connection: Connection, reach: Reach, query: Query) -> list[int]:
    cursor = await connection.execute(
        """
        SELECT member.id
        FROM member
        JOIN assignment ON assignment.member = member.id AND is_primary
        JOIN unit ON unit.id = assignment.unit
        WHERE (member.name = %(typed)s OR phone = ANY(%(phones)s) OR member.code = ANY(%(codes)s)
                OR initials = %(whole)s OR squeezed(pinyin) = %(whole)s)
            AND member.closed_at IS NULL AND tree_left BETWEEN %(left)s AND %(right)s
            AND (%(among)s::integer[] IS NULL OR member.id = ANY(%(among)s))
            AND (%(role)s::text IS NULL OR role = %(role)s)
        ORDER BY tree_left, member.id
        LIMIT %(most)s
        """,
        {**reach._asdict(), **_exactly(query), "most": MOST + 1},
        prepare=False,
    )
    return [member async for (member,) in cursor]


async def _carriers(connection: Connection, reach: Reach, query: Query) -> list[int]:
    cursor = await connection.execute(
        """
        SELECT terminal.member
        FROM terminal
        JOIN member ON member.id = terminal.member
        JOIN assignment ON assignment.member = member.id AND is_primary
        JOIN unit ON unit.id = assignment.unit
        WHERE lower(terminal.code) LIKE %(beginning)s AND terminal.closed_at IS NULL
            AND member.closed_at IS NULL AND tree_left BETWEEN %(left)s AND %(right)s
            AND (%(among)s::integer[] IS NULL OR member.id = ANY(%(among)s))
            AND (%(role)s::text IS NULL OR role = %(role)s)
        ORDER BY tree_left, member.id
        LIMIT %(most)s
        """,
        {**reach._asdict(), "beginning": _like(query.typed.lower()) + "%", "most": MOST + 1},
        prepare=False,
    )
    return [member async for (member,) in cursor]


async def _rest(
    connection: Connection, reach: Reach, query: Query, *, without: list[int], limit: int, offset: int
) -> list[int]:
    # A plan is made for these words: one for any words would not know whether they are frequent
    cursor = await connection.execute(
        """
        SELECT member.id
        FROM member
        JOIN assignment ON assignment.member = member.id AND is_primary
        JOIN unit ON unit.id = assignment.unit
        WHERE grams_of(found_by) @> %(grams)s
            AND holds_all(found_by, %(patterns)s)
            AND member.closed_at IS NULL AND tree_left BETWEEN %(left)s AND %(right)s
            AND (%(among)s::integer[] IS NULL OR member.id = ANY(%(among)s))
            AND (%(role)s::text IS NULL OR role = %(role)s)
            AND member.id <> ALL(%(without)s)
        ORDER BY tree_left, member.id
        LIMIT %(limit)s OFFSET %(offset)s
        """,
        {**reach._asdict(), **_holding(query), "without": without, "limit": limit, "offset": offset},
        prepare=False,
    )
    return [member async for (member,) in cursor]


async def _count_rest(connection: Connection, reach: Reach, query: Query, *, without: list[int], most: int) -> int:
    cursor = await connection.execute(
        """
        SELECT count(*) FROM (
            SELECT
            FROM member
            JOIN assignment ON assignment.member = member.id AND is_primary
            JOIN unit ON unit.id = assignment.unit
            WHERE grams_of(found_by) @> %(grams)s
                AND holds_all(found_by, %(patterns)s)
                AND member.closed_at IS NULL AND tree_left BETWEEN %(left)s AND %(right)s
                AND (%(among)s::integer[] IS NULL OR member.id = ANY(%(among)s))
                AND (%(role)s::text IS NULL OR role = %(role)s)
                AND member.id <> ALL(%(without)s)
            LIMIT %(most)s
        ) found
        """,
        {**reach._asdict(), **_holding(query), "without": without, "most": most},
        prepare=False,
    )
    return int((await cursor.fetchone() or (0,))[0])


def _exactly(query: Query) -> dict[str, Any]:
    return {
        "typed": query.typed,
        "whole": query.whole,
        "phones": [f"+{query.whole}", f"+86{query.whole}"],
        "codes": [query.typed, query.typed.upper(), query.typed.lower()],
    }


def _holding(query: Query) -> dict[str, list[str]]:
    return {"grams": list(query.grams), "patterns": list(query.patterns)}


def _pattern(word: str) -> str:
    """A short word of letters or digits is only looked for where something begins."""
    return word if word >= FIRST_IDEOGRAPH or len(word) >= GRAM else f" {word}"


def _like(text: str) -> str:
    """Return `text` with what LIKE takes for wildcards escaped."""
    return re.sub(r"([\\%_])", r"\\\1", text)
