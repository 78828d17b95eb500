"""The words by which proposals are found, and the two full-text indexes over them.

What is asked for are words of `domain/search_words.py`: letters, marks and digits only. Still each is quoted
for the language of its engine, so that no word can ever be read as an operator.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, Text, cast, column, literal_column, select, table
from sqlalchemy.dialects.postgresql import TSQUERY

from libline_fed import vocabulary
from libline_fed.domain.proposals import Proposal
from libline_fed.domain.search_words import Asked, words_of
from libline_fed.sanitize import plain_text
from libline_fed.storage import rows
from libline_fed.storage.directory_tables import proposal_search
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import proposals
from libline_fed.vocabulary import LABEL_LANGUAGES, Scheme

FILL_COUNT = 500  # in one transaction
_s = proposal_search.c
_words = table("proposal_words", column("rowid"))  # SQLite
_matched: ColumnElement[str] = literal_column("proposal_words")  # a table of FTS5 is a column of itself
# As in the index, and literally so: PostgreSQL does not take it for another expression.
_vector: ColumnElement[str] = literal_column("array_to_tsvector(string_to_array(proposal_search.words, ' '))")


async def put(tx: Tx, proposal: Proposal) -> None:
    """Write the words by which a proposal is found now; its number stays."""
    insert = tx.insert(proposal_search).values(proposal_id=proposal.id, words=" ".join(words_by(proposal)))
    # An equal row is not written again: that would cost the index a change.
    await tx.execute(
        insert.on_conflict_do_update(
            index_elements=["proposal_id"],
            set_={"words": insert.excluded.words},
            where=_s.words != insert.excluded.words,
        )
    )


async def fill_missing(tx: Tx, limit: int = FILL_COUNT) -> int:
    """Write the words of proposals that have none, those of an older version; returns how many."""
    has_none = _s.proposal_id.is_(None)
    query = select(proposals).outerjoin(proposal_search, _s.proposal_id == proposals.c.id).where(has_none)
    found = [rows.to(Proposal, row) for row in await tx.all(query.order_by(proposals.c.id).limit(limit))]
    if found:
        values = [{"proposal_id": one.id, "words": " ".join(words_by(one))} for one in found]
        await tx.execute(tx.insert(proposal_search).on_conflict_do_nothing(), values)
    return len(found)


def words_by(proposal: Proposal) -> tuple[str, ...]:
    """Return the words of a proposal: of its title, its text, and its areas in every language we have.

    So somebody who looks for "catalogage" also finds what was written in Arabic.
    """
    texts = [proposal.title, plain_text(proposal.content_html)]
    facts = proposal.facts
    for area in proposal.areas:
        labels = dict.fromkeys(facts.label(Scheme.AREA, area, language) for language in LABEL_LANGUAGES)
        texts += [label for label in labels if label != area]  # one that we do not know says its id
        texts.append(vocabulary.hashtag_of(area))
    return words_of("\n".join(texts))


def is_found(tx: Tx, asked: Sequence[Asked]) -> ColumnElement[bool]:
    """Return the condition, over `proposal_search`, that a proposal has all that is asked for."""
    if tx.dialect == "sqlite":
        question = _joined(asked, " AND ", " OR ", _fts5_beginning)
        return _s.number.in_(select(_words.c.rowid).where(_matched.op("MATCH")(question)))
    question = _joined(asked, " & ", " | ", _tsquery_beginning)
    return _vector.op("@@", is_comparison=True)(cast(cast(question, Text), TSQUERY))


async def matching(tx: Tx, asked: Sequence[Asked]) -> set[int]:
    """Return the numbers of all proposals, whoever may see them, that have all that is asked for."""
    return set(await tx.scalars(select(_s.number).where(is_found(tx, asked)))) if asked else set()


def _joined(asked: Sequence[Asked], and_: str, or_: str, beginning: Callable[[str], str]) -> str:
    def way_of(parts: Sequence[str]) -> str:
        return f"({and_.join(map(beginning, parts))})"

    return and_.join(f"({or_.join(map(way_of, one.ways))})" for one in asked)


def _fts5_beginning(word: str) -> str:
    return '"' + word.replace('"', '""') + '" *'  # sqlite.org/fts5.html §3.1: strings, §3.3: prefixes


def _tsquery_beginning(word: str) -> str:
    # PostgreSQL manual, 8.11.2: quotes within a quoted lexeme are doubled, and so are backslashes.
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "':*"
