"""What a simulation came to, for people."""

from dataclasses import dataclass, field

from simulators.fleet.events import Figures


@dataclass(slots=True, kw_only=True)
class Summary:
    terminals: int
    counts: Figures = field(default_factory=Figures)

    @property
    def brief(self) -> str:
        """The figures that change, for a line of progress."""
        counts = self.counts
        return (
            f"{counts.connected} of {self.terminals} connected, {counts.published} reports published, "
            f"{counts.acknowledged} acknowledged"
        )

    def __str__(self) -> str:
        counts = self.counts
        figures = {
            "connected at most": counts.most_connected,
            "messages published": counts.messages,
            "acknowledged": counts.messages_acknowledged,
            "reports in them": counts.published,
            "batches of backlog": counts.batches,
            "SOS": counts.sos,
            "alerts heard": counts.alerts_heard,
            "alerts answered": counts.alerts_answered,
            "reconnects": counts.reconnects,
            "log-ins refused": counts.logins_refused,
            "reports dropped": counts.dropped,
        }
        said = ", ".join(f"{count} {what}" for what, count in figures.items())
        return f"{self.terminals} terminals: {said}, worst lag {counts.worst_lag_s:.2f} s"
