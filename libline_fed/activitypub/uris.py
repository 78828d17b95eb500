"""The one place that spells this instance's URIs. Member ids never hold the handle (a handle may change)."""

from dataclasses import dataclass
from functools import cached_property

from libline_fed.activitypub.urls import host_of


@dataclass(frozen=True)
class Uris:
    """All URIs below one base URL, which has no trailing slash."""

    base_url: str

    @cached_property
    def host(self) -> str:
        """The authority by which this instance is named, with a port only if it is not the default one."""
        host = host_of(self.base_url)
        if host is None:
            raise ValueError(f"the base URL {self.base_url!r} has no host")
        return host

    @cached_property
    def instance_name(self) -> str:
        """The user part of the instance actor's address: the host without its port: nobody takes a colon."""
        name = self.host if self.host.endswith("]") else self.host.rpartition(":")[0] or self.host
        return name.strip("[]").replace(":", "-").strip("-")

    def is_local(self, uri: str) -> bool:
        """Tell whether a URI is below this instance's base URL."""
        return uri == self.base_url or uri.startswith(self.base_url + "/")

    def path_of(self, uri: str) -> str | None:
        """Return the path of a local URI without its fragment, or None for a foreign one."""
        if not self.is_local(uri):
            return None
        return uri[len(self.base_url) :].partition("#")[0] or "/"

    @property
    def shared_inbox(self) -> str:
        """The inbox that serves every actor here."""
        return f"{self.base_url}/inbox"

    @property
    def instance_actor(self) -> str:
        """The Application actor that signs all GETs that are not a member's."""
        return f"{self.base_url}/actor"

    def actor(self, actor_id: str) -> str:
        """A member's actor id."""
        return f"{self.base_url}/actors/{actor_id}"

    def group(self, handle: str) -> str:
        """The id of a consortium's actor; unlike a member's, its handle never changes."""
        return f"{self.base_url}/groups/{handle}"

    def cohort(self, cohort_id: str) -> str:
        """The id of a cohort of a consortium hosted here, also its page."""
        return f"{self.base_url}/cohorts/{cohort_id}"

    def collection(self, actor_uri: str, name: str) -> str:
        """One of an actor's collections: inbox, outbox, followers, following, featured, proposals, tags.

        A Group has members, moderators and cohorts besides.
        """
        return f"{actor_uri}/{name}"

    def main_key(self, actor_uri: str) -> str:
        """The id of an actor's RSA key. BookWyrm and Misskey expect this very fragment."""
        return f"{actor_uri}#main-key"

    def ed25519_key(self, actor_uri: str) -> str:
        """The id of an actor's Ed25519 Multikey (FEP-521a)."""
        return f"{actor_uri}#ed25519-key"

    def profile(self, handle: str) -> str:
        """The page of a member."""
        return f"{self.base_url}/@{handle}"

    def proposal(self, proposal_id: str) -> str:
        """A proposal's id, also its page."""
        return f"{self.base_url}/proposals/{proposal_id}"

    def replies(self, proposal_id: str) -> str:
        """The collection of replies to a proposal."""
        return f"{self.base_url}/proposals/{proposal_id}/replies"

    def context(self, proposal_id: str) -> str:
        """The conversation around a proposal (FEP-7888)."""
        return f"{self.base_url}/contexts/{proposal_id}"

    def activity(self, activity_id: str) -> str:
        """An activity's id; public ones can be fetched."""
        return f"{self.base_url}/activities/{activity_id}"

    def agreement(self, mentorship_id: str) -> str:
        """An agreement's id. Only the two it binds may fetch it."""
        return f"{self.base_url}/agreements/{mentorship_id}"

    def thread(self, mentorship_id: str) -> str:
        """The private conversation of a mentorship; it is pushed, and never there to fetch."""
        return f"{self.base_url}/threads/{mentorship_id}"

    def mentorship(self, mentorship_id: str) -> str:
        """The page of a mentorship on this instance."""
        return f"{self.base_url}/mentorships/{mentorship_id}"

    def message(self, message_id: str) -> str:
        """A private message's id, or that of a goal, talk or meeting; never there to fetch."""
        return f"{self.base_url}/messages/{message_id}"

    def record(self, record_id: str) -> str:
        """A signed record's id. Its page is for its owner, and for whom they give a link."""
        return f"{self.base_url}/records/{record_id}"

    def thanks(self, thanks_id: str) -> str:
        """The id of public thanks, also their page."""
        return f"{self.base_url}/thanks/{thanks_id}"

    def tag(self, name: str) -> str:
        """The page of a hashtag."""
        return f"{self.base_url}/tags/{name}"

    def interaction(self) -> str:
        """The page where a member meets something remote."""
        return f"{self.base_url}/authorize_interaction"
