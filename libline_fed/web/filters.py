"""What templates can do with values.

One filter per question, and the one way in which stored HTML becomes markup.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

import idna
from babel.units import format_unit
from markupsafe import Markup

from libline_fed import vocabulary
from libline_fed.activitypub.urls import is_link
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Proposal
from libline_fed.sanitize import clean_line, linkify_text, plain_text, sanitize_html
from libline_fed.services.profiles import country_name
from libline_fed.web.forms import first_sentence
from libline_fed.web.languages import N_, Language, direction_of

HUES_COUNT = 6
EXCERPT_CHARACTERS = 220
QUOTE_CHARACTERS = 100
MAX_NAME_CHARACTERS = 60
STATUS_NAMES = {"open": N_("open"), "full": N_("full"), "paused": N_("paused"), "closed": N_("closed")}
PURPOSE_NAMES = {"offer": N_("offer"), "request": N_("request")}
MENTORSHIP_STATES = {
    "draft": N_("not sent"),
    "question": N_("question asked"),
    "proposed": N_("waits for an answer"),
    "declined": N_("declined"),
    "withdrawn": N_("taken back"),
    "expired": N_("expired"),
    "superseded": N_("no place left"),
    "intro": N_("getting to know each other"),
    "active": N_("running"),
    "paused": N_("paused"),
    "completed": N_("completed"),
    "ended-early": N_("ended early"),
    "ended-intro": N_("ended before it began"),
    "ended-safety": N_("ended for safety"),
    "lapsed": N_("ended by itself"),
}
ACCOUNT_STATES = {
    "unconfirmed": N_("address not confirmed"),
    "unapproved": N_("waits for approval"),
    "active": N_("active"),
    "disabled": N_("disabled"),
}
ROLE_NAMES = {
    "member": N_("member"),
    "coordinator": N_("coordinator"),
    "moderator": N_("moderator"),
    "admin": N_("admin"),
}
ACTION_NAMES = {
    "approve": N_("Approve"),
    "reject": N_("Reject"),
    "disable": N_("Disable"),
    "enable": N_("Enable again"),
    "make-admin": N_("Make admin"),
    "make-coordinator": N_("Make coordinator"),
    "make-member": N_("Make ordinary member"),
}
POLICY_NAMES = {
    "default": N_("no special rule"),
    "allowed": N_("allowed"),
    "silenced": N_("silenced"),
    "blocked": N_("blocked"),
}


AREA_LEVEL_NAMES = {1: N_("some"), 2: N_("solid"), 3: N_("deep")}
LANGUAGE_LEVEL_NAMES = {"basic": N_("basic"), "working": N_("good enough to work in"), "fluent": N_("fluent")}
WISH_NAMES = {
    "peer": N_("at the same stage"),
    "+1": N_("one stage ahead"),
    "+2": N_("two stages ahead"),
    "same": N_("the same kind of library"),
    "different": N_("another kind of library"),
}


def filters(language: Language) -> Mapping[str, Callable[..., Any]]:
    """Return all filters for pages in one language."""

    def named(names: Mapping[Any, str]) -> Callable[[Any], str]:
        return lambda key: language.gettext(names.get(key, str(key)))

    return {
        "stored_html": stored_html,
        "linked": lambda text: stored_html(linkify_text(text).removeprefix("<p>").removesuffix("</p>")),
        "excerpt_of": lambda html: shortened(" ".join(plain_text(html).split()), QUOTE_CHARACTERS),
        "duration": lambda minutes: duration(language, minutes),
        "translated": language.gettext,
        "problem": lambda errors: language.gettext(first_sentence(errors)),
        "value": field_value,
        "number": language.number,
        "day": lambda value: _time(value, language.day(value)),
        "moment": lambda value: _time(value, language.moment(value)),
        "ago": lambda value, now: _time(value, language.ago(value, now), language.moment(value)),
        "fact": lambda term_id, facts, scheme: facts.label(scheme, term_id, language.tag),
        "area_level": named(AREA_LEVEL_NAMES),
        "language_level": named(LANGUAGE_LEVEL_NAMES),
        "wish": named(WISH_NAMES),
        "country": lambda code: country_name(code, language.tag),
        "area": lambda area: vocabulary.area_label(area, language.tag),
        "map_broader": lambda areas, facts: [facts.broader(area) for area in areas],
        "source_name": source_name,
        "mode": lambda mode: vocabulary.mode_label(mode, language.tag),
        "term": lambda term_id, scheme: vocabulary.label(scheme, term_id, language.tag),
        "length_name": lambda months: length_name(language, months),
        "mentorship_state": named(MENTORSHIP_STATES),
        "language_name": language.language_name,
        "named_languages": lambda tags, extra="": named_languages(language, tags, extra),
        "joined": language.joined,
        "direction": direction_of,
        "address": address,
        "person": person_name,
        "line": clean_line,
        "host": shown_host,
        "initial": initial,
        "hue": hue,
        "short": shortened,
        "excerpt": excerpt,
        "is_link": is_link,
        "profile_path": profile_path,
        "subject_path": lambda found: (
            profile_path(found) if isinstance(found, Actor) else f"/proposals/{found.proposal.id}"
        ),
        "in_language": lambda path, tag: f"{path}?lang={tag}",
        "status_name": named(STATUS_NAMES),
        "purpose_name": named(PURPOSE_NAMES),
        "account_state": named(ACCOUNT_STATES),
        "role_name": named(ROLE_NAMES),
        "action_name": named(ACTION_NAMES),
        "policy_name": named(POLICY_NAMES),
        "account_actions": account_actions,
    }


def length_name(language: Language, months: int) -> str:
    """Name a length; one that is not in the list is counted in months."""
    term_id = vocabulary.length_of_months(months)
    if term_id is not None:
        return vocabulary.label("length", term_id, language.tag)
    return language.ngettext("%(num)s month", "%(num)s months", months) % {"num": language.number(months)}


def stored_html(html: str) -> Markup:
    """Show HTML from the database.

    The one place that turns text into markup: it is sanitised once more on the way.
    """
    return Markup(sanitize_html(html))  # noqa: S704  the audited filter


def field_value(field: Any) -> str:
    """Return what an input shows: what was typed, however wrong, else what is stored."""
    if field.raw_data:
        return str(field.raw_data[0])
    if isinstance(field.data, date):
        return field.data.isoformat()
    return "" if field.data is None else str(field.data)


def named_languages(language: Language, tags: Iterable[str], extra: str | None = "") -> list[tuple[str, str]]:
    """Return (tag, name in this language), in the order of the names.

    `extra` is one more that must be among them.
    """
    listed = {*tags, *([extra] if extra and vocabulary.is_language(extra) else [])}
    return sorted(((tag, language.language_name(tag)) for tag in listed), key=lambda pair: pair[1].casefold())


def person_name(actor: Actor, max_characters: int = MAX_NAME_CHARACTERS) -> str:
    """Name a person on one line: no direction marks, no towers of accents, no wall of letters."""
    return shortened(clean_line(actor.display_name, 4 * max_characters), max_characters) or actor.handle


def address(actor: Actor) -> str:
    """Write a person's address: short for members here, with its server otherwise."""
    if actor.is_local:
        return f"@{actor.handle}"
    return f"@{actor.handle}@{shown_host(actor.acct_host or actor.host)}"


