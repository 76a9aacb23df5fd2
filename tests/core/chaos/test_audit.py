"""The count after a run: what is lost, doubled or wrongly receipted is found."""

from dataclasses import replace

from tests.chaos.audit import audit
from tests.chaos.book import Book
from tests.chaos.messages import Composer, Message, Style
from tests.chaos.schedule import Door

MESSAGE = Message(number=1, fixes=(1000, 1250), refused=((2, "future"),), payload=b"", is_repeat=False)
RECEIPT: dict[str, object] = {"id": 1, "stored": 1, "duplicate": 1, "refused": [{"index": 2, "reason": "future"}]}
ROWS = {(7, 1000): 1, (7, 1250): 1}
REFUSED = {"future": 1}


def a_book(*, receipt: dict[str, object] | None = RECEIPT) -> Book:
    book = Book()
    book.publish(7, MESSAGE, asks=True)
    book.acknowledge(7, MESSAGE)
    if receipt is not None:
        book.receipt(7, MESSAGE, receipt)
    return book


def test_what_is_all_there_is_exact() -> None:
    found = audit(a_book(), ROWS, REFUSED, door=Door.LISTEN)
    assert found.is_exact
    assert found.last_line == "published=2 acknowledged=2 receipted=2 stored=2 duplicated=0 lost=0"


def test_an_acknowledged_fix_that_is_not_stored_is_lost() -> None:
    found = audit(a_book(), {(7, 1000): 1}, REFUSED, door=Door.LISTEN)
    assert (found.lost, found.stored, found.is_exact) == (1, 1, False)


def test_behind_a_broker_only_a_receipt_makes_a_missing_fix_a_lost_one() -> None:
    assert audit(a_book(receipt=None), {}, {}, door=Door.BROKER).lost == 0
    assert audit(a_book(), {}, REFUSED, door=Door.BROKER).lost == 2


def test_a_refusal_that_the_database_did_not_count_is_lost() -> None:
    assert audit(a_book(), ROWS, {}, door=Door.LISTEN).lost == 1


def test_a_row_that_is_there_twice_is_doubled() -> None:
    found = audit(a_book(), ROWS | {(7, 1000): 2}, REFUSED, door=Door.LISTEN)
    assert (found.duplicated, found.is_exact) == (1, False)


def test_a_row_that_nobody_published_is_not_exact() -> None:
    assert not audit(a_book(), ROWS | {(8, 1000): 1}, REFUSED, door=Door.LISTEN).is_exact


def test_a_receipt_that_does_not_account_for_each_report_is_wrong() -> None:
    for wrong in (RECEIPT | {"stored": 0}, RECEIPT | {"refused": []}):
        found = audit(a_book(receipt=wrong), ROWS, REFUSED, door=Door.LISTEN)
        assert (len(found.wrong), found.receipted, found.is_exact) == (1, 0, False)


def test_what_was_never_receipted_though_it_was_asked_for_is_not_exact() -> None:
    found = audit(a_book(receipt=None), ROWS, REFUSED, door=Door.LISTEN)
    assert (found.lost, found.is_exact) == (0, False)


def test_terminals_say_the_same_for_the_same_seed_some_twice_and_some_bad() -> None:
    def said(seed: int) -> list[Message]:
        composer = Composer(seed=seed, terminal=3, begins_ms=1_000_000, style=Style.FIELD)
        return [composer.compose() for _ in range(300)]

    messages = said(1)
    assert messages == said(1) != said(2)
    assert len({reason for message in messages for _, reason in message.refused}) > 3
    fixes = [message.fixes for message in messages if not message.is_repeat]
    times = [at_ms for each in fixes for at_ms in each]
    assert times == sorted(set(times))
    assert any(message.is_repeat for message in messages)
    assert replace(messages[0], number=2) != messages[0]
