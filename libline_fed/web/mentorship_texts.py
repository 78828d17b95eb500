"""What mentorships are called in sentences: states, what happened, reasons, and notices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from libline_fed.domain.mentorships import CLOCK, Mentorship, MentorshipEvent, Side, State
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.web.filters import person_name
from libline_fed.web.languages import N_, Language

REASON_NAMES = {
    "not-now": N_("Not now: no time at the moment"),
    "not-my-area": N_("Not my area: I would not be of much help"),
    "try-somebody": N_("Try somebody else: I may know who fits better"),
    "other": N_("Another reason"),
}
# The same reasons as they are told to the one who asked.
REASONS_TOLD = {
    "not-now": N_("There is no time for it at the moment."),
    "not-my-area": N_("It is not an area in which this person can help well."),
    "try-somebody": N_("Somebody else may fit better."),
    "closed": N_("It is not open any more."),
    "unavailable": N_("This person is not available."),
    "full": N_("All places are taken."),
    "expired": N_("There was no answer in time."),
}

# What happened, as said to the one who did it, to the other, and when time did it. `name` is the partner.
_LINES: dict[str, tuple[str, str, str]] = {
    "write": (N_("You began to write."), N_("%(name)s began to write."), ""),
    "ask-question": (N_("You asked a question."), N_("%(name)s asked a question."), ""),
    "send": (N_("You sent the request."), N_("%(name)s sent the request."), ""),
    "accept": (N_("You said yes."), N_("%(name)s said yes."), ""),
    "decline": (N_("You said no."), N_("%(name)s said no."), N_("The answer was no.")),
    "counter": (N_("You proposed something else."), N_("%(name)s proposed something else."), ""),
    "withdraw": (N_("You took the request back."), N_("%(name)s took the request back."), ""),
    "expire": ("", "", N_("The time for an answer was over.")),
    "supersede": ("", "", N_("There was no place left, or somebody else was found.")),
    "crossed": (
        N_("You took the request back while the yes was on its way."),
        N_("%(name)s took the request back while your yes was on its way."),
        "",
    ),
    "late-accept": (
        N_("You said yes when the time was over."),
        N_("%(name)s said yes when the time was over."),
        "",
    ),
    "keep": (N_("You decided to keep it."), N_("%(name)s decided to keep it."), ""),
    "change-terms": (N_("You wrote down the agreement."), N_("%(name)s wrote down the agreement."), ""),
    "confirm": (N_("You confirmed the agreement."), N_("%(name)s confirmed the agreement."), ""),
    "started": (N_("You confirmed. It begins."), N_("%(name)s confirmed. It begins."), N_("It begins.")),
    "leave": (N_("You left before it began."), N_("%(name)s left before it began."), ""),
    "end-intro": ("", "", N_("The time to agree was over.")),
    "pause": (N_("You paused it."), N_("%(name)s paused it."), ""),
    "resume": (N_("You went on after the pause."), N_("%(name)s went on after the pause."), ""),
    "extend": (N_("You set a later last day."), N_("%(name)s set a later last day."), ""),
    "complete": (N_("You marked it as completed."), N_("%(name)s marked it as completed."), ""),
    "object": (N_("You said that it is not over."), N_("%(name)s said that it is not over."), ""),
    "end-early": (N_("You ended it."), N_("%(name)s ended it."), ""),
    "lapse": ("", "", N_("It ended by itself, because nobody wrote for a long time.")),
    "revive": (N_("You wanted to go on."), N_("%(name)s wanted to go on."), ""),
    "end-for-safety": (N_("You ended it for your safety."), "", ""),
    "full": ("", "", N_("It could not go on: the place was given to somebody else.")),
    "orphan": ("", "", N_("The other server had not answered for a month.")),
    "back": ("", "", N_("The other server answers again.")),
    "archive": ("", "", N_("It was put away.")),
    "place-free": ("", "", N_("There was a place again.")),
    "rehome": (
        N_("You went on with the new account."),
        N_("%(name)s went on with the new account."),
        "",
    ),
}
# Steps of the other side come with the name of their notice.
_SAME = {
    "terms": "change-terms",
    "confirmed": "confirm",
    "left": "leave",
    "intro-over": "end-intro",
    "paused": "pause",
    "resumed": "resume",
    "extended": "extend",
    "completed": "complete",
    "objected": "object",
    "ended": "end-early",
    "lapsed": "lapse",
    "revived": "revive",
    "expired": "expire",
    "accepted": "accept",
}
_HIDDEN_EVENTS = frozenset({"write"})  # what a person does alone and has not shown

# Notices in the list: after the partner's name, or about what is between the two.
NOTICES_OF_PARTNER = {
    "question": N_("has a question for you before asking."),
    "requested": N_("asks you for mentoring."),
    "offered": N_("offers to mentor you."),
    "accepted": N_("said yes to you."),
    "declined": N_("cannot say yes this time."),
    "countered": N_("proposes something else."),
    "withdrawn": N_("has taken the request back."),
    "late": N_("said yes too late. You can ask again."),
    "terms": N_("has written down your agreement."),
    "confirmed": N_("has confirmed your agreement."),
    "started": N_("has confirmed: your mentorship begins."),
    "left": N_("does not go on. That is nobody’s fault."),
    "paused": N_("has paused your mentorship."),
    "resumed": N_("goes on after the pause."),
    "extended": N_("has set a later last day."),
    "completed": N_("has marked your mentorship as completed."),
    "objected": N_("says that your mentorship is not over."),
    "revived": N_("would like to go on with you."),
    "partner-gone": N_("does not take part any more, so it has ended."),
    "place-free": N_("has a free place again."),
    "moved": N_("has moved to another server. Would you like to go on there?"),
    "rehomed": N_("goes on with you: your mentorship has moved to your new account."),
    "reminder-3": N_("has been waiting for your answer for three days."),
    "reminder-7": N_("has been waiting for a week. Without an answer the request expires."),
}
NOTICES_OF_BOTH = {
    "crossed": N_("the yes and the taking back passed each other on the way."),
    "expired": N_("the request has expired without an answer."),
    "superseded": N_("the request has ended, because there is no place left."),
    "intro-over": N_("the time to agree is over, so it has ended."),
    "ended": N_("it has ended."),
    "lapsed": N_("the mentorship has ended, because nobody wrote for a long time."),
    "full": N_("it cannot go on, because the place was given to somebody else."),
    "nudge-60": N_("it has been quiet for two months."),
    "nudge-75": N_("it has been quiet for long. In two weeks it ends by itself."),
    "pause-over": N_("the pause is over. Go on, or it ends by itself in two weeks."),
    "last-day": N_("the last day is here."),
    "unreachable": N_("the other server has not answered for three days. We keep trying."),
    "orphaned": N_("the other server has not answered for a month. What you have is kept."),
    "back": N_("the other server answers again."),
    "unlisted": N_("two requests expired in a row, so your offer is paused."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the history, and when it happened."""

    text: str
    at: datetime
    event_id: str


