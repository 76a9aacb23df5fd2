"""What a request is refused with: a status, a word for programs, and a sentence that says what to do."""

from alerts.core.words import Words


class Problem(Exception):  # noqa: N818 - an answer, not an accident
    """`zh` is the sentence in Chinese, where somebody has written one."""

    def __init__(
        self, status: int, error: str, message: str, *, zh: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message
        self.words = Words(message if zh is None else zh, message)
        self.retry_after_s = retry_after_s


class NotFound(Problem):
    """It is not there, or lies outside the viewer's subtree: the two are not told apart."""

    def __init__(self, what: str) -> None:
        super().__init__(
            404, "not_found", f"there is no such {what} in your units", zh="它不存在，或不在您的管辖范围内"
        )
