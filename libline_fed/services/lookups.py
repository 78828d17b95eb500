"""What pages and commands may ask of other servers; fulfilled by the federation side."""

from typing import Protocol

from libline_fed.domain.actors import Actor
from libline_fed.domain.posts import Post
from libline_fed.domain.proposals import Proposal


class Lookups(Protocol):
    """Finds people and posts of other servers. All methods do network: never call them in a transaction."""

    async def find(self, text: str) -> Actor | Proposal | Post:
        """Find what a handle or address names; raises NotFound, PeerUnavailable."""
        ...

    async def find_actor(self, text: str) -> Actor:
        """Find a person by handle or address; raises NotFound, PeerUnavailable."""
        ...

    async def find_again(self, user: str, host: str) -> Actor:
        """Ask somebody's own server who has an address now; raises NotFound, PeerUnavailable."""
        ...

    async def find_object(self, url: str) -> Actor | Proposal | Post:
        """Find what is at an address; raises NotFound, PeerUnavailable."""
        ...

    async def find_instance(self, text: str) -> Actor:
        """Find the instance actor of another server by its host name or any address there.

        Raises: NotFound, PeerUnavailable.
        """
        ...

    async def subscribe_template(self, handle: str, *, is_person: bool) -> str:
        """Return the address, with `{uri}`, at which somebody's server lets them follow or open a page."""
        ...
