"""The other door: people who have no LibLine and decide by private messages, polls and favourites.

Reading what they answer is here, in the four languages of the interface. Asking them is in `services/doors`.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from libline_fed.sanitize import fold

LANGUAGES = ("en", "es", "fr", "ar")
REMINDER_AFTER = timedelta(days=3)
QUESTION_LIFE = timedelta(days=14)
LIKE_GRACE = timedelta(minutes=10)  # as long as a favourite can be taken back
MAX_READ_CHARACTERS = 500  # what decides stands at the beginning


class Answer(StrEnum):
    """What somebody decided."""

    YES = "yes"
    NO = "no"
    STOP = "stop"


class How(StrEnum):
    """By what means somebody answered; one further up goes before one further down."""

    VOTE = "vote"
    WORD = "word"
    LIKE = "like"




class QuestionKind(StrEnum):
    """What is asked."""

    REGISTER = "register"  # shall a public reply become a request?
    COUNTER = "counter"  # other terms instead of a yes
    AGREE = "agree"  # the terms, once the member has said yes


class QuestionState(StrEnum):
    """Where a question stands."""

    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class DoorQuestion:
    """One row of `door_questions`, field by field as the columns are named."""

    id: str
    question_uri: str
    mentorship_id: str | None
    proposal_id: str | None
    actor_id: str
    member_id: str
    thread_uri: str
    kind: str
    language: str | None
    state: str
    answer: str | None
    answered_how: str | None
    asked_at: datetime
    reminded_at: datetime | None
    expires_at: datetime
    answered_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether an answer still counts. One that was favourited is open until that can stand."""
        return self.state == QuestionState.OPEN


# Words that mean the same wherever they stand first.
_FIRST_WORDS = {
    Answer.YES: (
        *("yes", "yep", "yeah", "yup", "sure", "accept", "i accept", "agree", "i agree", "agreed"),
        *("acepto", "aceptar", "de acuerdo", "por supuesto", "confirmo", "claro que sí", "sí acepto"),
        *("sí quiero", "sí claro", "sí confirmo", "sí me interesa"),
        *("oui", "ouais", "j'accepte", "accepte", "d'accord", "bien sûr", "volontiers", "je confirme"),
        *("نعم", "أوافق", "موافق", "موافقة", "أقبل", "قبول", "أجل", "طبعا", "أكيد", "حسنا", "تمام"),
        *("👍", "✅", "✔", "👌", "❤"),
    ),
    Answer.NO: (
        *("nope", "decline", "i decline", "reject", "i can't", "i cannot", "not interested"),
        *("rechazo", "rechazar", "no acepto", "no quiero", "no puedo", "no me interesa", "claro que no"),
        *("non", "refuse", "je refuse", "pas intéressé", "pas intéressée", "je ne peux pas"),
        *("كلا", "أرفض", "رفض", "لا أوافق", "لا أقبل", "لا أريد", "لا أستطيع"),
        *("👎", "❌", "🚫"),
    ),
}
# These begin other sentences too ("si puedes…", "no problem", "fin novembre"): they count when nothing but a
# mark or a polite word follows.
_SINGLE_WORDS = {
    Answer.YES: ("sí", "claro", "vale", "ok", "okay", "oki"),
    Answer.NO: ("no", "لا"),
    Answer.STOP: (
        *("stop", "end", "quit", "cancel", "unsubscribe"),
        *("fin", "baja", "parar", "terminar", "alto", "cancelar"),
        *("arrêt", "arrêter", "terminer", "annuler", "fini"),
        *("توقف", "إيقاف", "أوقف", "إنهاء", "إلغاء", "ستوب"),
        "🛑",
    ),
}
_POLITE_WORDS = (
    *("please", "thanks", "thank you", "por favor", "gracias", "muchas gracias", "merci", "merci beaucoup"),
    *("svp", "stp", "s'il vous plaît", "s'il te plaît", "شكرا", "شكرا لك", "من فضلك", "رجاء"),
)
_CLEAR = {"sí"}  # only the accent tells this yes from an if

_MENTIONS = re.compile(r"\A(?:\s*@[\w.-]+(?:@[\w.-]+(?::[0-9]+)?)?(?=[\s,:;.!]|\Z)[,:;]?)+")
_LEADING = re.compile(r"\A[\s¡¿«»\"“”„'‘’*_>()\[\].,!?…-]+")
_MARK = re.compile(r"(?:[.,;:!?…)\]»\"”’*_،؛؟\n-]|\Z)")
_STOP = re.compile(r"stop\b(?! (?:by|in|at|over|off|for|worrying)\b)")  # the word that we name, in a sentence
_VARIATION = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")


def _folded(text: str) -> str:
    return fold(text.replace("’", "'").replace("‘", "'"))


def _table(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return words as they are compared, the longest first."""
    return tuple(sorted({_folded(word) for word in words}, key=len, reverse=True))


_FIRST = {answer: _table(words) for answer, words in _FIRST_WORDS.items()}
_SINGLE = {answer: _table(words) for answer, words in _SINGLE_WORDS.items()}
_POLITE = _table(_POLITE_WORDS)


def read_reply(text: str) -> Answer | None:
    """Return what the first word of a reply says, or None when it says neither yes, no nor stop.

    Mentions before it, accents, capitals, opening marks and Arabic spelling variants do not matter.
    """
    typed = _VARIATION.sub("", without_mentions(text[:MAX_READ_CHARACTERS]))
    typed = _LEADING.sub("", typed)
    folded = _folded(typed)
    for answer, words in _FIRST.items():
        if any(_begins(folded, word) for word in words):
            return answer
    for answer, words in _SINGLE.items():
        for word in words:
            if _begins(folded, word) and _is_alone(folded[len(word) :]):
                return answer
    first = re.match(r"\w+", typed.casefold())
    if first is not None and first[0] in _CLEAR:
        return Answer.YES
    return Answer.STOP if _STOP.match(folded) else None


def read_vote(option: str) -> Answer | None:
    """Return what the option of a poll says: every option of ours begins with yes or no."""
    answer = read_reply(option)
    return Answer.NO if answer is Answer.STOP else answer


def without_mentions(text: str) -> str:
    """Return a reply without the names it begins with."""
    return _MENTIONS.sub("", text, count=1).lstrip()


def language_of(*tags: str | None) -> str:
    """Return the first language of the interface among some tags, else English."""
    for tag in tags:
        primary = (tag or "").partition("-")[0].lower()
        if primary in LANGUAGES:
            return primary
    return LANGUAGES[0]


def _begins(text: str, word: str) -> bool:
    """Tell whether a text begins with a whole word; emoji need no end."""
    if not text.startswith(word):
        return False
    rest = text[len(word) :]
    return not word[-1].isalnum() or not rest or not (rest[0].isalnum() or rest[0] == "'")


def _is_alone(rest: str) -> bool:
    """Tell whether nothing but a mark or polite words follows."""
    rest = rest.lstrip(" \t\u00a0\u202f")  # French writes a space before its marks
    if _MARK.match(rest):
        return True
    for polite in _POLITE:
        if _begins(rest, polite):
            return _is_alone(rest[len(polite) :])
    return False
