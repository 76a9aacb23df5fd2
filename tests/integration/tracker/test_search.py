import psycopg
import pytest

from tracker.organisation.names import ensure_spelled, spell
from tracker.store.search import count_members, find_members

CITY, EAST, WEST = (1, 6), (2, 3), (4, 5)
# id, code, name, phone, unit, terminal
PEOPLE = (
    (1, "M000001", "王小红", "+8613800000001", 2, "T000777"),
    (2, "M000002", "王小红梅", "+8613800000002", 2, "T000002"),
    (3, "M000003", "单小军", "+8613912340003", 2, "T000003"),
    (4, "M000004", "欧阳修", None, 3, "Z-04"),
    (5, "M000005", "王小红", "+8613800000005", 3, "T000777B"),
    (6, "M000006", "Maria da Silva", "+4915112345678", 3, ""),
    (7, "M000007", "王小红", "+8613800000007", 3, ""),
)
CLOSED = 7
# What is typed, and whom it finds
FOUND = {
    "王": [1, 2, 5],
    "小": [1, 2, 3, 5],
    "小红": [1, 2, 5],
    "红梅": [2],
    "王小红": [1, 5, 2],
    "王小红梅": [2],
    "王 红": [1, 2, 5],
    "王小 军": [],
    "欧阳": [4],
    "13800000001": [1],
    "+8613800000001": [1],
    "+86 138-0000-0001": [1],
    "008613800000001": [1],
    "1234": [3, 6],
    "+49 1511 2345678": [6],
    "m000003": [3],
    "M000003": [3],
    "00003": [3],
    "t000777": [1, 5],
    "T000777b": [5],
    "z-04": [4],
    "wangxiaohong": [1, 5, 2],
    "wang xiao hong": [1, 5, 2],
    "WangXiao": [1, 2, 5],
    "wa": [1, 2, 5],
    "wxh": [1, 5, 2],
    "wx": [1, 2, 5],
    "xj": [],
    "shan": [3],
    "sxj": [3],
    "dan": [],
    "maria": [6],
    "silva": [6],
    "mds": [6],
    "王wxh": [1, 2, 5],
    "nobody": [],
    "%": [],
    "_": [],
    "\\": [],
    "' OR 1=1": [],
    "\0": [],
    " ": [],
    "·": [],
    "x" * 500: [],
}


@pytest.fixture
async def city(connection: psycopg.AsyncConnection) -> psycopg.AsyncConnection:
    await connection.execute(
        """
        INSERT INTO unit (id, code, name, level, parent, tree_left, tree_right)
        VALUES
            (1, 'top', '市', 'city', NULL, 1, 6),
            (2, 'east', '东', 'county', 1, 2, 3),
            (3, 'west', '西', 'county', 1, 4, 5)
        """
    )
    for member, code, name, phone, unit, terminal in PEOPLE:
        await connection.execute(
            "INSERT INTO member (id, code, name, phone, pinyin, initials) VALUES (%s, %s, %s, %s, %s, %s)",
            [member, code, name, phone, *spell(name)],
        )
        await connection.execute(
            "INSERT INTO assignment (member, unit, role) VALUES (%s, %s, %s)",
            [member, unit, "leader" if member == 1 else "volunteer"],
        )
        if terminal:
            await connection.execute(
                "INSERT INTO terminal (code, secret_salt, secret_hash, member) VALUES (%s, '', '', %s)",
                [terminal, member],
            )
    await connection.execute("UPDATE member SET closed_at = now() WHERE id = %s", [CLOSED])
    return connection


async def found(
    connection: psycopg.AsyncConnection, words: str, reach: tuple[int, int] = CITY, *, role: str | None = None
) -> list[int]:
    """What is found; counted by the way, which must agree."""
    left, right = reach
    members = await find_members(connection, left=left, right=right, words=words, limit=50, role=role)
    assert await count_members(connection, left=left, right=right, words=words, role=role) == len(members)
    return members


async def test_people_are_found_by_any_of_their_words(city: psycopg.AsyncConnection) -> None:
    assert {words: await found(city, words) for words in FOUND} == FOUND


async def test_a_search_stays_inside_its_subtree(city: psycopg.AsyncConnection) -> None:
    assert await found(city, "王", EAST) == [1, 2]
    assert await found(city, "wxh", WEST) == [5]
    assert await found(city, "t000777", WEST) == [5]
    assert await found(city, "13800000001", WEST) == []


async def test_a_search_can_be_for_a_role(city: psycopg.AsyncConnection) -> None:
    assert await found(city, "王", role="leader") == [1]
    assert await found(city, "小红", EAST, role="volunteer") == [2]


async def test_who_is_away_for_good_is_not_found(city: psycopg.AsyncConnection) -> None:
    assert CLOSED not in await found(city, "王小红")
    await city.execute("UPDATE terminal SET closed_at = now() WHERE code = 'T000777'")
    assert await found(city, "t000777") == [5]


async def test_pages_follow_each_other(city: psycopg.AsyncConnection) -> None:
    left, right = CITY
    pages = [
        await find_members(city, left=left, right=right, words="wxh", limit=1, offset=offset) for offset in range(4)
    ]
    assert pages == [[1], [5], [2], []]
    assert await find_members(city, left=left, right=right, words="王小红", limit=2, offset=1) == [5, 2]


async def test_only_those_asked_for_are_searched(city: psycopg.AsyncConnection) -> None:
    assert await find_members(city, left=1, right=6, words="王", limit=9, among=[2, 3]) == [2]
    assert await count_members(city, left=1, right=6, words="王", among=[2, 3]) == 1


async def test_counting_ends_one_above_what_is_asked(city: psycopg.AsyncConnection) -> None:
    assert await count_members(city, left=1, right=6, words="小", most=2) == 3
    assert await count_members(city, left=1, right=6, words="王小红", most=1) == 2


async def test_who_changes_the_name_is_found_by_the_new_one(city: psycopg.AsyncConnection) -> None:
    name = "曾志伟"
    await city.execute("UPDATE member SET name = %s, pinyin = %s, initials = %s WHERE id = 1", [name, *spell(name)])
    assert await found(city, "zengzhi") == await found(city, "zzw") == await found(city, "志伟") == [1]
    assert 1 not in await found(city, "王小红")


async def test_names_written_without_their_pinyin_are_spelled_later(city: psycopg.AsyncConnection) -> None:
    await city.execute("UPDATE member SET pinyin = '', initials = ''")
    await city.execute("INSERT INTO member (id, code, name) VALUES (8, 'nameless', '--')")
    assert await found(city, "wxh") == []
    assert await ensure_spelled(city) == len(PEOPLE)
    assert await found(city, "wxh") == [1, 5, 2]
    assert await ensure_spelled(city) == 0
