"""Codes, names and notes as people type them: trimmed, or refused with the field's name."""

import re
from typing import Final

from tracker.organisation.errors import Invalid

CODE: Final = re.compile(r"[^\s\x00-\x1f\x7f/\\]{1,64}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
MOST_NAME: Final = 200
MOST_NOTE: Final = 4_000


def code_of(text: str, *, field: str = "code") -> str:
    """Return a code: up to 64 characters without spaces or slashes. Raises Invalid."""
    code = text.strip()
    if CODE.fullmatch(code) is None:
        raise Invalid(
            f"{field}: a code has 1 to 64 characters without spaces or slashes",
            "编码须为1至64个字符，不含空格和斜杠",
            "bad_code",
            field=field,
        )
    return code


def name_of(text: str, *, field: str = "name") -> str:
    """Return a name on one line. Raises Invalid for an empty or longer one."""
    name = " ".join(text.split())
    if not name or len(name) > MOST_NAME or _CONTROL.search(name):
        raise Invalid(
            f"{field}: write 1 to {MOST_NAME} characters on one line",
            f"请填写1至{MOST_NAME}个字符，不换行",
            "bad_name",
            field=field,
        )
    return name


def note_of(text: str, *, field: str = "note") -> str:
    """Return free text, perhaps empty or of several lines. Raises Invalid."""
    note = text.strip()
    if len(note) > MOST_NOTE or _CONTROL.search(note):
        raise Invalid(
            f"{field}: at most {MOST_NOTE} characters of text", f"最多{MOST_NOTE}个字符", "bad_text", field=field
        )
    return note
