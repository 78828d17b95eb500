"""The addresses that mails and the console hand out. Opening one changes nothing: the page has a button."""

from libline_fed.services.site import Site

CONFIRM_PATH = "/confirm"
RESET_PATH = "/reset"
INVITATION_PATH = "/invitations"
FIRST_ADMIN_PATH = "/first-run"


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
