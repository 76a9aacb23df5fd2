"""What a run says at its end: a table of faults, a table of figures, and the line that scripts read."""

from collections.abc import Iterator

from tests.chaos.run import Told, Wish
from tests.chaos.schedule import Door, Kind

NOTES = {
    Door.LISTEN: "lost: acknowledged or receipted, and in none of stored, duplicate, refused",
    Door.BROKER: "lost: receipted, and in none of stored, duplicate, refused; a PUBACK is the broker's own word here",
}


def lines(wish: Wish, told: Told) -> Iterator[str]:
    """Give the report line by line; the last is for scripts."""
    yield from _faults(told)
    yield ""
    yield from _figures(told)
    yield NOTES[wish.door]
    yield from (f"wrong: {line}" for line in told.audit.wrong[:10])
    if told.unsettled:
        yield f"{told.unsettled} messages were never settled"
    yield told.audit.last_line


def _faults(told: Told) -> Iterator[str]:
    yield "times  fault"
    yield from (f"{told.hits[kind.words]:5}  {kind.words}" for kind in Kind if told.hits[kind.words])


def _figures(told: Told) -> Iterator[str]:
    found, counts = told.audit, told.book.counts
    rows = {
        "fixes published": f"{found.published}",
        "acknowledged": f"{found.acknowledged}",
        "receipted": f"{found.receipted} of {found.asked} asked for",
        "stored": f"{found.stored}",
        "duplicated": f"{found.duplicated}",
        "lost": f"{found.lost}",
        "stored, published by nobody": f"{found.unpublished}",
        "bad reports published": f"{found.spoilt}",
        "refused by a receipt": f"{found.spoilt_receipted} of {found.spoilt_asked} asked for",
        "refused, as the database counts": f"{found.spoilt_counted} (repeats are counted again)",
        "messages": f"{counts['messages']}, {counts['repeated on purpose']} of them repeated on purpose",
        "said again": f"{counts['messages said again']}",
        "log-ins": f"{counts['log-ins']}",
        "connections given up": f"{counts['connections given up']}",
        "ended by itself, started again": ", ".join(f"{name} {times}" for name, times in told.ended.items()),
        "PostgreSQL found no space": f"{told.no_space} times, PANIC {told.panics} times",
        "settled after": f"{told.settled_s:.1f} s",
    }
    rows |= {name: str(times) for name, times in counts.items() if name.startswith(("sent away", "log-ins refused"))}
    yield from (f"{name:34}{value}" for name, value in rows.items())
