"""The addresses that mails, feeds and the console hand out.

Opening one changes nothing: where something is to be done, the page has a button.
"""

from urllib.parse import urlencode

from libline_fed.domain.proposals import Purpose
from libline_fed.domain.searches import Search
from libline_fed.services.site import Site

CONFIRM_PATH = "/confirm"
RESET_PATH = "/reset"
INVITATION_PATH = "/invitations"
FIRST_ADMIN_PATH = "/first-run"
SAVED_FEED_PATH = "/feeds/saved"
STOP_PATH = "/saved-searches/stop"
LIST_PATHS = {Purpose.OFFER: "/mentors", Purpose.REQUEST: "/requests"}


def confirm_url(site: Site, secret: str) -> str:
    """Return the page that confirms an e-mail address."""
    return f"{site.uris.base_url}{CONFIRM_PATH}/{secret}"


def reset_url(site: Site, secret: str) -> str:
    """Return the page that sets a new password."""
    return f"{site.uris.base_url}{RESET_PATH}/{secret}"


def invitation_url(site: Site, secret: str) -> str:
    """Return the page where an invited person signs up."""
    return f"{site.uris.base_url}{INVITATION_PATH}/{secret}"


def first_admin_url(site: Site, secret: str) -> str:
    """Return the page where the first admin chooses a handle and a password."""
    return f"{site.uris.base_url}{FIRST_ADMIN_PATH}/{secret}"


def login_url(site: Site) -> str:
    """Return the page to log in on."""
    return f"{site.uris.base_url}/login"


def members_url(site: Site) -> str:
    """Return the page where moderators decide on new members."""
    return f"{site.uris.base_url}/admin/members"


def list_path(search: Search, *, page: int | None = None) -> str:
    """Return the path of the list of what a search finds."""
    query = [*search.params(), *([("page", str(page))] if page else [])]
    path = LIST_PATHS[search.purpose]
    return f"{path}?{urlencode(query)}" if query else path


def saved_feed_url(site: Site, token: str) -> str:
    """Return the private feed of a saved search."""
    return f"{site.uris.base_url}{SAVED_FEED_PATH}/{token}.atom"


def stop_url(site: Site, token: str) -> str:
    """Return the page that ends all mails about saved searches."""
    return f"{site.uris.base_url}{STOP_PATH}/{token}"