def shown_host(host: str) -> str:
    """Write a host for people.

    Its own script if it is only one, else its ASCII form, which cannot imitate another.
    """
    name, separator, port = host.partition(":")
    if "xn--" not in name:
        return host
    try:
        decoded = idna.decode(name)
    except (idna.IDNAError, UnicodeError, ValueError):
        return host
    scripts = {unicodedata.name(letter, "?").partition(" ")[0] for letter in decoded if letter.isalpha()}
    return (decoded if len(scripts) <= 1 else name) + separator + port


def source_name(source: Actor) -> str:
    """Name a linked server or consortium."""
    return person_name(source) if source.name else shown_host(source.host)


def initial(name: str) -> str:
    """Return the letter that stands for a person without a picture."""
    return next((letter.upper() for letter in name if letter.isalnum()), "·")


def hue(actor_id: str) -> int:
    """Return the colour number of a person: always the same for the same person."""
    return sum(actor_id.encode()) % HUES_COUNT


def shortened(text: str, max_characters: int) -> str:
    """Cut a text that would break the layout."""
    return text if len(text) <= max_characters else text[: max_characters - 1].rstrip() + "…"


def excerpt(proposal: Proposal) -> str:
    """Return the beginning of a proposal's text, plain."""
    text = proposal.body_text or plain_text(proposal.content_html)
    return shortened(" ".join(text.split()), EXCERPT_CHARACTERS)


def duration(language: Language, minutes: int) -> str:
    """Write how long something takes, such as 1 h 30 min."""
    hours, rest = divmod(minutes, 60)
    parts = [(hours, "duration-hour")] if hours else []
    parts += [(rest, "duration-minute")] if rest or not hours else []
    return " ".join(format_unit(count, unit, length="short", locale=language.locale) for count, unit in parts)


def profile_path(actor: Actor) -> str:
    """Return the path of somebody's page here."""
    if not actor.is_local:
        return f"/people/{actor.id}"
    return f"/groups/{actor.handle}" if actor.type == "Group" else f"/@{actor.handle}"


def account_actions(account: Any) -> list[str]:
    """Return what an admin can do with an account in its state."""
    match account.state:
        case "active":
            roles = {"admin": "make-admin", "coordinator": "make-coordinator", "member": "make-member"}
            return [*(make for role, make in roles.items() if role != account.role), "disable"]
        case "unapproved":
            return ["approve", "reject"]
        case "disabled":
            return ["enable"]
        case _:
            return []


def _time(value: date | datetime, text: str, title: str = "") -> Markup:
    hint = Markup(' title="{}"').format(title) if title else Markup("")
    return Markup('<time datetime="{}"{}>{}</time>').format(value.isoformat(), hint, text)
