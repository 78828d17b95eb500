"""Posts and proposals of other servers to typed values. Same rules as `parse`; import them from there."""

import re
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import Any

from libline_fed.activitypub.build_details import not_help_html
from libline_fed.activitypub.objects import Mention, NoteDocument, ProposalDocument
from libline_fed.activitypub.parse_details import areas_and_details_of
from libline_fed.activitypub.private_notes import parse_item
from libline_fed.activitypub.urls import host_of, is_link
from libline_fed.activitypub.values import (
    count_of,
    is_true,
    line_of,
    many,
    moment_of,
    objects,
    recipients_of,
    text_of,
    type_of,
    types_of,
    uri_of,
    uris_of,
    url_of,
)
from libline_fed.domain.proposals import MODES, Purpose, Status
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.sanitize import plain_text, sanitize_html, text_to_html
from libline_fed.vocabulary import MENTORSHIP_URI, canonical_language

NOTE_TYPES = frozenset(
    {
        "Note",
        "Question",
        "Article",
        "Page",
        "Event",
        "Document",
        "Image",
        "Audio",
        "Video",
        "ChatMessage",
        "Proposal",
        "Answer",  # what Akkoma calls a vote
    }
)
_VOTE_TYPES = frozenset({"Note", "Answer"})
# On these, `summary` is a content warning; on longer works it is an abstract.
_SHORT_TYPES = frozenset({"Note", "Question", "ChatMessage"})
MAX_TITLE_CHARACTERS = 500
MAX_VOTE_CHARACTERS = 500
MAX_TAGS = 100
MAX_TAG_CHARACTERS = 100
MAX_PROPOSAL_TITLE_CHARACTERS = 200
MAX_LANGUAGES = 20
_TEXT_TYPES = ("text/markdown", "text/plain")
_HASHTAG = re.compile(r"[^\s#\x00-\x20\"<>]+\Z")


def parse_note(doc: Any) -> NoteDocument | Refusal:
    """Read a post of any kind that carries text."""
    if not isinstance(doc, dict):
        return Refusal(RefusalReason.BAD_SHAPE, "not an object")
    uri = uri_of(doc.get("id"))
    type_ = type_of(doc.get("type"), NOTE_TYPES)
    if uri is None or type_ not in NOTE_TYPES:
        return Refusal(RefusalReason.BAD_SHAPE, "not a post")
    author_uri = _author_of(doc.get("attributedTo"))
    if author_uri is None:
        return Refusal(RefusalReason.BAD_SHAPE, "no single author")
    content, language = _content_of(doc)
    name = line_of(doc.get("name"), MAX_TITLE_CHARACTERS)  # plain text, AS2 §4.2
    warning = ""
    if type_ in _SHORT_TYPES:
        warning = line_of(_without_tags(doc.get("summary")), MAX_TITLE_CHARACTERS)
    in_reply_to_uri = uri_of(doc.get("inReplyTo"))
    is_vote = type_ in _VOTE_TYPES and bool(name) and not content and in_reply_to_uri is not None
    mentions, hashtags = _tags_of(doc.get("tag"))
    url = url_of(doc.get("url"))
    return NoteDocument(
        uri=uri,
        type=type_,
        author_uri=author_uri,
        url=url if url is not None and is_link(url) else None,
        title="" if is_vote else name or warning,
        content_html=_html_of(content, doc.get("mediaType")) if content else "",
        language=language,
        published_at=moment_of(doc.get("published")),
        updated_at=moment_of(doc.get("updated")),
        to=recipients_of(doc.get("to")),
        cc=recipients_of(doc.get("cc")),
        in_reply_to_uri=in_reply_to_uri,
        context_uri=uri_of(doc.get("context")) or uri_of(doc.get("conversation")),
        mentions=mentions,
        hashtags=hashtags,
        is_sensitive=is_true(doc.get("sensitive")) or bool(warning),
        poll_vote=name[:MAX_VOTE_CHARACTERS] if is_vote else None,
        item=parse_item(doc),
        audience=uris_of(doc.get("audience")),
    )


def parse_proposal(doc: Any) -> ProposalDocument | None:
    """Read a mentoring offer or request; None when the document is anything else.

    It is one iff it is a Note or Proposal with `purpose`, and publishes an Intent to `deliverService` that
    conforms to the mentorship IRI and is a part of the document itself (FEP-0837, FEP-fe34; our profile of
    both).
    """
    if not isinstance(doc, dict) or not {"Note", "Proposal"} & set(types_of(doc.get("type"))):
        return None
    purpose = doc.get("purpose")
    intent = _intent_of(doc)
    if not isinstance(purpose, str) or purpose not in list(Purpose) or intent is None:
        return None
    note = parse_note(doc)
    if isinstance(note, Refusal):
        return None
    title = line_of(doc.get("title"), MAX_PROPOSAL_TITLE_CHARACTERS) or note.title
    title = title or line_of(plain_text(note.content_html).partition("\n")[0], MAX_PROPOSAL_TITLE_CHARACTERS)
    if not title:
        return None
    status = doc.get("proposalStatus", Status.OPEN)
    languages = _languages_of(doc.get("availableLanguage"))
    areas, details = areas_and_details_of(doc, intent, note.language)
    places_free_count = count_of(intent.get("availableQuantity"), 1)
    return ProposalDocument(
        note=replace(note, content_html=_body_of(note, title, details)),
        purpose=purpose,
        title=title[:MAX_PROPOSAL_TITLE_CHARACTERS],
        # An unknown state is one in which we cannot say that it is open.
        status=status if isinstance(status, str) and status in list(Status) else Status.PAUSED.value,
        revision=count_of(doc.get("revision"), 0),
        areas=areas,
        languages=languages or ((note.language,) if note.language else ()),
        modes=_modes_of(doc.get("modality")),
        places_count=max(count_of(doc.get("places"), 0), places_free_count),
        places_free_count=places_free_count,
        waiting_count=count_of(doc.get("waiting"), 0),
        open_until_at=moment_of(doc.get("endTime")),
        intent_uri=uri_of(intent.get("id")),
        details=details,
    )


