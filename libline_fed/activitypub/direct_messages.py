"""Private polls: how somebody without LibLine is asked, in a shape that Mastodon lets them answer.

The message around it is that of `private_notes`: whoever is addressed is mentioned, and nobody else is.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from libline_fed.activitypub.build import timestamp
from libline_fed.activitypub.private_notes import OwnNote, Reader, build_private_note

VOTERS_CONTEXT = {"toot": "http://joinmastodon.org/ns#", "votersCount": "toot:votersCount"}


def build_direct_question(
    note: OwnNote, reader: Reader, options: Sequence[str], *, ends_at: datetime
) -> dict[str, Any]:
    """Return a private poll with one choice (AS2 `Question`).

    Mastodon lets whoever is mentioned vote, and sends the vote to the author's server alone.
    """
    document = build_private_note(note, reader)
    return document | {
        "@context": [*document["@context"], VOTERS_CONTEXT],
        "type": "Question",
        "endTime": timestamp(ends_at),
        "votersCount": 0,
        "oneOf": [
            {"type": "Note", "name": option, "replies": {"type": "Collection", "totalItems": 0}}
            for option in options
        ],
    }
