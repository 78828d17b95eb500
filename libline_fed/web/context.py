"""What the pages need to know, handed over once by the composition root.

`app.py` makes one `WebContext` and calls either

* `libline_fed.web.site.pages(context)`: a complete ASGI application (security headers, compression, error
  pages,
  sessions and CSRF around every route), or
* `libline_fed.web.site.routes(context)`: the bare list of routes, for composing by hand inside `wrap(app,
  context)`.

It must give:

* `store`, open and migrated; `site`; `clock`;
* `lookups`: whatever fulfils `services/lookups.py: Lookups` (federation's resolver), so that pages can find
  people
  on other servers without knowing how;
* `homes`: whatever fulfils `services/guests.py: HomeServers` (federation's OAuth client), so that people can
  sign in with accounts of other servers;
* `sealer`, for what signing in must remember, and for the form tokens of visitors;
* `trusted_proxies`: the setting of that name; with none, `X-Forwarded-For` is ignored;
* `mail_is_printed`: True when no SMTP server is set, so that pages say where a mail went.

Negotiation is not done here. For `/@handle`, `/actors/{id}`, `/proposals/{id}` and their kin `app.py` asks
the
federation side first when the request's `Accept` names ActivityPub, and these pages otherwise. The pages send
`Vary: Accept` on those paths and name the JSON form in `<link rel="alternate">` and `Link`.
"""

from dataclasses import dataclass
from functools import cached_property

from libline_fed.clock import Clock
from libline_fed.sealing import Sealer
from libline_fed.services.guests import HomeServers, SignIn
from libline_fed.services.limits import Limits
from libline_fed.services.lookups import Lookups
from libline_fed.services.site import Site
from libline_fed.storage.store import Store
from libline_fed.web.clients import Networks
from libline_fed.web.render import Renderer
from libline_fed.web.static_files import StaticFiles


@dataclass(frozen=True)
class WebContext:
    """Everything the pages share. Made by the composition root."""

    store: Store
    site: Site
    clock: Clock
    lookups: Lookups
    homes: HomeServers
    sealer: Sealer
    trusted_proxies: tuple[str, ...] = ()
    mail_is_printed: bool = False

    @cached_property
    def limits(self) -> Limits:
        """What counts tries."""
        return Limits(self.store)

    @cached_property
    def csrf_key(self) -> bytes:
        """The 32 secret bytes behind the form tokens of visitors."""
        return self.sealer.derive("csrf")

    @cached_property
    def sign_in(self) -> SignIn:
        """What lets people in with an account of another server."""
        return SignIn(self.store, self.site, self.limits, self.sealer, self.homes)

    @cached_property
    def static(self) -> StaticFiles:
        """The stylesheet and icon, read and compressed once."""
        return StaticFiles()

    @cached_property
    def renderer(self) -> Renderer:
        """The templates in every language."""
        return Renderer(self.site, self.static)

    @cached_property
    def proxies(self) -> Networks:
        """The networks whose `X-Forwarded-For` is believed."""
        return Networks(self.trusted_proxies)

    @property
    def session_cookie(self) -> str:
        """The name of a member's cookie.

        The prefix makes browsers refuse a planted one (RFC 6265bis §4.1.3.2).
        """
        return "__Host-session" if self.site.is_https else "session"

    @property
    def visitor_cookie(self) -> str:
        """The name of the cookie that ties a visitor's forms to one browser."""
        return "__Host-visitor" if self.site.is_https else "visitor"
