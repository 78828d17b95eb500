"""What an instance adds to the vocabulary: its own terms, each belonging to a published one."""

from collections.abc import Mapping
from datetime import datetime

from libline_fed import vocabulary
from libline_fed.domain.accounts import Account, Role
from libline_fed.errors import Conflict, Forbidden, InvalidInput, NotFound
from libline_fed.sanitize import clean_line
from libline_fed.storage import vocabulary as stored
from libline_fed.storage.store import Tx
from libline_fed.vocabulary import MAX_LABEL_CHARACTERS, LocalTerm, Scheme

MAX_LOCAL_TERMS = 200


async def list_terms(tx: Tx, scheme: str | None = None) -> list[LocalTerm]:
    """Return this instance's own terms, of one scheme or of all, oldest first."""
    return await stored.list_terms(tx, scheme)


async def is_term(tx: Tx, scheme: str, term_id: str) -> bool:
    """Tell whether members here can choose an id in a scheme: a published term, or one of the instance."""
    if vocabulary.is_term(scheme, term_id):
        return True
    own = await stored.by_id(tx, term_id) if vocabulary.is_local_id(term_id) else None
    return own is not None and own.scheme == scheme


async def add(
    tx: Tx,
    *,
    by: Account,
    term_id: str,
    scheme: str,
    broader_id: str,
    labels: Mapping[str, str],
    now: datetime,
) -> LocalTerm:
    """Add a term; `labels` by language, empty ones are left out. The same term twice is added once.

    Raises: Forbidden for anybody but admins. InvalidInput. Conflict if there are 200 already.
    """
    _must_be_admin(by)
    term = _checked(term_id, scheme, broader_id, labels, now)
    if await stored.count(tx) >= MAX_LOCAL_TERMS and await stored.by_id(tx, term.id) is None:
        raise Conflict(
            "too many own terms", safe="This server has 200 terms of its own: remove one to add another."
        )
    if not await stored.add(tx, term):
        known = await stored.by_id(tx, term.id)
        if known is None or (known.scheme, known.broader_id, known.labels) != (
            term.scheme,
            term.broader_id,
            term.labels,
        ):
            raise InvalidInput({"term_id": "There is a term with this short name. Choose another."})
    return term


async def remove(tx: Tx, *, by: Account, term_id: str) -> None:
    """Remove a term that nobody here uses.

    Raises: Forbidden for anybody but admins. NotFound. Conflict if it is used.
    """
    _must_be_admin(by)
    if await stored.by_id(tx, term_id) is None:
        raise NotFound(f"no term {term_id[:60]!r}")
    if await stored.is_used(tx, term_id):
        raise Conflict(
            f"{term_id} is used",
            safe="People here use this term, so it stays. It can go when nobody uses it.",
        )
    await stored.remove(tx, term_id)


def _must_be_admin(by: Account) -> None:
    if not by.has_role(Role.ADMIN):
        raise Forbidden(f"a {by.role} may not change the vocabulary")


def _checked(
    term_id: str, scheme: str, broader_id: str, labels: Mapping[str, str], now: datetime
) -> LocalTerm:
    problems: dict[str, str] = {}
    if not vocabulary.is_local_id(term_id):
        problems["term_id"] = (
            "Write a short name of small letters a to z, digits and hyphens, such as x-braille, 40 at most."
        )
    if not _can_hold(scheme, broader_id):
        problems["broader_id"] = "Choose the term that it belongs to from the list."
    lines = {tag: line for tag, text in labels.items() if (line := " ".join(text.split()))}
    named = {vocabulary.canonical_language(tag): line for tag, line in lines.items()}
    cleaned = {
        tag: clean_line(line, MAX_LABEL_CHARACTERS)
        for tag, line in named.items()
        if tag is not None and clean_line(line, MAX_LABEL_CHARACTERS)
    }
    if None in named:
        problems["language"] = "Write a language code such as sw or pt-BR."
    elif not cleaned:
        problems["labels"] = "Write the name of the term in one language at least."
    elif any(len(line) > MAX_LABEL_CHARACTERS for line in lines.values()):
        problems["labels"] = "A name is too long: 80 characters at most."
    if problems:
        raise InvalidInput(problems)
    return LocalTerm(term_id, Scheme(scheme), broader_id, cleaned, now)


def _can_hold(scheme: str, broader_id: str) -> bool:
    """Tell whether an instance's own term may belong to this one: a term or group, but not the undecided."""
    if scheme not in vocabulary.EXTENSIBLE_SCHEMES or broader_id == vocabulary.UNDECIDED_AREA:
        return False
    concept = vocabulary.concepts(scheme).concepts.get(broader_id)
    return concept is not None and concept.replaced_by is None
