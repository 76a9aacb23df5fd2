"""CAP documents of other services, read into values: an incoming message, or a refusal that says what is wrong.

Sources: CAP 1.2 (ITU-T X.1303 bis), section 3.2; CAP 1.1, which has the same elements, is read the same way. CAP 1.0 is
refused: it is of 2004, no service sends it, and its elements mean other things. Nothing here decides anything: what
a message would mean for us is alerts.core.cap_mapping's.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET

import shapely

from alerts.core import cap, cap_shapes, xml_in
from alerts.core.errors import BadDocument
from alerts.core.words import Words

NAMESPACES: Final = (cap.NAMESPACE, "urn:oasis:names:tc:emergency:cap:1.1")
SIGNATURE: Final = "{http://www.w3.org/2000/09/xmldsig#}Signature"
STATUSES: Final = ("Actual", "Exercise", "Test")
KINDS: Final = ("Alert", "Update", "Cancel")
SCOPES: Final = ("Public", "Restricted", "Private")
URGENCIES: Final = ("Immediate", "Expected", "Future", "Past", "Unknown")
COLOURS: Final = (
    "Red",
    "Orange",
    "Yellow",
    "Blue",
)  # China's services write the colour where the standard has five words
SEVERITIES: Final = ("Extreme", "Severe", "Moderate", "Minor", "Unknown", *COLOURS)
CERTAINTIES: Final = ("Observed", "Likely", "Very Likely", "Possible", "Unlikely", "Unknown")
LONGEST_NAME: Final = 400  # characters of an identifier or a sender
YEARS: Final = range(1990, 2200)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")
_NO_NAME: Final = re.compile(r"[\s,<&]")  # section 3.2.1


@dataclass(frozen=True, slots=True)
class Pair:
    """A parameter, an event code or a geocode."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier message, by its sender's own name for it."""

    sender: str
    identifier: str

    @property
    def key(self) -> str:
        return f"{self.sender},{self.identifier}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """`shapes` are polygons and circles, WGS-84 degrees, longitude first."""

    description: str
    shapes: tuple[shapely.Polygon, ...] = ()
    geocodes: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What a message says in one language. Times are aware UTC."""

    language: str = ""  # empty where the document does not say
    categories: tuple[str, ...]
    event: str
    urgency: str
    severity: str
    certainty: str
    response_types: tuple[str, ...] = ()
    codes: tuple[Pair, ...] = ()  # eventCode
    parameters: tuple[Pair, ...] = ()
    effective_at: datetime | None = None
    onset_at: datetime | None = None
    expires_at: datetime | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message of another service. `is_signed`: it carries a signature; whether that is good is not known here."""

    identifier: str
    sender: str
    sent_at: datetime
    status: str
    kind: str
    scope: str
    note: str = ""
    references: tuple[Reference, ...] = ()
    infos: tuple[Info, ...] = ()
    is_signed: bool = False

    @property
    def key(self) -> str:
        return Reference(self.sender, self.identifier).key


def read(document: bytes) -> Incoming:
    """Return the message of a CAP document; raises BadDocument."""
    return message(xml_in.read(document))


def is_alert(root: ET.Element) -> bool:
    """Whether an element is a CAP document's root, of whatever version."""
    namespace, name = xml_in.split(root.tag)
    return name == "alert" and namespace != ""


def message(root: ET.Element) -> Incoming:
    """Return the message of a parsed document; raises BadDocument."""
    namespace = _namespace(root)
    at = _Reader(root, namespace)
    kind = at.one_of("msgType", KINDS, _OTHER_KINDS)
    infos = tuple(_info(found) for found in at.parts("info"))
    if not infos and kind != "Cancel":
        raise BadDocument(
            Words("报文没有 info 部分，没有可发布的内容", "it has no info element and so says nothing to warn of")
        )
    return Incoming(
        identifier=_name(at, "identifier"),
        sender=_name(at, "sender"),
        sent_at=_time("sent", at.text("sent")),
        status=at.one_of("status", STATUSES, _OTHER_STATUSES),
        kind=kind,
        scope=at.one_of("scope", SCOPES),
        note=at.maybe("note"),
        references=_references(at.maybe("references")),
        infos=infos,
        is_signed=root.find(SIGNATURE) is not None,
    )


_OTHER_KINDS: Final = {
    word: Words(
        f"这是 {word} 回执，不是预警，无需导入", f"it is an {word} between systems and no warning: nothing to import"
    )
    for word in ("Ack", "Error")
}
_OTHER_STATUSES: Final = {
    "System": Words(
        "这是系统内部报文（System），不是预警，无需导入",
        "it is a message between systems (status System): nothing to import",
    ),
    "Draft": Words(
        "来源单位标明这只是草稿（Draft），请等待正式报文",
        "its sender calls it a draft itself (status Draft): wait for the real one",
    ),
}


