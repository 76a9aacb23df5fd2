import pytest

from tracker.organisation.phones import phone_of

FULL_WIDTH = "".join(chr(ord(sign) + 0xFEE0) for sign in "+8613912345678")  # as a Chinese keyboard writes it


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("13912345678", "+8613912345678"),
        ("139 1234 5678", "+8613912345678"),
        ("139-1234-5678", "+8613912345678"),
        (FULL_WIDTH, "+8613912345678"),
        ("86 139 1234 5678", "+8613912345678"),
        ("0086 139 1234 5678", "+8613912345678"),
        ("+86 (139) 1234 5678", "+8613912345678"),
        ("+8610010000001", "+8610010000001"),
        ("0371-6718 0000", "+8637167180000"),
        ("010-6555-0100", "+861065550100"),
        ("+1 202-555-0143", "+12025550143"),
    ],
)
def test_a_number_is_kept_in_one_form_however_it_is_written(written: str, kept: str) -> None:
    assert phone_of(written) == kept
    assert phone_of(kept) == kept


def test_a_number_without_a_code_belongs_to_the_country_asked_for() -> None:
    assert phone_of("030 123456", country="49") == "+4930123456"


@pytest.mark.parametrize(
    "written", ["", "none", "139", "1391234567", "139123456789", "+86139", "139x12345678", "+0123456789"]
)
def test_what_cannot_be_dialled_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"number|digits"):
        phone_of(written)
