"""What mails say. Plain text, no private words of anybody: who, what kind, one link.

Every sentence passes through `translate` in one piece, so that the catalogues can hold it.
"""

from dataclasses import dataclass, field

from libline_fed.services import addresses
from libline_fed.services.site import Site
from libline_fed.services.translations import Translate


@dataclass(frozen=True, slots=True)
class Text:
    """Subject and body of a mail."""

    subject: str
    body: str = field(repr=False)


def untranslated(text: str) -> str:
    """Return the text as it is, in English."""
    return text


def confirm(site: Site, *, handle: str, secret: str, translate: Translate) -> Text:
    """Ask a new member to confirm the address."""
    return compose(
        site,
        translate,
        translate("Confirm your e-mail address"),
        translate("Somebody, probably you, signed up at %(site)s as @%(handle)s with this address."),
        translate(
            "To confirm that it is yours, open this page and press the button. The link works for two days."
        ),
        addresses.confirm_url(site, secret),
        translate("If it was not you, do nothing: the account is deleted then."),
        handle=handle,
    )


def confirm_new_address(site: Site, *, handle: str, secret: str, translate: Translate) -> Text:
    """Ask a member to confirm a changed address."""
    return compose(
        site,
        translate,
        translate("Confirm your new e-mail address"),
        translate("@%(handle)s at %(site)s wants to use this address from now on."),
        translate(
            "To confirm that it is yours, open this page and press the button. The link works for two days."
        ),
        addresses.confirm_url(site, secret),
        translate("If it was not you, do nothing."),
        handle=handle,
    )


def address_in_use(site: Site, *, handle: str, secret: str, translate: Translate) -> Text:
    """Tell somebody who signs up again that there is an account already, and the way into it."""
    return compose(
        site,
        translate,
        translate("You have an account already"),
        translate(
            "Somebody, probably you, tried to sign up at %(site)s with this address. "
            "It belongs to @%(handle)s."
        ),
        translate("To get into that account, set a new password on this page. The link works for one hour."),
        addresses.reset_url(site, secret),
        translate("If it was not you, do nothing: nothing was changed."),
        handle=handle,
    )


def reset(site: Site, *, handle: str, secret: str, translate: Translate) -> Text:
    """Give the way to a new password."""
    return compose(
        site,
        translate,
        translate("Set a new password"),
        translate("Somebody, probably you, asked for a new password for @%(handle)s at %(site)s."),
        translate("Set it on this page. The link works for one hour."),
        addresses.reset_url(site, secret),
        translate("If it was not you, do nothing: nothing was changed."),
        handle=handle,
    )


def password_changed(site: Site, *, handle: str, translate: Translate) -> Text:
    """Tell that the password is another one now."""
    return compose(
        site,
        translate,
        translate("Your password was changed"),
        translate("The password of @%(handle)s at %(site)s was changed, and every browser was logged out."),
        translate("If it was not you, ask for a new password at once:"),
        f"{site.uris.base_url}{addresses.RESET_PATH}",
        handle=handle,
    )


def address_changed(site: Site, *, handle: str, translate: Translate) -> Text:
    """Tell the former address that it is not used any more."""
    return compose(
        site,
        translate,
        translate("Your e-mail address was changed"),
        translate("@%(handle)s at %(site)s uses another e-mail address now. This one gets no more mail."),
        translate("If it was not you, write to the people who run the site: %(contact)s"),
        handle=handle,
        contact=site.contact_email or site.uris.base_url,
    )


def approved(site: Site, *, handle: str, translate: Translate) -> Text:
    """Welcome a member who was let in."""
    return compose(
        site,
        translate,
        translate("Your account is ready"),
        translate("A moderator of %(site)s has let you in. You can log in as @%(handle)s now:"),
        addresses.login_url(site),
        handle=handle,
    )


def rejected(site: Site, *, translate: Translate) -> Text:
    """Tell a person that the sign-up was not accepted."""
    return compose(
        site,
        translate,
        translate("Your sign-up was not accepted"),
        translate("A moderator of %(site)s did not accept your sign-up. What you had written was deleted."),
        translate("If you have questions, write to the people who run the site: %(contact)s"),
        contact=site.contact_email or site.uris.base_url,
    )


def sign_up_waits(site: Site, *, handle: str, translate: Translate) -> Text:
    """Tell a moderator that somebody waits to be let in."""
    return compose(
        site,
        translate,
        translate("Somebody wants to join"),
        translate("@%(handle)s signed up at %(site)s and waits for a moderator's decision:"),
        addresses.members_url(site),
        handle=handle,
    )


def invitation(site: Site, *, inviter: str, secret: str, translate: Translate) -> Text:
    """Invite a person."""
    return compose(
        site,
        translate,
        translate("An invitation to %(site)s"),
        translate(
            "%(inviter)s invites you to %(site)s, a place where library workers find mentors and mentees."
        ),
        translate("To join, open this page. The link works for two weeks."),
        addresses.invitation_url(site, secret),
        translate("If you do not want to, do nothing: no further mail will come."),
        inviter=inviter,
    )


def account_made(site: Site, *, handle: str, secret: str, translate: Translate) -> Text:
    """Give a member whom the operator added the way to a first password."""
    return compose(
        site,
        translate,
        translate("Your account is ready"),
        translate("The people who run %(site)s made the account @%(handle)s for you."),
        translate("Set your password on this page. The link works for one hour."),
        addresses.reset_url(site, secret),
        handle=handle,
    )


def compose(site: Site, translate: Translate, subject: str, *paragraphs: str, **values: str) -> Text:
    """Fill in the values and put the closing lines below. Values are single lines already."""
    known = {"site": site.name, **values}
    foot = translate("This mail was sent by %(site)s, %(address)s. Answers to it are not read.")
    filled = [_fill(paragraph, known) for paragraph in paragraphs]
    body = "\n\n".join([*filled, "-- \n" + _fill(foot, {**known, "address": site.uris.base_url})])
    return Text(
        f"{site.name}: {_fill(subject, known)}" if "%(site)s" not in subject else _fill(subject, known),
        body + "\n",
    )


def _fill(text: str, values: dict[str, str]) -> str:
    """Replace `%(name)s`; any other percent sign stays, so that no translation can break a mail."""
    for name, value in values.items():
        text = text.replace(f"%({name})s", value)
    return text
