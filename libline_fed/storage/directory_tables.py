"""The tables behind the directory: words to search in, changes to follow, searches that members keep.

Two things here are not in every engine's SQL and stand as text: the full-text index, and the triggers that
note each change that can move a proposal in a list. Code cannot forget to note one.
"""

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)

from libline_fed.storage.tables import Moment, Sequence, id_column, metadata, one_of

proposal_search = Table(  # the words of a proposal, as domain/search_words.py makes them
    "proposal_search",
    metadata,
    Column("number", Sequence, primary_key=True, autoincrement=True),  # in the order of arrival here
    Column("proposal_id", String(36), ForeignKey("proposals.id", ondelete="CASCADE"), nullable=False),
    Column("words", Text, nullable=False),  # separated by one space
    UniqueConstraint("proposal_id"),
)

directory_changes = Table(  # what the index in memory has to read again
    "directory_changes",
    metadata,
    Column("number", Sequence, primary_key=True, autoincrement=True),
    Column("kind", String(10), nullable=False),
    Column("subject", Text, nullable=False),  # the id of a proposal or an author, or a host
    # PostgreSQL only: numbers are not given in the order of the commits, transactions below a snapshot are.
    Column("transaction_number", BigInteger),
    one_of("kind", "proposal", "author", "peer"),
    Index("ix_directory_changes_transaction_number", "transaction_number"),
)

saved_searches = Table(
    "saved_searches",
    metadata,
    id_column(),
    Column("account_id", String(36), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("query", JSON, nullable=False),  # see domain/searches.py: Search.params
    Column("tells_by", String(10), nullable=False, server_default="nothing"),
    Column("feed_token_hash", String(64), unique=True),
    Column("told_until_number", BigInteger, nullable=False, server_default="0"),  # of proposal_search
    Column("told_at", Moment),
    Column("created_at", Moment, nullable=False),
    one_of("tells_by", "nothing", "mail", "feed"),
    Index("ix_saved_searches_account_id", "account_id"),
)

_LIST_INDEXES = (
    # What can be listed, newest first, with all that decides on who sees it: then a page and a count read
    # no row. The few authors who are not to be seen are looked up apart.
    "CREATE INDEX ix_proposals_newest ON proposals (purpose, published_at, id, author_id, is_local, "
    "audience, open_until_on, status) WHERE status IN ('open', 'full')",
    "CREATE INDEX ix_actors_unusable ON actors (id) WHERE gone_at IS NOT NULL OR suspended_at IS NOT NULL",
)
SQLITE_TEXT_INDEX = (
    *_LIST_INDEXES,
    # Words are folded before they come here; every letter, mark and digit belongs to one.
    "CREATE VIRTUAL TABLE proposal_words USING fts5("
    "words, content='proposal_search', content_rowid='number', detail=none, columnsize=0, "
    "tokenize=\"unicode61 remove_diacritics 0 categories 'L* M* N* Co'\")",
    "CREATE TRIGGER proposal_words_added AFTER INSERT ON proposal_search BEGIN "
    "INSERT INTO proposal_words(rowid, words) VALUES (new.number, new.words); END",
    "CREATE TRIGGER proposal_words_removed AFTER DELETE ON proposal_search BEGIN "
    "INSERT INTO proposal_words(proposal_words, rowid, words) VALUES ('delete', old.number, old.words); END",
    "CREATE TRIGGER proposal_words_changed AFTER UPDATE OF words ON proposal_search BEGIN "
    "INSERT INTO proposal_words(proposal_words, rowid, words) VALUES ('delete', old.number, old.words); "
    "INSERT INTO proposal_words(rowid, words) VALUES (new.number, new.words); END",
)
POSTGRESQL_TEXT_INDEX = (
    *_LIST_INDEXES,
    "CREATE INDEX ix_proposal_search_words ON proposal_search "
    "USING gin (array_to_tsvector(string_to_array(words, ' ')))",
)


def _host_of(row: str) -> str:
    # An actor whose row goes takes its memberships along: then there is no host to be found any more.
    return f"coalesce((SELECT host FROM actors WHERE id = {row}.instance_id), '')"  # noqa: S608


# Actors are read again every day, and are mostly as they were. JSON has no equality on PostgreSQL.
_AUTHOR_DIFFERS = (
    "new.host <> old.host OR CAST(new.details AS TEXT) <> CAST(old.details AS TEXT) "
    "OR (new.suspended_at IS NULL) <> (old.suspended_at IS NULL) "
    "OR (new.gone_at IS NULL) <> (old.gone_at IS NULL)"
)
_NOTED = (  # name, event and table, kind, subject, when
    ("proposal_added", "INSERT ON proposals", "proposal", "new.id", ""),
    ("proposal_changed", "UPDATE ON proposals", "proposal", "new.id", ""),
    ("proposal_removed", "DELETE ON proposals", "proposal", "old.id", ""),
    ("words_added", "INSERT ON proposal_search", "proposal", "new.proposal_id", ""),  # now has its number
    ("source_added", "INSERT ON proposal_sources", "proposal", "new.proposal_id", ""),
    ("source_removed", "DELETE ON proposal_sources", "proposal", "old.proposal_id", ""),
    (
        "author_changed",
        "UPDATE OF host, details, suspended_at, gone_at ON actors",
        "author",
        "new.id",
        _AUTHOR_DIFFERS,
    ),
    ("author_hours_changed", "UPDATE OF zone, weekly_hours ON accounts", "author", "new.actor_id", ""),
    ("peer_added", "INSERT ON peers", "peer", "new.host", "new.policy <> 'default'"),
    ("peer_changed", "UPDATE OF policy ON peers", "peer", "new.host", ""),
    # With a list of allowed servers, members of a trusted consortium are on it.
    ("member_added", "INSERT ON consortium_members", "peer", _host_of("new"), ""),
    ("member_changed", "UPDATE OF state ON consortium_members", "peer", _host_of("new"), ""),
    ("member_removed", "DELETE ON consortium_members", "peer", _host_of("old"), ""),
)


def _note(kind: str, subject: str, transaction: str = "NULL") -> str:
    columns = "kind, subject, transaction_number"
    return f"INSERT INTO directory_changes({columns}) VALUES ('{kind}', {subject}, {transaction})"  # noqa: S608


def _sqlite_triggers() -> list[str]:
    return [
        f"CREATE TRIGGER note_{name} AFTER {when} {f'WHEN {condition} ' if condition else ''}BEGIN "
        f"{_note(kind, subject)}; END"
        for name, when, kind, subject, condition in _NOTED
    ]


def _postgresql_triggers() -> list[str]:
    statements = []
    for name, when, kind, subject, condition in _NOTED:
        statements.append(
            f"CREATE FUNCTION note_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"{_note(kind, subject, 'txid_current()')}; RETURN NULL; END $$"
        )
        statements.append(
            f"CREATE TRIGGER note_{name} AFTER {when} FOR EACH ROW "
            f"{f'WHEN ({condition}) ' if condition else ''}EXECUTE FUNCTION note_{name}()"
        )
    return statements


for dialect, statements in (
    ("sqlite", [*SQLITE_TEXT_INDEX, *_sqlite_triggers()]),
    ("postgresql", [*POSTGRESQL_TEXT_INDEX, *_postgresql_triggers()]),
):
    for statement in statements:
        event.listen(
            metadata, "after_create", DDL(statement.replace("%", "%%")).execute_if(dialect=dialect)  # type: ignore[no-untyped-call]
        )
