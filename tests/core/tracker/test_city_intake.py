"""Bad files: each is told with file and row, or repaired and said. Nothing here needs a database."""

import re
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command_from_info

from gridwarden.cli import city_app
from tracker.city.intake.findings import KINDS, LISTED
from tracker.city.intake.given import Contents, Level, Role
from tracker.city.intake.reading import Options
from tracker.city.intake.run import Prepared, judge
from tracker.city.intake.stored import Stored
from tracker.city.intake.tables import FILE_BYTES
from tracker.city.intake.vectors import VERTICES
from tracker.city.model import Post, Terminal

LEVELS = {
    code: Level(code=code, rank=rank, name_zh=code, name_en=code)
    for rank, code in enumerate(("city", "county", "grid-1"))
}
ROLES = {code: Role(code=code, name_zh=code, name_en=code, is_leader=code == "leader") for code in ("leader", "police")}
UNITS = """code,name,name_en,level,parent,attributes
410100,郑州市,Zhengzhou,city,,
410102,中原区,,county,410100,"{""population"": 12}"
410103,二七区,,county,410100,
"""
MEMBERS = """code,name,phone,unit,role,terminal
M1,王凯,+8613900000001,410102,leader,T1
M2,罗颖,,410100,police,
"""


def an_empty_database(**contents: Mapping[str, Any]) -> Stored:
    return Stored(
        contents=Contents(**{"levels": LEVELS, "roles": ROLES, **contents}),
        unit_ids={},
        member_ids={},
        terminals={},
        role_sets=frozenset({"3+X"}),
        accounts={},
        version=0,
        later=(),
        mark="",
    )


def judged(folder: Path, *, encoding: str = "utf-8", options: Options | None = None, **texts: str | bytes) -> Prepared:
    """Write each text into a file of its name, and judge them."""
    paths: list[Path] = []
    for name, text in texts.items():
        path = folder / f"{name}.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        paths.append(path)
    return judge(an_empty_database(), paths, options or Options())


def told(prepared: Prepared) -> str:
    return "\n".join(prepared.report.lines())


def test_a_good_city_is_only_added(tmp_path: Path) -> None:
    prepared = judged(tmp_path, units=UNITS, members=MEMBERS)
    assert prepared.report.is_applicable
    assert prepared.city is not None
    assert prepared.city.units["410102"].attributes == {"population": 12}
    assert [len(change.added) for change in prepared.report.difference.all()] == [0, 0, 3, 0, 2, 1]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("line", "told_as"),
    [
        ("410104,a,,county,410199,", "units.csv:5: 410104 lies in 410199, which is not there"),
        ("410104,a,,county,410104,", "units.csv:5: units lie in each other in a ring: 410104 > 410104"),
        ("410102,a,,county,410100,", "units.csv:5: 410102 is on row 3 too"),
        ("420100,武汉市,,city,,", "units.csv:5: 2 units have no parent: 410100, 420100"),
        ("410104,a,,galaxy,410100,", "units.csv:5: level galaxy is not known; known are city, county, grid-1"),
        ("410104,,,county,410100,", "units.csv:5: lacks name"),
        (",a,,county,410100,", "units.csv:5: lacks code"),
        ("410104,a,,county,410100", "units.csv:5: has 5 fields where the header has 6"),
        ("410104,a,,county,410100,[]", "units.csv:5: attributes are no JSON object"),
        ("410104,a,,county,410100,{", "units.csv:5: attributes are no JSON object: Expecting"),
        ("410104,a\x01,,county,410100,", "units.csv:5: name holds a control character"),
        ('410104,"a,,county,410100,', "units.csv:5: "),
    ],
)
def test_a_bad_row_of_units_is_told_with_its_place(tmp_path: Path, line: str, told_as: str) -> None:
    prepared = judged(tmp_path, units=f"{UNITS}{line}\n")
    assert told_as in told(prepared)
    assert not prepared.report.is_applicable
    assert prepared.city is None


def test_a_ring_of_units_is_told_once_with_all_its_codes(tmp_path: Path) -> None:
    units = UNITS + "a,A,,county,c,\nb,B,,county,a,\nc,C,,county,b,\nd,D,,county,c,\n"
    prepared = judged(tmp_path, units=units)
    assert "units.csv:5: units lie in each other in a ring: a > c > b > a" in told(prepared)
    assert prepared.report.findings.counts["cycle"] == 1


def test_a_tree_without_a_top_is_told(tmp_path: Path) -> None:
    prepared = judged(tmp_path, units=UNITS.replace("city,,", "city,410102,"))
    assert "units.csv:2: every unit has a parent" in told(prepared)


