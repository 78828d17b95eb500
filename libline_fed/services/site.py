"""What every use case needs to know of the instance it runs in."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from libline_fed.activitypub.uris import Uris
from libline_fed.config import Federation, Registration
from libline_fed.services.offer_index import OfferIndex

if TYPE_CHECKING:
    from libline_fed.services.keys import Keyring


@dataclass(frozen=True)
class Site:
    """The values of one instance. Made by the composition root, passed to services."""

    uris: Uris
    keyring: "Keyring"
    name: str
    description: str
    contact_email: str | None
    registration: Registration
    federation: Federation
    default_language: str
    is_https: bool
    offers: OfferIndex = field(default_factory=OfferIndex, repr=False, compare=False)
