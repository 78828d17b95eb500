"""Public keys that are named on the command line: from files of several kinds, or written out."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from libline_fed.activitypub.credential_checks import TrustedKey
from libline_fed.activitypub.keys import PublicKey, UnusableKey, load_public, public_of_multibase
from libline_fed.activitypub.objects import KeyDocument
from libline_fed.activitypub.parse import parse_keys
from libline_fed.activitypub.values import uri_of
from libline_fed.activitypub.wire import parse_json
from libline_fed.errors import NotFound, Refusal, RefusalReason
from libline_fed.federation.signatures import VerificationKey

MAX_FILE_BYTES = 1_048_576


def read_trusted_keys(named: Sequence[str]) -> tuple[TrustedKey, ...]:
    """Read keys: PEM files, saved actor or key documents, files with a multibase text, or such a text itself.

    Raises: NotFound, UnusableKey.
    """
    return tuple(key for name in named for key in _read(name))


def _read(name: str) -> Iterator[TrustedKey]:
    path = Path(name)
    if _is_multibase(name) and not path.exists():
        yield _of_text(name, "the command line")
        return
    if not path.is_file():
        raise NotFound(f"no file {name}", safe=f"There is no key file {name}.")
    content = path.read_bytes()[:MAX_FILE_BYTES]
    source = f"the file {path.name}"
    if content.lstrip()[:1] == b"{":
        yield from _of_document(content, source)
        return
    yield _of_text(content.decode("utf-8", errors="replace").strip(), source)


def _is_multibase(text: str) -> bool:
    return text.startswith(("z", "did:key:z")) and len(text) > 40 and "/" not in text


def _of_text(text: str, source: str) -> TrustedKey:
    if "-----BEGIN" in text:
        return TrustedKey(_usable(lambda: load_public(text), source), source)
    # did:key:z6Mk…#z6Mk… names the key twice, and nothing else.
    multibase = text.removeprefix("did:key:").partition("#")[0]
    return TrustedKey(_usable(lambda: public_of_multibase(multibase), source), source)


def _of_document(content: bytes, source: str) -> Iterator[TrustedKey]:
    document = parse_json(content)
    if isinstance(document, Refusal):
        raise UnusableKey(f"{source}: {document.detail}", safe=f"There is no key in {source}.")
    holder_uri = uri_of(document.get("id"))
    found = [key for key in parse_keys(document) if holder_uri in (key.owner_uri, key.key_id)]
    if not found:
        raise UnusableKey(f"{source}: no key of its own", safe=f"There is no key in {source}.")
    for key in found:
        yield TrustedKey(_of_key_document(key, source), source, key.owner_uri, key.key_id)


def _of_key_document(key: KeyDocument, source: str) -> PublicKey:
    if key.pem is not None:
        pem = key.pem
        return _usable(lambda: load_public(pem), source)
    return _usable(lambda: public_of_multibase(key.multibase or ""), source)


def _usable(load: Callable[[], PublicKey], source: str) -> PublicKey:
    try:
        return load()
    except UnusableKey as error:
        raise UnusableKey(f"{source}: {error.detail}", safe=f"The key in {source} cannot be used.") from error


class GivenKeys:
    """The keys of the command line as a `KeySource`: the one with that id, else one that has none."""

    def __init__(self, trusted: Sequence[TrustedKey]) -> None:
        self._trusted = trusted

    async def find(self, key_id: str, *, refresh: bool) -> VerificationKey | Refusal:
        """Return the key; a bare one as if its owner were the key id without its fragment."""
        del refresh
        named = [key for key in self._trusted if key.key_id == key_id]
        bare = [key for key in self._trusted if key.key_id is None]
        for key in [*named, *bare]:
            return VerificationKey(key_id, key.owner_uri or key_id.partition("#")[0], key.public_key)
        return Refusal(RefusalReason.KEY_UNAVAILABLE, "none of the given keys has this id")
