"""XML of strangers, read so that it can do no harm: no document type, no entities, nothing fetched, not too much.

The bytes are decoded here, and what comes before parsing is judged as text: whoever declares a document type, in
whatever encoding, is refused before a parser sees it. Without one there are no entities but XML's own five.
"""

import codecs
import re
from typing import Final
from xml.etree import ElementTree as ET

from alerts.core.errors import BadDocument
from alerts.core.words import Words

MOST_BYTES: Final = 1 << 20  # the longest of a weather service's that we met has 80 KiB
MOST_ELEMENTS: Final = 50_000
MOST_DEPTH: Final = 32  # a CAP document has 5 levels, in a feed 8
BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# By the names that documents use; GB 18030 holds GB 2312 and GBK.
ENCODINGS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "iso-8859-1": "latin-1",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
}
_DECLARED: Final = re.compile(rb"""<\?xml\b[^>]{0,200}?\bencoding\s*=\s*["']([\w.-]{1,40})["']""")
_DECLARATION: Final = re.compile(r"<!(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)\b", re.IGNORECASE)

TOO_LARGE: Final = Words(
    "文件超过 1 MiB，预警报文不会这么大，请检查文件", "it is larger than 1 MiB, which no warning is: check the file"
)
_EMPTY: Final = Words("文件是空的，请重新选择", "it is empty: choose another file")
_DOCTYPE: Final = Words(
    "文档含有 DOCTYPE 或实体声明，可能是攻击，已拒绝；请来源单位去掉后重发",
    "it declares a document type or entities, as attacks do: ask its sender for one without",
)
_TOO_MUCH: Final = Words(
    "文档层次过深或元素过多，不是预警报文", "it is nested too deep or has too many elements for a warning"
)


class _Frugal(ET.TreeBuilder):
    """Builds a tree that is neither too deep nor too large."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._count = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> ET.Element:
        self._depth += 1
        self._count += 1
        if self._depth > MOST_DEPTH or self._count > MOST_ELEMENTS:
            raise BadDocument(_TOO_MUCH)
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ET.Element:
        self._depth -= 1
        return super().end(tag)


def read(document: bytes) -> ET.Element:
    """Return the root of an XML document; raises BadDocument with words for whatever is wrong with it."""
    if not document.strip():
        raise BadDocument(_EMPTY)
    if len(document) > MOST_BYTES:
        raise BadDocument(TOO_LARGE)
    text = _decoded(document)
    if _DECLARATION.search(text):
        raise BadDocument(_DOCTYPE)
    parser = ET.XMLParser(target=_Frugal())  # noqa: S314 - what makes XML dangerous is refused above
    try:
        parser.feed(text)
        root: ET.Element = parser.close()
    except ET.ParseError as broken:
        line, column = broken.position
        zh = f"不是完整的 XML：第 {line} 行第 {column + 1} 列有误，请重新下载或联系来源单位"
        en = f"it is no well-formed XML (line {line}, column {column + 1}): download it again, or ask its sender"
        raise BadDocument(Words(zh, en)) from broken
    return root


def split(tag: str) -> tuple[str, str]:
    """Return (namespace, name) of a tag; the namespace is empty where there is none."""
    if not tag.startswith("{"):
        return "", tag
    namespace, _, name = tag[1:].partition("}")
    return namespace, name


def _decoded(document: bytes) -> str:
    encoding = next((name for mark, name in BYTE_ORDER_MARKS if document.startswith(mark)), None)
    if encoding is None:
        declared = _DECLARED.match(document)
        said = "utf-8" if declared is None else declared[1].decode("ascii").lower()
        encoding = ENCODINGS.get(said)
        if encoding is None:
            zh = f"不支持编码 {said}，请另存为 UTF-8"
            raise BadDocument(Words(zh, f"its encoding {said} is not read here: save it as UTF-8"))
    try:
        return document.decode(encoding)
    except UnicodeDecodeError as broken:
        zh = f"第 {broken.start} 字节处不是有效的 {encoding} 文本，请另存为 UTF-8"
        raise BadDocument(Words(zh, f"byte {broken.start} is no {encoding}: save it as UTF-8")) from broken
