"""The values that scenario files are made of: shares, seconds, ranges, times of day."""

from typing import Annotated, Final

from msgspec import Meta

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Amount = Annotated[float, Meta(ge=0.0)]  # of the unit that the field's name ends in
Positive = Annotated[float, Meta(gt=0.0)]
Count = Annotated[int, Meta(ge=0)]
Span = tuple[Amount, Amount]  # least and most
TimeOfDay = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]

DAY_S: Final = 86_400.0


def seconds_of_day(time: TimeOfDay) -> float:
    """Return the seconds after midnight of "HH:MM"."""
    hours, minutes = time.split(":")
    return 3600.0 * int(hours) + 60.0 * int(minutes)


def require_span(name: str, span: tuple[float, float]) -> None:
    """Raise ValueError unless the first is the lesser."""
    least, most = span
    if least > most:
        raise ValueError(f"{name}: the first of [{least:g}, {most:g}] is the least, the second the most: swap them")


def require_shares(**shares: float) -> None:
    """Raise ValueError when the shares make more than 1."""
    total = sum(shares.values())
    if total > 1.0 + 1e-9:
        said = " + ".join(f"{name}_share {share:g}" for name, share in shares.items() if share)
        raise ValueError(f"{said} make {total:g}: over 1, lower one of them")
