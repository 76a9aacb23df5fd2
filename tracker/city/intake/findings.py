"""What was found in the files: a word, a place, what is wrong and what to do. The words are a table."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

LISTED: Final = 20  # findings of a word that are listed; the rest is counted


class Weight(StrEnum):
    ERROR = "error"  # nothing is applied
    FIXED = "fixed"  # repaired, and said
    HINT = "hint"


class Place(NamedTuple):
    """A file's name and a row of it: the line of a table, the number of a feature. Without a row: all of the file."""

    file: str
    row: int | None = None

    def __str__(self) -> str:
        return self.file if self.row is None else f"{self.file}:{self.row}"


DATABASE: Final = Place("database")


class Kind(NamedTuple):
    """`what` and `todo` in English and Chinese; braces hold the facts of a finding."""

    weight: Weight
    en: str
    zh: str
    todo_en: str = ""
    todo_zh: str = ""


def _error(en: str, zh: str, todo_en: str, todo_zh: str) -> Kind:
    return Kind(Weight.ERROR, en, zh, todo_en, todo_zh)


def _fixed(en: str, zh: str) -> Kind:
    return Kind(Weight.FIXED, en, zh)


def _hint(en: str, zh: str, todo_en: str = "", todo_zh: str = "") -> Kind:
    return Kind(Weight.HINT, en, zh, todo_en, todo_zh)


