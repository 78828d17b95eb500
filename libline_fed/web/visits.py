"""One request as the pages see it: who asks, in which language, with which form."""

import secrets
from dataclasses import dataclass, field

from starlette.requests import Request

from libline_fed.domain.accounts import Account, Role
from libline_fed.domain.actors import Actor
from libline_fed.domain.sessions import Session
from libline_fed.errors import Forbidden
from libline_fed.web import csrf
from libline_fed.web.bodies import Fields
from libline_fed.web.languages import Language

SCOPE_KEY = "libline.visit"


@dataclass(slots=True)
class Visit:
    """Who is here: a member (`account` and `actor`), a guest (`guest` alone), or a visitor (none of them)."""

    language: Language
    client: str
    path: str
    account: Account | None = None
    actor: Actor | None = None
    guest: Actor | None = None  # somebody of another server, by whose word we know who it is
    session: Session | None = None
    session_token: str = ""
    unread_count: int = 0  # of a member's notices, or of what waits for a guest
    notice: str = ""
    form: Fields = field(default_factory=lambda: Fields([]))
    upload: bytes = field(default=b"", repr=False)  # the file of a form that has one
    has_ended: bool = False  # a cookie came whose session is over
    visitor_key: bytes = b""
    visitor_value: str = ""
    is_new_visitor: bool = False
    cookies: list[str] = field(default_factory=list)  # Set-Cookie lines to send

    @property
    def is_member(self) -> bool:
        """Whether a member is logged in."""
        return self.account is not None

    @property
    def is_guest(self) -> bool:
        """Whether somebody is here with an account of another server."""
        return self.guest is not None

    @property
    def person(self) -> Actor | None:
        """The member's actor, or the guest; who acts on mentorship pages. None for a visitor."""
        return self.actor if self.actor is not None else self.guest

    @property
    def is_admin(self) -> bool:
        """Whether an admin is logged in."""
        return self.account is not None and self.account.has_role(Role.ADMIN)

    @property
    def is_coordinator(self) -> bool:
        """Whether somebody is logged in who looks after needs, cohorts and consortia."""
        return self.account is not None and self.account.has_role(Role.COORDINATOR)

    @property
    def is_moderator(self) -> bool:
        """Whether somebody is logged in who decides on members."""
        return self.account is not None and self.account.has_role(Role.MODERATOR)

    def csrf_secret(self) -> str:
        """Return the token that this browser's forms must carry.

        A visitor without one gets a cookie for it.
        """
        if self.session is not None:
            return self.session.csrf_token
        if not self.visitor_value:
            self.visitor_value = secrets.token_urlsafe(32)
            self.is_new_visitor = True
        return csrf.visitor_token(self.visitor_key, self.visitor_value)

    def csrf_field(self) -> str:
        """Return the value for the hidden field of a form."""
        return csrf.mask(self.csrf_secret())

    def member(self) -> tuple[Account, Actor]:
        """Return the member.

        Raises: Forbidden if nobody is logged in.
        """
        if self.account is None or self.actor is None:
            raise Forbidden("nobody is logged in")
        return self.account, self.actor

    def somebody(self) -> Actor:
        """Return the person, member or guest.

        Raises: Forbidden for a visitor.
        """
        if self.person is None:
            raise Forbidden("nobody is signed in")
        return self.person


def visit_of(request: Request) -> Visit:
    """Return the visit that the session layer put into the request."""
    visit = request.scope[SCOPE_KEY]
    assert isinstance(visit, Visit)
    return visit
