"""Where a page may send people: paths of this site, nothing else."""

from urllib.parse import quote, urlencode, urlsplit

MAX_PATH_CHARACTERS = 2_000


def local_path(text: str, default: str = "/") -> str:
    """Return `text` if it is a path on this site that no browser takes for another host, else `default`.

    Browsers read `//host`, `/\\host` and `/<tab>/host` as another host; all of them fall back to the default.
    """
    if not text.startswith("/") or text[1:2] in {"/", "\\"} or len(text) > MAX_PATH_CHARACTERS:
        return default
    if "\\" in text or any(character < "!" or character == "\x7f" for character in text):
        return default
    try:
        parts = urlsplit(text)
    except ValueError:
        return default
    if parts.scheme or parts.netloc:
        return default
    return quote(text, safe="/%?&=+:@,;!$'()*-._~[]#")


def with_query(path: str, **values: str | int | None) -> str:
    """Return `path` with the values that are not empty as its query."""
    query = urlencode({name: value for name, value in values.items() if value not in {None, ""}})
    return f"{path}?{query}" if query else path
