"""Actors as the rest of the program sees them: people, instances and groups, here and elsewhere."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Actor:
    """One row of `actors`, field by field as the columns are named."""

    id: str
    uri: str
    is_local: bool
    type: str  # Person, Service, Application, Group, Organization
    handle: str
    host: str  # the authority of `uri`
    acct_host: str | None  # the domain after the @ when it is not `host`
    name: str
    summary_html: str
    summary_text: str
    url: str | None
    inbox_url: str
    shared_inbox_url: str | None
    outbox_url: str | None
    followers_uri: str | None
    featured_url: str | None
    proposals_url: str | None
    icon_url: str | None
    fields: list[list[str]]  # [[plain name, sanitised HTML value], …]
    languages: list[str]  # BCP 47
    also_known_as: list[str]
    moved_to_uri: str | None
    manually_approves_followers: bool
    is_discoverable: bool
    revision: int
    published_at: datetime | None
    created_at: datetime
    updated_at: datetime
    fetched_at: datetime | None
    suspended_at: datetime | None
    gone_at: datetime | None
    details: dict[str, Any]  # see domain/profiles.py

    @property
    def acct(self) -> str:
        """The address people type, without a leading @."""
        return f"{self.handle}@{self.acct_host or self.host}"

    @property
    def display_name(self) -> str:
        """What to call the person."""
        return self.name or self.handle

    @property
    def is_usable(self) -> bool:
        """Whether the actor may act and be shown."""
        return self.gone_at is None and self.suspended_at is None
