"""The steps before a mentorship begins: question, yes, no, another proposal, taking back."""

from datetime import datetime
from typing import Any

from libline_fed import vocabulary
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Event
from libline_fed.services import answers, questions, requests
from libline_fed.services.site import Site
from libline_fed.storage.store import Tx
from libline_fed.vocabulary import Scheme
from libline_fed.web.languages import N_, Language
from libline_fed.web.mentorship_forms import (
    AcceptForm,
    CounterForm,
    DeclineForm,
    QuestionForm,
    StepForm,
    terms_data,
)
from libline_fed.web.mentorship_steps import Action, Scene
from libline_fed.web.mentorship_texts import REASON_NAMES, names


def term_choices(language: Language, terms: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Return what can be chosen in a form of terms; a length that is not in the list stays possible."""
    tag, none = language.tag, ("", language.gettext(N_("Not decided yet")))
    lengths = [
        (str(vocabulary.months_of(term.id)), term.label) for term in vocabulary.terms(Scheme.LENGTH, tag)
    ]
    months = terms.get("months")
    if months is not None and str(months) not in dict(lengths):
        lengths.append((str(months), language.number(months)))

    def listed(scheme: Scheme) -> list[tuple[str, str]]:
        return [none, *((term.id, term.label) for term in vocabulary.terms(scheme, tag))]

    return {
        "lengths": lengths,
        "frequencies": listed(Scheme.FREQUENCY),
        "modes": listed(Scheme.MODE),
        "goal_types": listed(Scheme.GOAL),
    }


async def _accept(
    tx: Tx, site: Site, person: Actor, mentorship_id: str, form: AcceptForm, now: datetime
) -> None:
    await answers.accept(
        tx, site, person=person, mentorship_id=mentorship_id, is_last=bool(form.is_last.data), now=now
    )


async def _decline(
    tx: Tx, site: Site, person: Actor, mentorship_id: str, form: DeclineForm, now: datetime
) -> None:
    await answers.decline(
        tx,
        site,
        person=person,
        mentorship_id=mentorship_id,
        reason=form.reason.data or "",
        note=form.note.data or "",
        is_unavailable=bool(form.is_unavailable.data),
        now=now,
    )


async def _counter(
    tx: Tx, site: Site, person: Actor, mentorship_id: str, form: CounterForm, now: datetime
) -> None:
    await requests.counter(
        tx, site, person=person, mentorship_id=mentorship_id, words=form.words(), now=now
    )


async def _question(
    tx: Tx, site: Site, person: Actor, mentorship_id: str, form: QuestionForm, now: datetime
) -> None:
    await questions.ask(
        tx, site, person=person, mentorship_id=mentorship_id, text=form.text.data or "", now=now
    )


async def _withdraw(
    tx: Tx, site: Site, person: Actor, mentorship_id: str, form: StepForm, now: datetime
) -> None:
    del form
    await answers.withdraw(tx, site, person=person, mentorship_id=mentorship_id, now=now)


def _terms_of(scene: Scene, language: Language) -> dict[str, Any]:
    return term_choices(language, scene.mentorship.terms)


ACTIONS = (
    Action(
        "question", Event.ASK_QUESTION, _question, "question-sent", QuestionForm, "requests/question.html"
    ),
    Action("accept", Event.ACCEPT, _accept, "request-accepted", AcceptForm, "requests/accept.html"),
    Action(
        "decline",
        Event.DECLINE,
        _decline,
        "request-declined",
        DeclineForm,
        "requests/decline.html",
        then="/requests-received",
        choices=lambda _, language: {"reasons": names(REASON_NAMES, language)},
    ),
    Action(
        "counter",
        Event.COUNTER,
        _counter,
        "request-countered",
        CounterForm,
        "requests/counter.html",
        data=lambda scene: terms_data(scene.mentorship),
        choices=_terms_of,
    ),
    Action("withdraw", Event.WITHDRAW, _withdraw, "request-withdrawn", then="/requests-sent"),
)
