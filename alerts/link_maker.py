"""The text of a message as it leaves: with the reader's own acknowledgement link."""

from dataclasses import dataclass, field
from datetime import datetime

from alerts.core import links, texts
from alerts.core.links import Link
from alerts.core.policy import Policy
from alerts.store.queue import Claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkMaker:
    """Signs each reader's own acknowledgement link. `public_url` is where readers reach the dashboard."""

    secret: bytes
    public_url: str
    policy: Policy = field(default_factory=Policy)

    def body(self, claimed: Claimed, now: datetime) -> str:
        """Return the text as it leaves."""
        if not claimed.wants_answer or claimed.alert is None or claimed.member is None:
            return claimed.body
        expires_at = claimed.expires_at or now + self.policy.valid_for
        token = links.sign(Link(claimed.alert, claimed.member, expires_at), secret=self.secret)
        link = f"{self.public_url.rstrip('/')}/ack/{token}"
        return texts.with_link(claimed.body, link=link, language=claimed.language)
