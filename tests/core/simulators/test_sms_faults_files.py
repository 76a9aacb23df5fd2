"""Files of faults are read, or refused with the place and what is allowed there."""

import re
from pathlib import Path

import msgspec
import pytest

from simulators.sms_centre.faults import Faults, FaultsError, parse_faults, profiles, read_faults

PAGE = (Path(__file__).parents[3] / "docs" / "sms-centre.md").read_text()


def test_every_profile_that_comes_with_it_is_read_and_says_what_it_is() -> None:
    assert profiles() == ("busy", "calm", "flaky", "hostile")
    assert all(read_faults(name).about for name in profiles())


def test_what_is_not_said_has_its_default() -> None:
    assert parse_faults("", name="empty") == Faults()
    faults = parse_faults("receipts: {lost_share: 0.5}", name="some")
    assert (faults.receipts.lost_share, faults.receipts.repeated_share) == (0.5, 0)


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("refusals:\n  unknown_prefixes: ['100']\n")
    assert read_faults(str(tmp_path / "mine.yaml")).refusals.unknown_prefixes == ("100",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("receipts: {lost_share: 2}", ["mine: ", "<= 1.0", "$.receipts.lost_share"]),
        ("receipts: {lost: 0.1}", ["unknown field `lost`", "$.receipts", "allowed: delay_s, jitter_s, lost_share"]),
        ("receipt: {}", ["unknown field `receipt`", "allowed: about, answers, refusals"]),
        ("links: {drop_after_messages: 0}", [">= 1", "$.links.drop_after_messages"]),
        ("answers: {delay_s: -1}", [">= 0", "$.answers.delay_s"]),
        ("limits: {rate_per_s: fast}", ["$.limits.rate_per_s"]),
        ("limits: {rate_per_s: .nan}", ["$.limits.rate_per_s"]),
        ("answers: {delay_s: .inf}", ["$.answers.delay_s"]),
        ("answers: [", ["mine:1: ", "not YAML"]),
        ("just words", ["mine: ", "Expected `object`"]),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, words: list[str]) -> None:
    with pytest.raises(FaultsError) as refused:
        parse_faults(text, name="mine")
    assert [word for word in words if word not in str(refused.value)] == []


def test_the_page_explains_every_fault_and_its_example_is_one() -> None:
    explained = set[str]()
    for row in re.findall(r"^\| (\w+\.[^|]+) \|", PAGE, re.MULTILINE):
        part, _, names = row.partition(".")
        explained |= {f"{part}.{name}" for name in names.split(", ")}
    parts = [field for field in msgspec.structs.fields(Faults) if field.name != "about"]
    assert explained == {f"{part.name}.{name}" for part in parts for name in part.type.__struct_fields__}
    assert parse_faults(PAGE.split("```yaml")[1].split("```")[0], name="page").limits.window == 50


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FaultsError, match="one of busy, calm, flaky, hostile"):
        read_faults("nowhere")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FaultsError, match="no text in UTF-8"):
        read_faults(str(tmp_path / "binary"))
