"""Telling the admins what happens with links: a notice for each, and a mail."""

from dataclasses import dataclass
from datetime import datetime

from libline_fed.domain.accounts import Role
from libline_fed.domain.actors import Actor
from libline_fed.domain.notifications import NotificationKind
from libline_fed.services import mails
from libline_fed.services.mail_texts import compose
from libline_fed.services.site import Site
from libline_fed.services.translations import N_, translator
from libline_fed.storage import accounts, notifications
from libline_fed.storage.store import Tx

LINKS_PATH = "/admin/links"
ASKED, ACCEPTED, REJECTED, ENDED = "asked", "accepted", "rejected", "ended"


@dataclass(frozen=True, slots=True)
class _News:
    subject: str
    says: str


_NEWS = {
    ASKED: _News(
        N_("Another server asks for a link"),
        N_("%(host)s asks to be linked with %(site)s. Nothing is shared before an admin says yes."),
    ),
    ACCEPTED: _News(
        N_("Another server said yes to the link"),
        N_("%(host)s said yes. Its offers and requests are being fetched and will be in your lists soon."),
    ),
    REJECTED: _News(
        N_("Another server said no to the link"),
        N_("%(host)s does not link with %(site)s, or does so no longer. What the link brought is removed."),
    ),
    ENDED: _News(
        N_("Another server has ended the link"),
        N_("%(host)s gets no offers and requests from %(site)s any more."),
    ),
}


async def tell_admins(tx: Tx, site: Site, event: str, peer: Actor, *, now: datetime) -> None:
    """Tell every admin; the same thing about the same server is not told again until a decision was made."""
    news = _NEWS[event]
    for admin in await accounts.staff(tx, roles=(Role.ADMIN,)):
        is_news = await notifications.add(
            tx,
            account_id=admin.account.id,
            kind=NotificationKind.LINK,
            event=event,
            from_actor_id=peer.id,
            subject_uri=peer.uri,
            now=now,
        )
        if is_news:
            translate = translator(admin.account.language, site.default_language)
            text = compose(
                site,
                translate,
                translate(news.subject),
                translate(news.says),
                translate("How it stands and what you can do now is on this page:"),
                f"{site.uris.base_url}{LINKS_PATH}",
                host=peer.host,
            )
            await mails.send(tx, admin.account.email, text, now=now)


async def forget(tx: Tx, peer: Actor) -> None:
    """Take the notices about a server back: a decision was made, and what comes next is news again."""
    await notifications.remove_about(tx, kind=NotificationKind.LINK, subject_uri=peer.uri)
