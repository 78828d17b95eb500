"""Puts the examples into docs/protocol.md, and writes them whole to docs/protocol-examples.json."""

import copy
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from libline_fed.activitypub.build import build_activity
from libline_fed.activitypub.contexts import AGREEMENT_CONTEXT, LIBLINE
from libline_fed.activitypub.moves import move_extras
from libline_fed.activitypub.private_notes import PRIVATE_CONTEXT
from scripts.conversations import NOW, Document, examples

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/protocol.md"
END = "<!-- end of example -->"
_SLOT = re.compile(rf"<!-- (example|context): ([a-z-]+)((?: [A-Za-z.@]+)*) -->\n.*?{END}", re.DOTALL)
_CONTEXTS: dict[str, tuple[Any, ...]] = {"agreement": AGREEMENT_CONTEXT, "private": PRIVATE_CONTEXT}
_OF_FEP_0837 = ("type", "id", "stipulates")  # of an Agreement


def protocol_page() -> str:
    """Return docs/protocol.md with its examples as the code makes them now."""
    return _SLOT.sub(_filled, PAGE.read_text(encoding="utf-8"))


def examples_page() -> str:
    """Return docs/protocol-examples.json."""
    return json.dumps(all_examples(), indent=1, ensure_ascii=False) + "\n"


def shown_names() -> set[str]:
    """Return the names of the examples that the page shows."""
    slots = _SLOT.finditer(PAGE.read_text(encoding="utf-8"))
    return {slot[2] for slot in slots if slot[1] == "example"}


@cache
def all_examples() -> dict[str, Document]:
    """Return every example by name: what was said, and what follows from it."""
    said = examples()
    plain_offer, plain_accept = (_plain(said[name]) for name in ("offer", "accept"))
    return {**said, "move": _moved(said), "plain-offer": plain_offer, "plain-accept": plain_accept}


def _moved(said: dict[str, Document]) -> Document:
    """Return what Ana's server says when Ben goes on with an account on c.example."""
    agreement = said["update-terms"]
    [ben_uri] = agreement["to"]
    new_uri = ben_uri.replace("b.example", "c.example")
    extras = move_extras(
        origin_uri=ben_uri,
        target_uri=new_uri,
        mentor_uri=agreement["actor"],
        thread_uri=said["offer"]["context"],
        title="Cataloguing with RDA",
        purpose="offer",
    )
    return build_activity(
        "Move",
        uri=agreement["id"].replace("7000", "7001"),
        actor_uri=agreement["actor"],
        object={key: value for key, value in agreement["object"].items() if key != "@context"},
        to=[new_uri],
        published_at=NOW,
        **{"@context": list(AGREEMENT_CONTEXT), **extras},
    )


def _plain(activity: Document) -> Document:
    """Return an activity with only the words that FEP-0837 has."""
    document = copy.deepcopy(activity)
    for name in ("published", "target", "contentMap", "content", "context", "cc"):
        document.pop(name, None)
    [document["to"]] = document["to"]
    for name in ("object", "result"):
        if isinstance(document.get(name), dict):
            document[name] = {key: value for key, value in document[name].items() if key in _OF_FEP_0837}
    base, words = document["@context"]
    is_ours = re.compile(rf"ll:|{re.escape(LIBLINE)}|vf:purpose").search
    document["@context"] = [base, {name: term for name, term in words.items() if not is_ours(str(term))}]
    return document


def _filled(slot: re.Match[str]) -> str:
    kind, name, only = slot[1], slot[2], slot[3].split()
    shown: Any = _CONTEXTS[name] if kind == "context" else _part(all_examples()[name], only)
    text = json.dumps(shown, indent=2, ensure_ascii=False)
    return f"<!-- {kind}: {name}{slot[3]} -->\n```json\n{text}\n```\n{END}"


def _part(document: Document, only: list[str]) -> Document:
    """Return a document without its context, or only the parts that paths such as `object.terms` name."""
    if not only:
        return {name: value for name, value in document.items() if name != "@context"}
    part: Document = {}
    for path in only:
        *way, last = path.split(".")
        source, target = document, part
        for name in way:
            source, target = source[name], target.setdefault(name, {})
        target[last] = source[last]
    return part
