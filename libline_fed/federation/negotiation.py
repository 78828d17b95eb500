"""Whether a request wants the ActivityPub form of an address or the page for people."""

from functools import lru_cache

ACTIVITY_MEDIA_TYPES = ("application/activity+json", "application/ld+json")
MAX_ACCEPT_CHARACTERS = 1_000


@lru_cache(maxsize=512)
def wants_activity(accept_header: str) -> bool:
    """Tell whether an `Accept` header names ActivityPub with a quality above zero.

    Naming it is enough, with or without a profile and whatever else is listed: no browser does, and servers
    that would rather have it add `text/html` as a last resort. Wildcards are what browsers and scripts send.
    """
    return any(_is_activity(part) for part in accept_header[:MAX_ACCEPT_CHARACTERS].split(","))


def _is_activity(media_range: str) -> bool:
    # A profile holds neither comma nor semicolon, so splitting is safe without reading quoted strings.
    media_type, *parameters = media_range.split(";")
    return media_type.strip().lower() in ACTIVITY_MEDIA_TYPES and _quality(parameters) > 0


def _quality(parameters: list[str]) -> float:
    """Return the weight (RFC 9110 §12.4.2); one that cannot be read does not count against the sender."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 1.0
    return 1.0
