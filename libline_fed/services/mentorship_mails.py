"""Mails about mentorships: who, what kind, one link. Nothing that either of the two wrote is in them.

The link opens a page that shows how things stand, after a login; nothing changes before a button there is
pressed. `mentorship_steps.tell_people` calls this for every notice that is news.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from libline_fed.domain.actors import Actor
from libline_fed.sanitize import clean_line
from libline_fed.services import mails
from libline_fed.services.mail_texts import Text, compose
from libline_fed.services.site import Site
from libline_fed.services.translations import N_, Translate, translator
from libline_fed.storage import accounts, rate_windows
from libline_fed.storage.store import Tx

MAX_NAME_CHARACTERS = 60
DAY_S = 86_400
_LOOKS_LIKE_A_LINK = re.compile(r"[/:@]|\w\.\w{2}")  # mail programs make links of such words
MAX_PER_DAY = 10  # of one mentorship: what another server does over and over stays a notice


@dataclass(frozen=True, slots=True)
class _Kind:
    subject: str
    says: str
    leads: str = N_("To read it and decide, open this page:")
    page: str = ""  # below the mentorship's page


_LOOK = N_("How it stands and what you can do now is on this page:")

# A question has none: it comes with a message, which has its own.
_KINDS: dict[str, _Kind] = {
    "requested": _Kind(
        N_("Somebody asks you for mentoring"),
        N_("%(name)s would like to be mentored by you and waits for your answer."),
    ),
    "offered": _Kind(
        N_("Somebody offers to mentor you"),
        N_("%(name)s has read what you look for and would like to mentor you."),
    ),
    "reminder-3": _Kind(
        N_("A request waits for your answer"), N_("%(name)s has been waiting for your answer for three days.")
    ),
    "reminder-7": _Kind(
        N_("A request will expire soon"),
        N_("%(name)s has been waiting for a week. Without an answer the request expires. A no is fine too."),
    ),
    "accepted": _Kind(
        N_("Your request was accepted"),
        N_("%(name)s said yes. Now you have three weeks to get to know each other and to agree."),
        _LOOK,
    ),
    "crossed": _Kind(
        N_("Accepted as it was taken back"),
        N_("The yes and the taking back passed each other on the way. Between you and %(name)s it is open."),
        _LOOK,
    ),
    "declined": _Kind(N_("Your request was declined"), N_("%(name)s cannot say yes this time."), _LOOK),
    "countered": _Kind(
        N_("Another proposal for you"), N_("%(name)s would like it a little differently and asks you.")
    ),
    "withdrawn": _Kind(
        N_("A request was taken back"), N_("%(name)s has taken it back. Nothing is left to do."), _LOOK
    ),
    "expired": _Kind(
        N_("A request has expired"),
        N_("There was no answer in time, so the request between you and %(name)s has ended."),
        _LOOK,
    ),
    "superseded": _Kind(
        N_("A request has ended"),
        N_("The last place is taken, so the request between you and %(name)s has ended."),
        _LOOK,
    ),
    "place-free": _Kind(
        N_("There is a place again"),
        N_("You wanted to know: %(name)s has a free place again."),
        N_("To ask again, open this page. Your words are still there:"),
    ),
    "late": _Kind(
        N_("A yes came too late"),
        N_("%(name)s said yes after the request had expired. You can ask again."),
        _LOOK,
    ),
    "terms": _Kind(
        N_("An agreement to confirm"),
        N_("%(name)s has written down how you will work together, and asks for your yes."),
        N_("To read and confirm it, open this page:"),
        "/agreement",
    ),
    "confirmed": _Kind(
        N_("Your yes is missing"),
        N_("%(name)s has confirmed your agreement. With your yes the mentorship begins."),
        N_("To read and confirm it, open this page:"),
        "/agreement",
    ),
    "started": _Kind(
        N_("Your mentorship has begun"), N_("You and %(name)s have both confirmed the agreement."), _LOOK
    ),
    "left": _Kind(
        N_("It will not become a mentorship"),
        N_("%(name)s does not go on. That is nobody’s fault."),
        _LOOK,
    ),
    "intro-over": _Kind(
        N_("The time to agree is over"),
        N_("You and %(name)s have not agreed within three weeks, so it has ended. That is nobody’s fault."),
        _LOOK,
    ),
    "paused": _Kind(N_("Your mentorship is paused"), N_("%(name)s needs a pause. The place is kept."), _LOOK),
    "resumed": _Kind(N_("Your mentorship goes on"), N_("%(name)s is back from the pause."), _LOOK),
    "extended": _Kind(N_("A later last day"), N_("%(name)s has set a later last day."), _LOOK),
    "pause-over": _Kind(
        N_("The pause is over"),
        N_("Today you and %(name)s wanted to go on. Without a word it ends by itself in two weeks."),
        N_("To go on, or to end it, open this page:"),
    ),
    "nudge-60": _Kind(
        N_("It has become quiet"),
        N_("You and %(name)s have not written or met for two months. A short word is enough to go on."),
        _LOOK,
    ),
    "nudge-75": _Kind(
        N_("It is still quiet"),
        N_("You and %(name)s have not written or met for long. In two weeks the mentorship ends by itself."),
        _LOOK,
    ),
    "last-day": _Kind(
        N_("The last day is here"),
        N_("Your mentorship with %(name)s ends today as agreed. Is the goal reached? Do you need more time?"),
        N_("To complete or extend it, open this page:"),
    ),
    "completed": _Kind(
        N_("Your mentorship is completed"),
        N_("%(name)s has marked it as completed. If you see it differently, say so within seven days."),
        _LOOK,
    ),
    "objected": _Kind(
        N_("Your mentorship goes on"), N_("%(name)s does not see it as completed yet, so it goes on."), _LOOK
    ),
    "ended": _Kind(N_("Your mentorship has ended"), N_("Your mentorship with %(name)s has ended."), _LOOK),
    "lapsed": _Kind(
        N_("Your mentorship has ended"),
        N_("Nobody wrote for a long time, so the mentorship with %(name)s has ended. It can be revived."),
        _LOOK,
    ),
    "revived": _Kind(N_("Your mentorship goes on"), N_("%(name)s would like to go on."), _LOOK),
    "full": _Kind(
        N_("It cannot go on"),
        N_("The place was given to somebody else, so it has ended with %(name)s."),
        _LOOK,
    ),
    "partner-gone": _Kind(
        N_("Your partner is gone"), N_("%(name)s does not take part any more, so this has ended."), _LOOK
    ),
    "orphaned": _Kind(
        N_("The other server does not answer"),
        N_("The server of %(name)s has not answered for a month. What you two have is kept here."),
        _LOOK,
    ),
    "unreachable": _Kind(
        N_("The other server does not answer"),
        N_("The server of %(name)s has not answered for three days. We keep trying."),
        _LOOK,
    ),
    "back": _Kind(
        N_("The other server is back"), N_("The server of %(name)s answers again. You two can go on."), _LOOK
    ),
    "moved": _Kind(
        N_("Your partner has moved"),
        N_("%(name)s is on another server now. You decide whether your mentorship goes on there."),
        N_("To decide, open this page:"),
        "/move",
    ),
    "rehomed": _Kind(
        N_("Your mentorship has moved along"),
        N_("%(name)s said yes: your mentorship goes on with your new account."),
        _LOOK,
    ),
    "unlisted": _Kind(
        N_("Your offer is paused"),
        N_("Two requests expired, the last one of %(name)s. So that nobody waits in vain, it is paused."),
        _LOOK,
    ),
}
EVENTS = frozenset(_KINDS)

_MESSAGE = _Kind(
    N_("A message waits for you"),
    N_("%(name)s has written to you. To read it, log in. More of today’s messages bring no further mail."),
    N_("To read and answer it, open this page:"),
)


def name_in_mail(partner: Actor) -> str:
    """Return what a mail calls somebody: the name, but the address for one that reads like a link."""
    name = clean_line(partner.display_name, MAX_NAME_CHARACTERS)
    return f"@{partner.acct}" if not name or _LOOKS_LIKE_A_LINK.search(name) else name


def text(site: Site, *, event: str, mentorship_id: str, name: str, translate: Translate) -> Text | None:
    """Return the mail of an event; None if there is none for it."""
    kind = _KINDS.get(event)
    return _text(site, kind, mentorship_id, name, translate) if kind is not None else None


async def mails_for(
    tx: Tx, site: Site, *, actor: Actor, event: str, mentorship_id: str, partner_name: str, now: datetime
) -> bool:
    """Queue the mail by which a member here hears of an event, in their language; tells whether there is one.

    At most ten a day of one mentorship: what comes after is a notice only.
    """
    kind = _KINDS.get(event)
    return kind is not None and await _send(
        tx, site, kind, actor, mentorship_id, partner_name, window=("mentorship", MAX_PER_DAY), now=now
    )


async def message_waiting(
    tx: Tx, site: Site, *, actor: Actor, mentorship_id: str, partner_name: str, now: datetime
) -> bool:
    """Queue the mail that a message is there, at most one a day of one mentorship; tells whether it did."""
    return await _send(tx, site, _MESSAGE, actor, mentorship_id, partner_name, window=("message", 1), now=now)


async def _send(
    tx: Tx,
    site: Site,
    kind: _Kind,
    actor: Actor,
    mentorship_id: str,
    partner_name: str,
    *,
    window: tuple[str, int],
    now: datetime,
) -> bool:
    account = await accounts.by_actor(tx, actor.id)
    if account is None or not account.is_active:
        return False
    name, max_count = window
    key = f"mail:{name}:{account.id}:{mentorship_id}"
    count, _ = await rate_windows.hit(tx, key, window_s=DAY_S, amount=1, now=now)
    if count > max_count:
        return False
    translate = translator(account.language, site.default_language)
    written = _text(site, kind, mentorship_id, partner_name, translate)
    await mails.send(tx, account.email, written, now=now)
    return True


def _text(site: Site, kind: _Kind, mentorship_id: str, name: str, translate: Translate) -> Text:
    return compose(
        site,
        translate,
        translate(kind.subject),
        translate(kind.says),
        translate(kind.leads),
        f"{site.uris.mentorship(mentorship_id)}{kind.page}",
        name=clean_line(name, MAX_NAME_CHARACTERS),
    )