def _author_of(value: Any) -> str | None:
    """Return the one author. Video servers list a channel, a Group, beside the person: then the Person."""
    if isinstance(value, list) and len(value) > 1:
        people = [item for item in value if isinstance(item, dict) and item.get("type") == "Person"]
        if len(people) != 1 or not all(isinstance(item, dict) for item in value):
            return None
        value = people[0]
    return uri_of(value)


def _content_of(doc: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the raw text and its language: `content` with the key of `contentMap` that holds the same text.

    Lemmy and WordPress name the language elsewhere; servers that do not know it write `und`.
    """
    content = text_of(doc.get("content"))
    content_map = doc.get("contentMap")
    if isinstance(content_map, dict):
        texts = {tag: text for tag, text in content_map.items() if isinstance(text, str) and text}
        tag = next((tag for tag, text in texts.items() if text == content), next(iter(texts), None))
        if tag is not None:
            return content or texts[tag], canonical_language(tag)
    named = doc.get("language")
    if isinstance(named, dict):
        named = named.get("identifier")
    return content, canonical_language(named) if isinstance(named, str) else None


def _html_of(content: str, media_type: Any) -> str:
    """Return safe HTML; PeerTube and others send Markdown or plain text and say so (AS2 §4.5 `mediaType`)."""
    return text_to_html(content) if media_type in _TEXT_TYPES else sanitize_html(content)


def _without_tags(value: Any) -> str:
    text = text_of(value)
    return plain_text(text[:4_096]).replace("\n", " ") if "<" in text else text


def _tags_of(value: Any) -> tuple[tuple[Mention, ...], tuple[str, ...]]:
    mentions: dict[str, Mention] = {}
    hashtags: dict[str, None] = {}
    for item in objects(value):
        kind = item.get("type")
        name = line_of(item.get("name"), 512)
        if kind == "Mention":
            href = item.get("href")
            if isinstance(href, str) and host_of(href) is not None and len(mentions) < MAX_TAGS:
                mentions.setdefault(href, Mention(href=href, name=name))
        elif kind == "Hashtag":
            name = name.removeprefix("#")
            if len(name) <= MAX_TAG_CHARACTERS and _HASHTAG.match(name) and len(hashtags) < MAX_TAGS:
                hashtags.setdefault(name)
    return tuple(mentions.values()), tuple(hashtags)


def _intent_of(doc: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the published mentorship Intent if it is anonymous or a fragment of the document (FEP-fe34)."""
    uri = uri_of(doc.get("id"))
    for intent in objects(doc.get("publishes")):
        conforms = many(intent.get("resourceConformsTo"))
        intent_id = intent.get("id")
        if (
            "Intent" in types_of(intent.get("type"))
            and intent.get("action") == "deliverService"
            and any(item == MENTORSHIP_URI or uri_of(item) == MENTORSHIP_URI for item in conforms)
            and uri is not None
            and (intent_id is None or (isinstance(intent_id, str) and intent_id.startswith(uri + "#")))
        ):
            return intent
    return None


def _languages_of(value: Any) -> tuple[str, ...]:
    tags = (canonical_language(item) for item in many(value) if isinstance(item, str))
    return tuple(dict.fromkeys(tag for tag in tags if tag is not None))[:MAX_LANGUAGES]


def _modes_of(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for item in many(value) if isinstance(item, str) and item in MODES))


def _body_of(note: NoteDocument, title: str, details: Mapping[str, Any]) -> str:
    """Return the text without what its server put around it: title before, link to itself and hashtags after.

    So is what the author cannot help with, which is a fact of its own.

    Other software shows only `content`, so a proposal repeats its fields there; here the fields themselves
    are shown.
    """
    body = note.content_html.removeprefix(f"<p><strong>{escape(title, quote=False)}</strong></p>")
    while body.endswith("</p>"):
        start = body.rfind("<p>")
        last = body[start + 3 : -4] if start >= 0 else ""
        if not _is_wrapping(last, note):
            break
        body = body[:start]
    return body.removesuffix(sanitize_html(not_help_html(details.get("not_help_text", ""), note.language)))


def _is_wrapping(paragraph_html: str, note: NoteDocument) -> bool:
    own = [f'href="{escape(address)}"' for address in (note.uri, note.url) if address]
    if any(address in paragraph_html for address in own):
        return True
    words = plain_text(paragraph_html).split()
    return (
        bool(words) and 'class="mention hashtag"' in paragraph_html and all(word[:1] == "#" for word in words)
    )
