"""Which texts are language tags, and their one spelling."""

import re
from functools import lru_cache

from babel import Locale

# The well-formed tags people use: language, script, region, variants (RFC 5646 §2.1). No extensions.
_TAG = re.compile(
    r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?((?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3})){0,2})\Z",
    re.IGNORECASE,
)


def is_language(tag: str) -> bool:
    """Tell whether a text is a language tag that may be stored: well formed, and its two letters known."""
    return canonical_language(tag) is not None


@lru_cache(maxsize=1024)
def canonical_language(tag: str) -> str | None:
    """Return a language tag in its usual spelling (RFC 5646 §2.1.1), or None when it is not one.

    Two-letter languages must be known. Three-letter ones are only checked for form: there are thousands, and
    a small language must not be turned away because a list lacks it.
    """
    match = _TAG.match(tag) if len(tag) <= 35 else None
    if match is None:
        return None
    language, script, region, variants = match.groups()
    language = language.lower()
    if language in ("und", "mul", "mis", "zxx") or (
        len(language) == 2 and language not in _known_languages()
    ):
        return None
    parts = [language, script.title() if script else "", region.upper() if region else ""]
    return "-".join(part for part in parts if part) + variants.lower()


@lru_cache(maxsize=1)
def _known_languages() -> frozenset[str]:
    return frozenset(tag for tag in map(str, Locale("en").languages) if len(tag) == 2)