@pytest.mark.parametrize(
    ("line", "told_as"),
    [
        ("M3,某人,,410199,leader,", "members.csv:4: M3 works in unit 410199, which is not there"),
        ("M3,某人,,410102,king,", "members.csv:4: role king is not known; known are leader, police"),
        ("M3,某人,139,410102,leader,", "members.csv:4: 某人: '139' is no number of +86"),
        ("M3,,,410102,leader,", "members.csv:4: lacks name"),
        ("M3,某人,,410102,,", "members.csv:4: lacks role"),
        ("M3,某人,,,,", "members.csv:4: lacks unit, role"),
        ("M3,某人,,410102,leader,T 3", "members.csv:4: T 3 is no code of a terminal"),
        ("M3,某人,,410102,leader,T1", "members.csv:4: terminal T1 is carried by M1 on row 2 too"),
        ("M1,王开,,410103,leader,", "members.csv:4: M1 has another name than on row 2"),
    ],
)
def test_a_bad_row_of_members_is_told_with_its_place(tmp_path: Path, line: str, told_as: str) -> None:
    prepared = judged(tmp_path, units=UNITS, members=f"{MEMBERS}{line}\n")
    assert told_as in told(prepared)
    assert not prepared.report.is_applicable


def test_rows_of_one_code_are_posts_and_terminals_of_one_person(tmp_path: Path) -> None:
    members = """code,name,phone,unit,role,terminal,primary,interval_s,model
M1,王凯,13900000001,410102,leader,T2,,20,M5
M1,王凯,,410103,police,T1,1,,
"""
    prepared = judged(tmp_path, units=UNITS, members=members)
    assert prepared.city is not None
    member = prepared.city.members["M1"]
    assert member.posts == (Post(unit="410103", role="police"), Post(unit="410102", role="leader"))
    assert member.terminals == (Terminal(code="T1"), Terminal(code="T2", interval_s=20, model="M5"))


def test_two_primary_posts_are_told(tmp_path: Path) -> None:
    members = "code,name,phone,unit,role,primary\nM1,王凯,,410102,leader,1\nM1,王凯,,410103,leader,yes\n"
    assert "members.csv:3: M1 has two primary posts" in told(judged(tmp_path, units=UNITS, members=members))


@pytest.mark.parametrize("interval", ["0", "-1", "ten", "99999"])
def test_an_interval_that_is_none_is_told(tmp_path: Path, interval: str) -> None:
    members = f"code,name,phone,unit,role,terminal,interval_s\nM1,王凯,,410102,leader,T1,{interval}\n"
    text = told(judged(tmp_path, units=UNITS, members=members))
    assert f"members.csv:2: interval_s {interval} is no whole number of at least 1" in text


@pytest.mark.parametrize(("name", "said"), [("gb18030", "is read as GBK"), ("utf-8-sig", ""), ("utf-8", "")])
def test_encodings_of_spreadsheets_are_told_apart(tmp_path: Path, name: str, said: str) -> None:
    prepared = judged(tmp_path, units=UNITS, members=MEMBERS, encoding=name)
    assert prepared.city is not None
    assert prepared.city.units["410102"].name == "中原区"
    assert prepared.city.members["M1"].name == "王凯"
    assert said in told(prepared)


def test_an_encoding_may_be_said(tmp_path: Path) -> None:
    prepared = judged(tmp_path, units=UNITS, encoding="gb18030", options=Options(encoding="utf-8"))
    assert "units.csv:2: has bytes that are not UTF-8" in told(prepared)


@pytest.mark.parametrize(("name", "called"), [("utf-8", "UTF-8"), ("gb18030", "GBK")])
def test_wrong_bytes_are_told_with_their_row(tmp_path: Path, name: str, called: str) -> None:
    broken = UNITS.encode(name).replace("二七区".encode(name), b"\xff\xff\xff")
    prepared = judged(tmp_path, units=broken)
    assert f"units.csv:4: has bytes that are not {called}" in told(prepared)


def test_text_of_16_bits_is_refused(tmp_path: Path) -> None:
    assert "units.csv:1: has bytes that are not" in told(judged(tmp_path, units=UNITS, encoding="utf-16"))


def test_what_typing_does_to_fields_is_put_right_and_said(tmp_path: Path) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in "410103")
    units = UNITS.replace("410103,", f" {wide}\u3000,").replace("中原区", " 中原区 ")
    members = MEMBERS.replace("+8613900000001", "139 0000-0001")
    prepared = judged(tmp_path, units=units, members=members)
    assert prepared.city is not None
    assert prepared.city.units["410103"].name == "二七区"
    assert prepared.city.units["410102"].name == "中原区"
    assert prepared.city.members["M1"].phone == "+8613900000001"
    text = told(prepared)
    assert "units.csv:3: spaces around name are gone" in text
    assert "units.csv:4: code in full-width characters: 410103" in text
    assert "members.csv:2: 139 0000-0001 is kept as +8613900000001" in text


def test_tables_are_told_apart_by_their_header_whatever_they_are_called(tmp_path: Path) -> None:
    prepared = judged(tmp_path, a=MEMBERS, b=UNITS)
    assert prepared.report.is_applicable
    assert prepared.city is not None
    assert (len(prepared.city.units), len(prepared.city.members)) == (3, 2)