def shown_state(mentorship: Mentorship, me: Side) -> State:
    """Return the state as a side may know it: an end for safety looks to the other like an ordinary one."""
    state = State(mentorship.state)
    if state is not State.ENDED_SAFETY or mentorship.changed_by == me:
        return state
    if mentorship.agreement_uri is None:
        return State.DECLINED if mentorship.asker == me else State.WITHDRAWN
    return State.ENDED_EARLY if mentorship.started_at is not None else State.ENDED_INTRO


def history_lines(
    view: MentorshipView, events: Iterable[MentorshipEvent], language: Language
) -> list[Line]:
    """Return what happened, oldest first, as the person who looks may know it."""
    name = isolated(person_name(view.partner))
    lines = []
    for event in events:
        sentence = _sentence(event, view)
        if sentence:
            text = language.gettext(sentence).replace("%(name)s", name)
            lines.append(Line(text, event.created_at, event.id))
    return lines


def _sentence(event: MentorshipEvent, view: MentorshipView) -> str:
    """Return the message id of what happened; "" for what is not told."""
    if event.event in _HIDDEN_EVENTS and event.by != view.me:
        return ""
    name = _SAME.get(event.event, event.event)
    if name == "end-for-safety" and event.by != view.me:
        name = _ordinary_end(event.state_before, view)
    mine, theirs, times = _LINES.get(name, ("", "", ""))
    if event.by == CLOCK:
        return times or theirs
    return (mine if event.by == view.me else theirs) or times


def _ordinary_end(state_before: str, view: MentorshipView) -> str:
    """Return the event that an end for safety looks like to the other."""
    if state_before in {State.QUESTION, State.PROPOSED}:
        return "decline" if view.mentorship.asker == view.me else "withdraw"
    return "leave" if state_before == State.INTRO else "end-early"


def isolated(text: str) -> str:
    """Return text that keeps its own direction inside a sentence (Unicode's first strong isolate)."""
    return f"\u2068{text}\u2069"


def notice_sentence(event: str) -> tuple[bool, str]:
    """Return the sentence of a notice, and whether it goes on after the partner's name."""
    if event in NOTICES_OF_PARTNER:
        return True, NOTICES_OF_PARTNER[event]
    return False, NOTICES_OF_BOTH.get(event, N_("something has changed."))


def names(texts: Mapping[str, str], language: Language) -> list[tuple[str, str]]:
    """Return texts as (key, sentence) in a language."""
    return [(key, language.gettext(text)) for key, text in texts.items()]