class _Reader:
    """The children of one element, by name."""

    def __init__(self, element: ET.Element, namespace: str) -> None:
        self._element = element
        self._namespace = namespace

    def every(self, name: str) -> list[ET.Element]:
        return self._element.findall(f"{{{self._namespace}}}{name}")

    def parts(self, name: str) -> "list[_Reader]":
        return [_Reader(found, self._namespace) for found in self.every(name)]

    def texts(self, name: str) -> list[str]:
        return [said for found in self.every(name) if (said := "".join(found.itertext()).strip())]

    def maybe(self, name: str) -> str:
        return next(iter(self.texts(name)), "")

    def text(self, name: str) -> str:
        said = self.maybe(name)
        if not said:
            raise BadDocument(
                Words(
                    f"缺少必需的 {name}，请来源单位补全",
                    f"the element {name} is missing, which CAP demands: ask its sender",
                )
            )
        return said

    def one_of(self, name: str, known: Sequence[str], others: dict[str, Words] | None = None) -> str:
        said = self.text(name)
        if said in known:
            return said
        unknown = Words(
            f"{name} 的值“{said[:40]}”不在标准之内", f"its {name} is {said[:40]!r}, which CAP does not know"
        )
        raise BadDocument((others or {}).get(said, unknown))

    def time(self, name: str) -> datetime | None:
        said = self.maybe(name)
        return _time(name, said) if said else None

    def pairs(self, name: str) -> tuple[Pair, ...]:
        return tuple(Pair(one.maybe("valueName"), one.maybe("value")) for one in self.parts(name))


def _namespace(root: ET.Element) -> str:
    namespace, name = xml_in.split(root.tag)
    if namespace in NAMESPACES and name == "alert":
        return namespace
    if name == "alert" and "cap" in namespace.lower():
        zh = f"这是其他版本的 CAP（{namespace[:80]}），本系统读取 1.1 和 1.2，请来源单位改发 1.2"
        raise BadDocument(
            Words(
                zh,
                f"it is another version of CAP ({namespace[:80]}); 1.1 and 1.2 are read here: ask its sender for 1.2",
            )
        )
    said = name if not namespace else f"{name}（{namespace}）"
    zh = f"不是 CAP 报文：根元素是 {said[:120]}，应为 CAP 1.2 的 alert"
    raise BadDocument(Words(zh, f"it is no CAP document: its root is {said[:120]}, not alert of CAP 1.2"))


def _info(at: _Reader) -> Info:
    areas = tuple(_area(found) for found in at.parts("area"))
    cap_shapes.union([shape for area in areas for shape in area.shapes])  # refused now rather than when it is looked at
    return Info(
        language=at.maybe("language"),
        categories=tuple(at.texts("category")) or (at.text("category"),),
        event=at.text("event"),
        urgency=at.one_of("urgency", URGENCIES),
        severity=at.one_of("severity", SEVERITIES),
        certainty=at.one_of("certainty", CERTAINTIES),
        response_types=tuple(at.texts("responseType")),
        codes=at.pairs("eventCode"),
        parameters=at.pairs("parameter"),
        effective_at=at.time("effective"),
        onset_at=at.time("onset"),
        expires_at=at.time("expires"),
        sender_name=at.maybe("senderName"),
        headline=at.maybe("headline"),
        description=at.maybe("description"),
        instruction=at.maybe("instruction"),
        web=at.maybe("web"),
        areas=areas,
    )


def _area(at: _Reader) -> Area:
    shapes = [cap_shapes.polygon(text) for text in at.texts("polygon")]
    shapes += [cap_shapes.circle(text) for text in at.texts("circle")]
    return Area(description=at.text("areaDesc"), shapes=tuple(shapes), geocodes=at.pairs("geocode"))


def _name(at: _Reader, name: str) -> str:
    said = at.text(name)
    if len(said) > LONGEST_NAME or _NO_NAME.search(said):
        raise BadDocument(
            Words(
                f"{name} 过长或含有空格、逗号等字符，请来源单位更正",
                f"its {name} is too long, or holds blanks or commas: ask its sender",
            )
        )
    return said


def _time(name: str, said: str) -> datetime:
    try:
        at = datetime.fromisoformat(said) if _DATE.fullmatch(said) else None
        if at is not None and at.year in YEARS:
            return at.astimezone(UTC)
    except ValueError:
        pass
    raise BadDocument(
        Words(
            f"{name} 的时间“{said[:40]}”无法识别，应形如 2026-07-20T12:00:00+08:00",
            f"its {name} is {said[:40]!r}, not a time like 2026-07-20T12:00:00+08:00",
        )
    )


def _references(said: str) -> tuple[Reference, ...]:
    """Return what `sender,identifier,sent` triples with blanks between them name, the order kept."""
    found: list[Reference] = []
    for triple in said.split():
        parts = triple.split(",")
        if len(parts) != 3 or not all(parts):  # noqa: PLR2004 - section 3.2.1
            raise BadDocument(
                Words(
                    f"references 中的“{triple[:60]}”不是“发送者,编号,时间”，请来源单位更正",
                    f"its references hold {triple[:60]!r}, which is not sender,identifier,sent: ask its sender",
                )
            )
        found.append(Reference(parts[0], parts[1]))
    return tuple(dict.fromkeys(found))
