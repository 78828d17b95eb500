"""The vocabulary for readers and for programs, and the terms that this server adds to it."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response
from wtforms import StringField
from wtforms.validators import InputRequired

from libline_fed import vocabulary
from libline_fed.errors import InvalidInput
from libline_fed.services import vocabulary as own_terms
from libline_fed.services.site import Site
from libline_fed.vocabulary import LocalTerm, Scheme, Term, skos
from libline_fed.web.context import WebContext
from libline_fed.web.forms import PlainForm
from libline_fed.web.languages import N_
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, get, post
from libline_fed.web.visits import visit_of

MAX_ACCEPT_CHARACTERS = 1_000
HTML = "text/html"
KEPT_BY_ANYONE = "public, max-age=3600"

Write = Callable[[Site, Sequence[LocalTerm]], bytes]


def _write_json(site: Site, local: Sequence[LocalTerm]) -> bytes:
    return orjson.dumps(skos.to_json(site.uris.base_url, local))


def _write_jsonld(site: Site, local: Sequence[LocalTerm]) -> bytes:
    return orjson.dumps(skos.to_jsonld(skos.subjects(site.uris.base_url, site.name, local)))


def _write_turtle(site: Site, local: Sequence[LocalTerm]) -> bytes:
    return skos.to_turtle(skos.subjects(site.uris.base_url, site.name, local)).encode()


# How the vocabulary is given to programs: by media type, with the path that always gives this form.
FORMS: dict[str, tuple[str, Write]] = {
    "application/json": ("/vocabulary.json", _write_json),
    "application/ld+json": ("/vocabulary.jsonld", _write_jsonld),
    "text/turtle": ("/vocabulary.ttl", _write_turtle),
}


class TermForm(PlainForm):
    """A term of this server."""

    term_id = StringField(N_("Short name"), [InputRequired(N_("Write a short name, such as x-braille."))])
    broader_id = StringField(N_("Belongs to"), [InputRequired(N_("Choose one from the list."))])
    label_en = StringField()
    label_es = StringField()
    label_fr = StringField()
    label_ar = StringField()
    other_language = StringField(N_("Code of another language"))
    other_label = StringField(N_("Name in that language"))

    def labels(self) -> dict[str, str]:
        """Return the names that were written, by language."""
        written = {tag: self[f"label_{tag}"].data or "" for tag in vocabulary.LABEL_LANGUAGES}
        if (self.other_label.data or "").strip():
            written[(self.other_language.data or "").strip()] = self.other_label.data
        return {tag: text for tag, text in written.items() if text.strip()}

    def take_problems(self, error: InvalidInput) -> None:
        """Show the problems that the service found where they can be solved."""
        places = {"labels": "label_en", "language": "other_language"}
        for name, sentence in error.fields.items():
            at = self[places.get(name, name)]
            at.errors = [*at.errors, sentence]


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """Terms under one heading; the heading of a list without groups is None."""

    heading: Term | None
    terms: list[Term] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ShownScheme:
    """One list as the page shows it."""

    scheme: Scheme
    title: str
    help: str
    groups: list[ShownGroup]


class VocabularyPages(Pages):
    """The vocabulary, read and extended."""

    def __init__(self, context: WebContext) -> None:
        super().__init__(context)
        self._written: dict[str, tuple[list[tuple[str, datetime]], bytes, str]] = {}

    async def show(self, request: Request) -> Response:
        """Show the vocabulary to people, or give it in the form that a program asks for."""
        wanted = preferred(request.headers.get("accept", ""), (HTML, *FORMS))
        if wanted in FORMS:
            response = await self._give(request, wanted)
            response.headers["vary"] = "Accept"
            response.headers["content-location"] = FORMS[wanted][0]
            return response
        local = await self.store.read(own_terms.list_terms)
        tag = visit_of(request).language.tag
        response = self.render(
            request,
            "vocabulary/show.html",
            schemes=shown_schemes(tag, local),
            vocabulary_version=vocabulary.VERSION,
            forms=[(media_type, path) for media_type, (path, _) in FORMS.items()],
        )
        response.headers["vary"] += ", Accept"
        if response.headers["cache-control"] == "no-store":
            return response
        return _unless_known(request, response, _tag_of(bytes(response.body)))

    async def json(self, request: Request) -> Response:
        """Give the vocabulary in the form of the data files."""
        return await self._give(request, "application/json")

    async def jsonld(self, request: Request) -> Response:
        """Give the vocabulary as SKOS in JSON-LD."""
        return await self._give(request, "application/ld+json")

    async def turtle(self, request: Request) -> Response:
        """Give the vocabulary as SKOS in Turtle."""
        return await self._give(request, "text/turtle")

    async def manage(self, request: Request) -> Response:
        """List the terms of this server, or add one."""
        visit = visit_of(request)
        by, _ = visit.member()
        form = TermForm(visit.form if request.method == "POST" else None)
        if request.method == "POST" and form.validate():
            scheme, _, broader_id = form.broader_id.data.partition(":")
            now = self.now()
            try:
                await self.store.write(
                    lambda tx: own_terms.add(
                        tx,
                        by=by,
                        term_id=form.term_id.data.strip(),
                        scheme=scheme,
                        broader_id=broader_id,
                        labels=form.labels(),
                        now=now,
                    )
                )
                return self.redirect("/admin/vocabulary", notice="term-added")
            except InvalidInput as error:
                form.take_problems(error)
        listed, tag = await self.store.read(own_terms.list_terms), visit.language.tag
        return self.render(
            request,
            "vocabulary/own.html",
            status=422 if form.problems else 200,
            form=form,
            terms=[(term, vocabulary.label(term.scheme, term.broader_id, tag)) for term in listed],
            choices=broader_choices(tag),
            languages=vocabulary.LABEL_LANGUAGES,
        )

    async def remove(self, request: Request) -> Response:
        """Remove a term of this server that nobody uses."""
        by, _ = visit_of(request).member()
        term_id = request.path_params["term"]
        await self.store.write(lambda tx: own_terms.remove(tx, by=by, term_id=term_id))
        return self.redirect("/admin/vocabulary", notice="term-removed")

    async def _give(self, request: Request, media_type: str) -> Response:
        local = await self.store.read(own_terms.list_terms)
        # Terms are added and removed, never changed, so these say whether what was written is still true.
        state = [(term.id, term.created_at) for term in local]
        kept = self._written.get(media_type)
        if kept is None or kept[0] != state:
            body = FORMS[media_type][1](self.site, local)
            kept = self._written[media_type] = (state, body, _tag_of(body))
        headers = {
            "cache-control": KEPT_BY_ANYONE,
            "access-control-allow-origin": "*",
            "cross-origin-resource-policy": "cross-origin",
        }
        response = Response(kept[1], media_type=media_type, headers=headers)
        return _unless_known(request, response, kept[2])


def shown_schemes(language: str, local: Sequence[LocalTerm]) -> list[ShownScheme]:
    """Return every list with its terms in a language, areas by group, the instance's own terms among them."""
    shown: list[ShownScheme] = []
    for scheme in Scheme:
        known = vocabulary.concepts(scheme)
        groups = {
            concept.id: ShownGroup(
                Term(
                    concept.id,
                    vocabulary.in_language(concept.labels, language),
                    vocabulary.in_language(concept.helps, language),
                )
            )
            for concept in known.concepts.values()
            if concept.is_group
        }
        alone = ShownGroup(None)
        broader = {term.id: term.broader_id for term in local if term.scheme is scheme}
        for term in vocabulary.terms(scheme, language, local):
            group_id = vocabulary.group_of(broader.get(term.id, term.id)) or ""
            groups.get(group_id, alone).terms.append(term)
        title = vocabulary.in_language(known.titles, language)
        help_text = vocabulary.in_language(known.helps, language)
        shown.append(ShownScheme(scheme, title, help_text, [alone, *groups.values()]))
    return shown