KINDS: Final[Mapping[str, Kind]] = {
    # files
    "unreadable": _error("cannot be read: {reason}", "无法读取：{reason}", "check the file", "请检查文件"),
    "too_large": _error(
        "has {mib} MiB, the limit is {limit}",
        "文件 {mib} MiB，上限 {limit} MiB",
        "leave out what is not needed; simplify the borders",
        "请去掉不需要的内容，或简化边界",
    ),
    "too_many_vertices": _error(
        "has {vertices} vertices or more, the limit is {limit}",
        "顶点数达到 {vertices}，上限 {limit}",
        "simplify the borders: a vertex every few metres is enough",
        "请简化边界，每几米一个顶点即可",
    ),
    "not_recognised": _error(
        "is neither units, grids, members, levels nor roles",
        "无法识别为组织、网格、人员、层级或角色文件",
        "look at the header: units.csv has code,name,level,parent; members.csv has code,name,phone,unit,role",
        "请检查表头：units.csv 含 code,name,level,parent，members.csv 含 code,name,phone,unit,role",
    ),
    "given_twice": _error(
        "{kind} come from {other} already", "{kind} 已由 {other} 提供", "give one file of a kind", "每类只提供一个文件"
    ),
    "wrong_bytes": _error(
        "has bytes that are not {encoding}",
        "含有不属于 {encoding} 编码的字节",
        "save the file as UTF-8",
        "请另存为 UTF-8",
    ),
    "header": _error(
        "the header lacks {columns}", "表头缺少 {columns}", "add the columns, comma-separated", "请补充这些列"
    ),
    "fields": _error(
        "has {have} fields where the header has {want}",
        "有 {have} 个字段，表头为 {want} 个",
        "put fields that hold commas in double quotes",
        "含逗号的字段请用双引号括起",
    ),
    "control": _error(
        "{column} holds a control character", "{column} 含控制字符", "type the field again", "请重新输入该字段"
    ),
    # rows
    "missing": _error("lacks {columns}", "缺少 {columns}", "fill it in", "请填写"),
    "attributes": _error(
        "attributes are no JSON object: {reason}",
        "attributes 不是 JSON 对象：{reason}",
        'write {{"population": 1200}} or leave it empty',
        '请写成 {{"population": 1200}} 或留空',
    ),
    "number": _error(
        "{column} {text} is no whole number of at least {least}",
        "{column} 的 {text} 不是不小于 {least} 的整数",
        "write digits only",
        "请只写数字",
    ),
    "phone": _error(
        "{name}: {reason}",
        "{name} 的电话 {phone} 无法识别",
        "write 13912345678 or +86 139 1234 5678, or leave it empty",
        "请写成 13912345678 或 +86 139 1234 5678，或留空",
    ),
    "duplicate_code": _error(
        "{code} is on row {first} too", "{code} 已出现在第 {first} 行", "give each its own code", "编码不可重复"
    ),
    "unknown_parent": _error(
        "{code} lies in {parent}, which is not there",
        "{code} 的上级 {parent} 不存在",
        "add {parent} or correct the parent",
        "请添加 {parent} 或更正上级",
    ),
    "cycle": _error(
        "units lie in each other in a ring: {ring}", "组织互为上级，形成循环：{ring}", "break the ring", "请断开循环"
    ),
    "no_top": _error(
        "every unit has a parent", "所有组织都有上级", "leave the parent of the city empty", "请将最上级的 parent 留空"
    ),
    "two_cities": _error(
        "{count} units have no parent: {codes}",
        "{count} 个组织没有上级：{codes}",
        "a file holds one city: give all but one a parent",
        "一个文件只能有一个城市，请为其余组织填写上级",
    ),
    "another_city": _error(
        "the city is {code}, the database holds {stored} ({name})",
        "文件中的城市是 {code}，数据库中是 {stored}（{name}）",
        "use an empty database, or the files of {stored}",
        "请使用空数据库，或 {stored} 的文件",
    ),
    "unknown_level": _error(
        "level {level} is not known; known are {known}",
        "层级 {level} 不存在，已有 {known}",
        "correct it, or give a levels.csv with code,rank,name_zh,name_en",
        "请更正，或提供 levels.csv（code,rank,name_zh,name_en）",
    ),
    "unknown_role": _error(
        "role {role} is not known; known are {known}",
        "角色 {role} 不存在，已有 {known}",
        "correct it, or give a roles.csv with code,name_zh,name_en,is_leader",
        "请更正，或提供 roles.csv（code,name_zh,name_en,is_leader）",
    ),
    "unknown_role_set": _error(
        "role set {role_set} is not known; known are {known}",
        "配置模式 {role_set} 不存在，已有 {known}",
        "correct it, or make the role set first",
        "请更正，或先建立该配置模式",
    ),
    "unknown_unit": _error(
        "{code} works in unit {unit}, which is not there",
        "{code} 所属组织 {unit} 不存在",
        "add the unit or correct it",
        "请添加该组织或更正",
    ),
    "rows_disagree": _error(
        "{code} has another {column} than on row {first}",
        "{code} 的 {column} 与第 {first} 行不同",
        "rows of one code are one person: write the same, or give another code",
        "同一编码为同一人，请保持一致或使用其他编码",
    ),
    "two_primaries": _error(
        "{code} has two primary posts", "{code} 有两个主要任职", "mark one row as primary", "请只标记一行为 primary"
    ),
    "no_post": _error(
        "{code} {name} has no unit left: {unit} is closed",
        "{code} {name} 将没有所属组织：{unit} 被撤销",
        "give a members.csv that moves or leaves out the person",
        "请提供 members.csv，将其调动或去除",
    ),
    "terminal_code": _error(
        "{terminal} is no code of a terminal",
        "{terminal} 不是有效的终端编码",
        "use 1 to 64 letters, digits, _ and -",
        "请使用 1 至 64 个字母、数字、_ 或 -",
    ),
    "terminal_twice": _error(
        "terminal {terminal} is carried by {other} on row {first} too",
        "终端 {terminal} 在第 {first} 行已由 {other} 持有",
        "a terminal has one carrier",
        "一个终端只能由一人持有",
    ),
    "terminal_out": _error(
        "terminal {terminal} is {state}",
        "终端 {terminal} 的状态为 {state}，不可使用",
        "give another terminal, or report it found",
        "请使用其他终端，或先解除挂失",
    ),
    "account_left": _error(
        "accounts {accounts} belong to unit {code}, which would be closed",
        "账号 {accounts} 属于将被撤销的组织 {code}",
        "give them another unit first",
        "请先调整这些账号的组织",
    ),
    # areas
    "no_crs": _error(
        "declares no coordinate system",
        "未声明坐标系",
        "add the .prj file, or say --crs EPSG:4490 (or what it is)",
        "请附上 .prj 文件，或用 --crs EPSG:4490 等指明",
    ),
    "bad_crs": _error(
        "coordinate system {crs} cannot be used: {reason}",
        "坐标系 {crs} 无法使用：{reason}",
        "say --crs EPSG:4490 (or what it is)",
        "请用 --crs EPSG:4490 等指明",
    ),
    "not_degrees": _error(
        "{code} lies at {lon}, {lat}, which is nowhere",
        "{code} 位于 {lon}, {lat}，不在地球上",
        "the file is in another coordinate system than it declares: say --crs",
        "文件坐标系与声明不符，请用 --crs 指明",
    ),
    "no_code_column": _error(
        "no property {column}; there are {columns}",
        "没有属性 {column}，已有 {columns}",
        "say which one holds the code: --code-column",
        "请用 --code-column 指明编码所在列",
    ),
    "no_code": _error("has no code", "没有编码", "fill in the property", "请填写编码属性"),
    "unknown_grid": _error(
        "{code} is no unit", "没有组织 {code}", "add the unit, or leave the area out", "请添加该组织或去掉该网格"
    ),
    "not_an_area": _error(
        "{code} is a {geometry}, no area", "{code} 是 {geometry}，不是面", "draw a polygon", "请绘制多边形"
    ),
    "invalid_area": _error(
        "the border of {code} is invalid: {reason} at {lon}, {lat}",
        "{code} 的边界无效：{reason}，位于 {lon}, {lat}",
        "draw it anew there: a repair would change the area",
        "请在该处重新绘制，自动修复会改变其范围",
    ),
    "overlap": _error(
        "{code} and {other} overlap by {m2} m2, up to {width} m wide, at {lon}, {lat}",
        "{code} 与 {other} 重叠 {m2} 平方米，宽达 {width} 米，位于 {lon}, {lat}",
        "draw their border once, and use it for both",
        "两者边界请使用同一条线",
    ),
    "gap": _error(
        "{m2} m2 of {parent}, up to {width} m wide, lie in none of its grids, beside {beside}, at {lon}, {lat}",
        "{parent} 中有 {m2} 平方米（宽达 {width} 米）不属于任何下级网格，邻近 {beside}，位于 {lon}, {lat}",
        "give it to one of them",
        "请划入其中一个网格",
    ),
    "outside_parent": _error(
        "{code} reaches {distance} m out of {parent} ({m2} m2), at {lon}, {lat}",
        "{code} 超出上级 {parent} 达 {distance} 米（{m2} 平方米），位于 {lon}, {lat}",
        "draw the border of {code} or of {parent} anew, or allow more with --tolerance-m",
        "请修改 {code} 或 {parent} 的边界，或用 --tolerance-m 放宽",
    ),
    "untidy": _error(
        "the border of {code} does not meet its neighbours' at {lon}, {lat}, and could not be snapped",
        "{code} 的边界与相邻网格不吻合，无法自动贴合，位于 {lon}, {lat}",
        "draw it anew there",
        "请在该处重新绘制",
    ),
    # repaired
    "spaces": _fixed("spaces around {column} are gone", "已去除 {column} 两端空格"),
    "full_width": _fixed("{column} in full-width characters: {text}", "{column} 的全角字符已转换：{text}"),
    "phone_form": _fixed("{phone} is kept as {kept}", "{phone} 记为 {kept}"),
    "orientation": _fixed(
        "rings of {count} areas are turned the right way (RFC 7946)", "{count} 个网格的环方向已调整（RFC 7946）"
    ),
    "repeated_vertices": _fixed("{code} repeats {count} vertices", "{code} 的 {count} 个重复顶点已去除"),
    "made_valid": _fixed(
        "the border of {code} is repaired: {reason} at {lon}, {lat}",
        "{code} 的边界已修复：{reason}，位于 {lon}, {lat}",
    ),
    "heights": _fixed("heights are left out", "已去除高程"),
    "slivers": _fixed(
        "{code} is snapped to its neighbours: {more} m2 more, {less} m2 less",
        "{code} 已与相邻网格贴合：增加 {more} 平方米，减少 {less} 平方米",
    ),
    "redrawn": _fixed(
        "{code} is drawn as the sum of its grids: {m2} m2 differ", "{code} 取下级网格之和：相差 {m2} 平方米"
    ),
    # to know
    "read_as": _hint("is read as {encoding}", "按 {encoding} 读取"),
    "transformed": _hint("is converted from {crs} to WGS-84", "由 {crs} 转换为 WGS-84"),
    "gcj02": _hint("is converted from GCJ-02 to WGS-84", "由 GCJ-02 转换为 WGS-84"),
    "reader": _hint("the reader says: {text}", "读取提示：{text}"),
    "column_ignored": _hint("column {column} is not known and left out", "未知列 {column} 已忽略"),
    "code_prefix": _hint(
        "{code} does not begin with {prefix}, as codes in {parent} do by GB/T 2260 and the 15-digit grid code",
        "{code} 未以上级 {parent} 的 {prefix} 开头，不符合 GB/T 2260 及 15 位网格编码",
    ),
    "code_division": _hint(
        "{code} begins with {prefix}, which is no province of GB/T 2260", "{code} 的 {prefix} 不是 GB/T 2260 省级代码"
    ),
    "level_order": _hint(
        "{code} is of level {level}, which is not below {above} of {parent}",
        "{code} 的层级 {level} 不低于上级 {parent} 的 {above}",
    ),
    "later_set": _hint(
        "grid set {version} of {at} comes later and will replace this one", "网格版本 {version}（{at}）之后将取代此版本"
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    word: str
    place: Place
    facts: Mapping[str, Any]

    @property
    def weight(self) -> Weight:
        return KINDS[self.word].weight

    def what(self, language: str = "en") -> str:
        kind = KINDS[self.word]
        return (kind.zh if language == "zh" else kind.en).format_map(self.facts)

    def todo(self, language: str = "en") -> str:
        kind = KINDS[self.word]
        return (kind.todo_zh if language == "zh" else kind.todo_en).format_map(self.facts)


@dataclass(slots=True)
class Findings:
    """Counts all, keeps the first LISTED of each word: a million errors make no report of a million lines."""

    counts: Counter[str] = field(default_factory=Counter[str])
    _kept: dict[str, list[Finding]] = field(default_factory=dict[str, list[Finding]])

    def add(self, word: str, place: Place, **facts: Any) -> None:
        """Count a finding of a word of KINDS; `facts` are what its texts name."""
        self.counts[word] += 1
        if self.counts[word] <= LISTED:
            self._kept.setdefault(word, []).append(Finding(word, place, facts))

    def number(self, weight: Weight) -> int:
        return sum(count for word, count in self.counts.items() if KINDS[word].weight is weight)

    @property
    def has_errors(self) -> bool:
        return self.number(Weight.ERROR) > 0

    def listed(self, weight: Weight) -> Iterator[tuple[str, int, list[Finding]]]:
        """Yield (word, how many in all, the first of them) in the order of KINDS."""
        for word, kind in KINDS.items():
            if kind.weight is weight and self.counts[word]:
                yield word, self.counts[word], self._kept[word]
