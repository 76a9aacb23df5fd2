"""What a run ends in: the book beside the database. Every figure is counted, none is estimated."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.chaos.book import Book, Fix
from tests.chaos.schedule import Door


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Of distinct fixes. `lost`: known as disposed of, and in the database neither stored nor counted as refused."""

    published: int
    acknowledged: int
    asked: int
    receipted: int
    stored: int
    duplicated: int
    lost: int
    unpublished: int  # rows that nobody published
    spoilt: int  # reports that had to be refused
    spoilt_receipted: int
    spoilt_asked: int
    spoilt_counted: int  # by the database; a report that is sent twice is counted twice
    wrong: tuple[str, ...]  # what a receipt, or a PUBACK, should not have said

    @property
    def is_exact(self) -> bool:
        return (
            self.lost == self.duplicated == self.unpublished == len(self.wrong) == 0
            and self.published == self.acknowledged == self.stored
            and self.receipted == self.asked
            and self.spoilt_receipted == self.spoilt_asked
        )

    @property
    def last_line(self) -> str:
        names = ("published", "acknowledged", "receipted", "stored", "duplicated", "lost")
        return " ".join(f"{name}={getattr(self, name)}" for name in names)


def audit(book: Book, rows: Mapping[Fix, int], refused: Mapping[str, int], *, door: Door) -> Audit:
    """`rows`: how often each fix is in the table. `refused`: reports by reason, as the database counted them.

    Behind a broker a PUBACK is the broker's word, so only a receipt makes a missing fix a lost one.
    """
    safe = book.receipted | (book.acknowledged if door is Door.LISTEN else set[Fix]())
    owed = Counter(book.settled_spoilt.values())
    uncounted = sum(max(0, reports - refused.get(reason, 0)) for reason, reports in owed.items())
    return Audit(
        published=len(book.published),
        acknowledged=len(book.acknowledged),
        asked=len(book.asked),
        receipted=len(book.receipted),
        stored=len(book.published & rows.keys()),
        duplicated=sum(times - 1 for times in rows.values()),
        lost=len(safe - rows.keys()) + uncounted,
        unpublished=len(rows.keys() - book.published),
        spoilt=len(book.spoilt),
        spoilt_receipted=len(book.receipted_spoilt),
        spoilt_asked=len(book.asked_spoilt),
        spoilt_counted=sum(refused.values()),
        wrong=tuple(book.wrong),
    )


def rows_in(connection: psycopg.Connection[Any]) -> Counter[Fix]:
    """Return how often each fix is in the table."""
    found = connection.execute(
        "SELECT terminal, round(extract(epoch FROM fixed_at) * 1000)::bigint, count(*) FROM position GROUP BY 1, 2"
    )
    return Counter({(terminal, at_ms): times for terminal, at_ms, times in found})


def refusals_in(connection: psycopg.Connection[Any]) -> dict[str, int]:
    found = connection.execute("SELECT reason, sum(reports)::bigint FROM refusal_count GROUP BY reason")
    return dict(found.fetchall())


def lose_one(connection: psycopg.Connection[Any]) -> None:
    """Sabotage, to show that a loss is found: take one stored fix away."""
    connection.execute(
        """
        DELETE FROM position WHERE (terminal, fixed_at) = (
            SELECT terminal, fixed_at FROM position ORDER BY terminal, fixed_at LIMIT 1
        )
        """
    )
