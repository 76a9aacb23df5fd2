"""What a fleet with a journal says once more: what earlier lives left, and what asked for a receipt in vain."""

from simulators.fleet.backlog import Backlog
from simulators.fleet.post import AGAIN, Post


def take_up(post: Post) -> None:
    """Keep what earlier lives left in the journal: it leaves before anything new. Raises JournalError."""
    safety = post.safety
    if safety is None:
        return
    for who, fix, row in safety.left():
        post.counts.dropped += post.backlogs.setdefault(who, Backlog()).add(fix, row)
    if safety.strange:
        post.say_trouble(f"{safety.strange} fixes stay in the backlog: their terminals do not take part")


def say_again(post: Post, now_s: float) -> None:
    """Say again what is overdue, under the number that it was said with; to be called every second."""
    safety, counts = post.safety, post.counts
    if safety is None:
        return
    for number, asked in safety.overdue(now_s):
        session = post.sessions[asked.who]
        if not session.has_room or asked.who in post.silence.without_signal:
            safety.be_patient(number)
            continue
        counts.messages += 1
        counts.resent += 1
        session.publish(post.topics_pos[asked.who], asked.payload, number, asked.fixes, AGAIN)
