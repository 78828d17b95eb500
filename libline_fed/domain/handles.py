"""Handles, the names before the @: which are well formed, and which would mislead."""

import re

from libline_fed.errors import InvalidInput

MAX_CHARACTERS = 30
_WELL_FORMED = re.compile(r"[a-z0-9_]{1,30}")

# Names that speak for the instance, names of pages, and the mailboxes of RFC 2142 §2.
RESERVED = frozenset(
    [
        "abuse",
        "account",
        "accounts",
        "activities",
        "actor",
        "actors",
        "admin",
        "administrator",
        "all",
        "announce",
        "api",
        "app",
        "assets",
        "auth",
        "authorize_interaction",
        "autoconfig",
        "billing",
        "bot",
        "consortium",
        "contact",
        "contexts",
        "coordinator",
        "data",
        "demo",
        "directory",
        "docs",
        "everybody",
        "everyone",
        "export",
        "favicon",
        "featured",
        "feed",
        "feeds",
        "follow",
        "followers",
        "following",
        "ftp",
        "group",
        "groups",
        "guest",
        "healthz",
        "help",
        "here",
        "home",
        "host",
        "hostmaster",
        "inbox",
        "info",
        "instance",
        "invitation",
        "invitations",
        "invite",
        "legal",
        "libline",
        "library",
        "login",
        "log_in",
        "logout",
        "log_out",
        "mail",
        "mailer_daemon",
        "manifest",
        "me",
        "members",
        "mentor",
        "mentors",
        "mentorship",
        "mentorships",
        "message",
        "messages",
        "metrics",
        "moderation",
        "moderator",
        "news",
        "nobody",
        "nodeinfo",
        "noreply",
        "no_reply",
        "notifications",
        "null",
        "oauth",
        "official",
        "offers",
        "openapi",
        "operator",
        "owner",
        "outbox",
        "password",
        "postmaster",
        "preferences",
        "press",
        "privacy",
        "profile",
        "proposal",
        "proposals",
        "public",
        "readyz",
        "register",
        "report",
        "reports",
        "request",
        "requests",
        "reset",
        "robots",
        "root",
        "rules",
        "search",
        "security",
        "server",
        "service",
        "session",
        "sessions",
        "settings",
        "setup",
        "share",
        "signin",
        "sign_in",
        "signup",
        "sign_up",
        "site",
        "sitemap",
        "staff",
        "static",
        "status",
        "support",
        "sysadmin",
        "system",
        "tags",
        "team",
        "terms",
        "test",
        "tokens",
        "trust",
        "undefined",
        "unsubscribe",
        "user",
        "users",
        "uucp",
        "verify",
        "vocabulary",
        "webfinger",
        "webmaster",
        "welcome",
        "well_known",
        "www",
    ]
)

# One sign for all that look alike in common type faces; a doubled `v` reads as `w`, `rn` as `m`.
_LOOK_ALIKE = str.maketrans(
    {"0": "o", "1": "l", "i": "l", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "_": None}
)


def skeleton_of(handle: str) -> str:
    """Return the form that handles share when a hasty reader would take one for the other."""
    return handle.lower().translate(_LOOK_ALIKE).replace("rn", "m").replace("vv", "w")


_RESERVED_SKELETONS = frozenset(skeleton_of(name) for name in RESERVED)


def check_handle(text: str) -> str:
    """Return a typed handle in its stored form: lower case, without a leading @.

    Raises: InvalidInput for field `handle` if it is not 1 to 30 of a–z, 0–9 and _, or is (or looks like) a
    reserved name.
    """
    handle = text.strip().removeprefix("@").lower()
    if not handle:
        raise InvalidInput({"handle": "Choose a handle."})
    if len(handle) > MAX_CHARACTERS:
        raise InvalidInput({"handle": "The handle is too long: 30 characters at most."})
    if not _WELL_FORMED.fullmatch(handle) or not handle.strip("_"):
        raise InvalidInput({"handle": "Use only the letters a to z, digits and _ in the handle."})
    if handle in RESERVED or skeleton_of(handle) in _RESERVED_SKELETONS:
        raise InvalidInput({"handle": "This handle is reserved. Choose another one."})
    return handle


def is_confusable(handle: str, others: frozenset[str] | set[str]) -> bool:
    """Tell whether a handle looks like one of `others` without being it."""
    skeleton = skeleton_of(handle)
    return any(handle != other and skeleton_of(other) == skeleton for other in others)
