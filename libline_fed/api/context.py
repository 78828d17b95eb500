"""What the interfaces for programs need to know, handed over once by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from starlette.types import Scope

from libline_fed.clock import Clock
from libline_fed.services.limits import Limits
from libline_fed.services.site import Site
from libline_fed.storage.store import Store


@dataclass(frozen=True)
class ApiContext:
    """Everything the interfaces share. `client_of` tells by which address or network a client is counted."""

    store: Store
    site: Site
    clock: Clock
    client_of: Callable[[Scope], str]

    @cached_property
    def limits(self) -> Limits:
        """What counts requests."""
        return Limits(self.store)