def broader_choices(language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what an own term can belong to: (list or group, [("scheme:id", label), …])."""
    choices: list[tuple[str, list[tuple[str, str]]]] = []
    for shown in shown_schemes(language, ()):
        if shown.scheme not in vocabulary.EXTENSIBLE_SCHEMES:
            continue
        for group in shown.groups:
            heading, listed = shown.title, [*group.terms]
            if group.heading is not None:
                heading, listed = f"{shown.title}: {group.heading.label}", [group.heading, *group.terms]
            keys = [
                (f"{shown.scheme}:{term.id}", term.label)
                for term in listed
                if term.id != vocabulary.UNDECIDED_AREA
            ]
            if keys:
                choices.append((heading, keys))
    return choices


def preferred(accept_header: str, offered: Sequence[str]) -> str:
    """Return which media type a client would rather have; the first when it does not say or takes none.

    Of equally wanted ones the one that is offered first. RFC 9110 §12.5.1.
    """
    ranges = [_media_range(part) for part in accept_header[:MAX_ACCEPT_CHARACTERS].split(",") if part.strip()]
    best = max(offered, key=lambda media_type: _quality(media_type, ranges))
    return best if _quality(best, ranges) > 0 else offered[0]


def _media_range(text: str) -> tuple[str, float]:
    media_type, *parameters = text.split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return media_type.strip().lower(), float(value)
            except ValueError:
                break
    return media_type.strip().lower(), 1.0


def _quality(media_type: str, ranges: list[tuple[str, float]]) -> float:
    """Return the weight of the most specific range that covers a type, or 0."""
    main_type = media_type.partition("/")[0]
    for covering in (media_type, f"{main_type}/*", "*/*"):
        weights = [weight for name, weight in ranges if name == covering]
        if weights:
            return max(weights)
    return 0.0


def _tag_of(body: bytes) -> str:
    # weak, because the layer that compresses changes the bytes but not what they say (RFC 9110 §8.8.1)
    return f'W/"{hashlib.sha256(body).hexdigest()[:24]}"'


def _unless_known(request: Request, response: Response, tag: str) -> Response:
    """Answer 304 to a client that has this already (RFC 9110 §13.1.2)."""
    response.headers["etag"] = tag
    known = [one.strip() for one in request.headers.get("if-none-match", "").split(",")]
    if tag not in known and "*" not in known:
        return response
    headers = {
        name: value for name, value in response.headers.items() if not name.startswith("content-")
    }
    return Response(status_code=304, headers=headers)


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = VocabularyPages(context)
    return [
        get("/vocabulary", pages.show, Access.EVERYONE),
        get("/vocabulary.json", pages.json, Access.EVERYONE),
        get("/vocabulary.jsonld", pages.jsonld, Access.EVERYONE),
        get("/vocabulary.ttl", pages.turtle, Access.EVERYONE),
        form_page("/admin/vocabulary", pages.manage, Access.ADMIN),
        post("/admin/vocabulary/{term}/remove", pages.remove, Access.ADMIN),
    ]