def test_semicolons_and_tabs_part_fields_too(tmp_path: Path) -> None:
    for sign in ";\t":
        text = UNITS.replace('"{""population"": 12}"', "").replace(",", sign)
        assert judged(tmp_path, units=text).report.is_applicable


@pytest.mark.parametrize(
    ("texts", "told_as"),
    [
        ({"units": "code,name,level\n"}, "units.csv:1: the header lacks parent"),
        ({"units": ""}, "units.csv:1: the header lacks code, name, level, parent"),
        ({"letters": "a,b\n1,2\n"}, "letters.csv:1: is neither units, grids, members, levels nor roles"),
        ({"units": UNITS, "more": UNITS}, "more.csv: units come from units.csv already"),
        ({"units": UNITS.replace("attributes", "colour")}, "units.csv:1: column colour is not known and left out"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_told(tmp_path: Path, texts: dict[str, Any], told_as: str) -> None:
    assert told_as in told(judged(tmp_path, **texts))


def test_a_file_that_is_not_there_or_no_table_is_told(tmp_path: Path) -> None:
    text = told(judge(an_empty_database(), [tmp_path / "units.csv", tmp_path / "plan.pdf"], Options()))
    assert "units.csv: cannot be read: No such file or directory" in text
    assert "plan.pdf: is neither units, grids, members, levels nor roles" in text


def test_a_million_errors_are_counted_and_a_few_are_listed(tmp_path: Path) -> None:
    units = UNITS + "".join(f"u{number},U,,nowhere,410100,\n" for number in range(2_000))
    lines = told(judged(tmp_path, units=units)).splitlines()
    assert "  unknown_level (2,000)" in lines
    assert "    ... and 1,980 more" in lines
    assert sum(": level nowhere is not known" in line for line in lines) == LISTED


def test_new_levels_and_roles_come_in_files_of_their_own(tmp_path: Path) -> None:
    prepared = judged(
        tmp_path,
        units=UNITS.replace("county", "district"),
        members=MEMBERS.replace("police", "king"),
        levels="code,rank,name_zh,name_en\ndistrict,1,区,District\n",
        roles="code,name_zh,name_en,is_leader\nking,王,King,yes\n",
    )
    assert prepared.city is not None
    assert prepared.city.levels["district"].rank == 1
    assert prepared.city.roles["king"].is_leader


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("420102,a,,county,410100,", "units.csv:5: 420102 does not begin with 4101"),
        ("410103001,a,,grid-1,410102,", "units.csv:5: 410103001 does not begin with 410102"),
        ("410102001,a,,grid-1,410102,", ""),
        ("water,a,,county,410100,", ""),
        ("4101022,a,,grid-1,410102,", ""),
    ],
)
def test_codes_that_look_national_are_compared_with_the_tree(tmp_path: Path, line: str, hint: str) -> None:
    prepared = judged(tmp_path, units=f"{UNITS}{line}\n")
    assert prepared.report.is_applicable
    assert prepared.report.findings.counts.total() == bool(hint)
    assert hint in told(prepared)


def test_a_province_that_is_none_is_hinted_at(tmp_path: Path) -> None:
    text = told(judged(tmp_path, units=UNITS.replace("4101", "1901")))
    assert "units.csv:2: 190100 begins with 19, which is no province of GB/T 2260" in text


def test_a_report_speaks_both_languages(tmp_path: Path) -> None:
    prepared = judged(tmp_path, units=UNITS + "410104,a,,county,410199,\n")
    (finding,) = prepared.report.shape("zh")["findings"]
    assert finding["listed"][0]["what"] == "410104 的上级 410199 不存在"
    assert finding["todo"] == "请添加 410199 或更正上级"


def test_every_text_names_the_same_facts_in_both_languages() -> None:
    def names(*texts: str) -> set[str | None]:
        return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}

    for word, kind in KINDS.items():
        if word != "phone":  # its reason is English
            assert names(kind.en, kind.todo_en) == names(kind.zh, kind.todo_zh), word


PAGE = Path(__file__).parents[3] / "docs" / "city-files.md"


def test_the_page_on_city_files_explains_every_finding_and_no_other() -> None:
    findings = PAGE.read_text("utf-8").split("## What is wrong")[1]
    assert set(re.findall(r"^\| `(\w+)` \|", findings, re.MULTILINE)) == set(KINDS)


def test_the_page_on_city_files_names_the_options_that_there_are() -> None:
    (command,) = [each for each in city_app.registered_commands if each.name == "import"]
    parameters = get_command_from_info(command, pretty_exceptions_short=True, rich_markup_mode=None).params
    options = {name for parameter in parameters for name in parameter.opts if name.startswith("--")}
    assert set(re.findall(r"^\| `(--[\w-]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)) == options - {"--database"}


def test_the_page_on_city_files_states_the_limits_that_hold() -> None:
    text = PAGE.read_text("utf-8")
    assert f"at most {FILE_BYTES >> 20} MiB" in text
    assert f"at most {VERTICES:,} vertices" in text
