"""An import from files to database: prepare says what would happen, take_in does it, all of it or nothing."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from tracker.city.intake import apply
from tracker.city.intake.apply import Handover
from tracker.city.intake.checks import check_grids, check_members, check_tree, check_words, hint_codes
from tracker.city.intake.compare import compare
from tracker.city.intake.findings import DATABASE, Findings
from tracker.city.intake.given import Contents, Given
from tracker.city.intake.reading import Options, read_files
from tracker.city.intake.report import Report
from tracker.city.intake.slivers import tidied
from tracker.city.intake.stored import Stored, read_stored
from tracker.organisation import tree
from tracker.organisation.errors import Conflict
from tracker.store.search import settle

Connection = psycopg.AsyncConnection[Any]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """`city` is what the database would hold; None while there are errors."""

    report: Report
    stored: Stored
    city: Contents | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    handover: tuple[Handover, ...]


def ignore(_line: str) -> None:
    pass


async def prepare(connection: Connection, paths: Sequence[Path], options: Options, *, say: Say = ignore) -> Prepared:
    """Read, check, repair and compare; change nothing."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        stored = await read_stored(connection, at=options.takes_effect_at)
    say("read the database")
    return await asyncio.to_thread(judge, stored, paths, options, say=say)


def judge(stored: Stored, paths: Sequence[Path], options: Options, *, say: Say = ignore) -> Prepared:
    """Return what the files would make of the city as it is stored."""
    findings = Findings()
    given = read_files(paths, options, stored.contents.areas, findings)
    say("read the files")
    city = given.over(stored.contents)
    is_tree = _check(city, stored, given, findings)
    say("checked units and members")
    if is_tree and _must_tile(city, stored, given):
        city = replace(city, areas=tidied(_known(city), given, findings, tolerance_m=options.tolerance_m))
        say("checked borders")
    difference = compare(stored.contents, city, known_terminals=stored.terminals) if is_tree else None
    if difference and difference.grids:
        _hint_later(stored, findings)
    report = Report(files=tuple(path.name for path in paths), findings=findings, difference=difference)
    return Prepared(report=report, stored=stored, city=city if report.is_applicable else None)


def _check(city: Contents, stored: Stored, given: Given, findings: Findings) -> bool:
    is_tree = check_tree(city.units, given, findings)
    check_words(city, stored.role_sets, given, findings)
    check_members(city, stored.contents, given, findings)
    check_grids(city, given, findings)
    hint_codes(city, given, findings)
    _check_terminals(stored, given, findings)
    _check_accounts(city, stored, given, findings)
    if is_tree:
        _check_same_city(city, stored, given, findings)
    return is_tree


def _check_terminals(stored: Stored, given: Given, findings: Findings) -> None:
    for member in (given.members or {}).values():
        for terminal in member.terminals:
            known = stored.terminals.get(terminal.code)
            if known is not None and known.state:
                place = given.place("terminal", terminal.code)
                findings.add("terminal_out", place, terminal=terminal.code, state=known.state)


def _check_accounts(city: Contents, stored: Stored, given: Given, findings: Findings) -> None:
    if given.units is None:
        return
    for code, names in stored.accounts.items():
        if code not in city.units:
            findings.add("account_left", DATABASE, accounts=", ".join(names), code=code)


def _check_same_city(city: Contents, stored: Stored, given: Given, findings: Findings) -> None:
    top, known = (
        next((unit for unit in units.values() if unit.parent is None), None)
        for units in (city.units, stored.contents.units)
    )
    if top is not None and known is not None and top.code != known.code:
        place = given.place("unit", top.code)
        findings.add("another_city", place, code=top.code, stored=known.code, name=known.name)


def _must_tile(city: Contents, stored: Stored, given: Given) -> bool:
    """Whether borders or the tree changed: what is stored was checked when it was stored."""
    if not city.areas:
        return False
    before = stored.contents
    if any(area is not before.areas.get(code) for code, area in city.areas.items()):
        return True
    if len(city.areas) != len(before.areas):
        return True
    return given.units is not None and any(
        code not in before.units or city.units[code].parent != before.units[code].parent
        for code in city.areas
        if code in city.units
    )


def _known(city: Contents) -> Contents:
    return replace(city, areas={code: area for code, area in city.areas.items() if code in city.units})


def _hint_later(stored: Stored, findings: Findings) -> None:
    for version, moment in stored.later:
        findings.add("later_set", DATABASE, version=version, at=f"{moment:%Y-%m-%d %H:%M} UTC")


async def take_in(
    connection: Connection,
    prepared: Prepared,
    options: Options,
    *,
    account: int | None = None,
    say: Say = ignore,
    before_commit: Callable[[tuple[Handover, ...]], None] = lambda _handover: None,
) -> Imported:
    """Write what `prepared` says, in one transaction; nobody else changes the city meanwhile.

    `before_commit` gets the new credentials, so that they are safe before they count; when this returns they do. Call
    `tidy_up` afterwards. Raises Conflict when the database is no longer what the report was made from, or the report
    has errors.
    """
    city, difference = prepared.city, prepared.report.difference
    if city is None or difference is None:
        raise Conflict("the files have errors: put them right first", "文件有错误，请先更正", "has_errors")
    async with connection.transaction():
        await _claim(connection)
        say("comparing with the database again")
        now = await read_stored(connection, at=options.takes_effect_at)
        if now.mark != prepared.stored.mark:
            raise Conflict(
                "the city was changed meanwhile: look at the report again",
                "城市数据已被他人修改，请重新查看报告",
                "city_changed",
            )
        handover: tuple[Handover, ...] = ()
        if difference:
            handover = await apply.write(connection, now, city, difference, options=options, say=say)
            await apply.note(connection, difference, prepared.report.files, account=account)
        before_commit(handover)
    return Imported(handover=handover)


async def tidy_up(connection: Connection) -> None:
    """Make searches and plans fast again after `take_in`. Apart from it: what fails here has undone nothing."""
    await settle(connection)
    await connection.execute("ANALYZE unit, grid, member, assignment, terminal, terminal_carrier")


async def _claim(connection: Connection) -> None:
    """Hold the tree and the tables of people until the transaction ends; looking goes on.

    The index for searching people is written at once when all is in: row by row it takes minutes.
    """
    await connection.execute("SET LOCAL gin_pending_list_limit = '1GB'")
    await tree.lock(connection)
    await connection.execute(
        "LOCK TABLE unit, member, assignment, terminal, grid_set, level, role IN SHARE ROW EXCLUSIVE MODE"
    )
