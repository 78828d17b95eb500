"""The vocabulary for other programs: one JSON document of our own form, and SKOS as JSON-LD and Turtle.

SKOS is built once, as subjects with their statements, and written twice, so that both forms say the same.
Terms of one instance stand in a scheme of their own, under that instance's address: the published schemes
belong to nobody alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libline_fed.vocabulary.concepts import BASE_URI, Concept, ConceptList, Scheme, concepts
from libline_fed.vocabulary.extensions import LocalTerm

PREFIXES = {
    "dcterms": "http://purl.org/dc/terms/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
}
# Terms whose values are texts by language, and terms whose values are URIs, in the JSON-LD context.
_BY_LANGUAGE = {"title": "dcterms:title", "prefLabel": "skos:prefLabel", "definition": "skos:definition"}
_LINKS = {
    "inScheme": "skos:inScheme",
    "topConceptOf": "skos:topConceptOf",
    "hasTopConcept": "skos:hasTopConcept",
    "broader": "skos:broader",
    "narrower": "skos:narrower",
    "broadMatch": "skos:broadMatch",
    "closeMatch": "skos:closeMatch",
    "isReplacedBy": "dcterms:isReplacedBy",
}
_PLAIN = {
    "notation": "skos:notation",
    "name": "dcterms:title",  # a title whose language nobody knows
    "versionInfo": "owl:versionInfo",
    "deprecated": "owl:deprecated",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """One concept or concept scheme, with what is said of it by the names of the JSON-LD context."""

    uri: str
    kind: str  # "Concept" or "ConceptScheme"
    texts: Mapping[str, Mapping[str, str]]
    links: Mapping[str, Sequence[str]]
    values: Mapping[str, str | bool]


def scheme_uri(scheme: str) -> str:
    """Return the URI of a published scheme."""
    return BASE_URI + scheme


def local_scheme_uri(base_url: str) -> str:
    """Return the URI of the scheme that holds one instance's own terms."""
    return f"{base_url}/vocabulary#local"


def local_term_uri(base_url: str, term_id: str) -> str:
    """Return the URI of a term of one instance; it leads to the term on that instance's page."""
    return f"{base_url}/vocabulary#{term_id}"


def subjects(base_url: str, site_name: str, local: Sequence[LocalTerm] = ()) -> list[Subject]:
    """Return every scheme and concept, published ones first, then those of the instance at `base_url`."""
    listed: list[Subject] = []
    for scheme in Scheme:
        known = concepts(scheme)
        listed.append(_scheme_subject(known))
        listed += [_concept_subject(known, concept) for concept in known.concepts.values()]
    return listed + _local_subjects(base_url, site_name, local)


def to_json(base_url: str, local: Sequence[LocalTerm] = ()) -> dict[str, Any]:
    """Return the vocabulary in the form of the data files, with URIs."""
    own = [
        {
            "id": term.id,
            "scheme": term.scheme,
            "uri": local_term_uri(base_url, term.id),
            "broader": term.broader_id,
            "label": dict(term.labels),
        }
        for term in local
    ]
    return {
        "version": concepts(Scheme.AREA).version,
        "base": BASE_URI,
        "schemes": [_scheme_json(concepts(scheme)) for scheme in Scheme],
        "local": own,
    }


def to_jsonld(listed: Iterable[Subject]) -> dict[str, Any]:
    """Write SKOS as a JSON-LD document, its context within it (JSON-LD 1.1 §4.6: language maps)."""
    context: dict[str, Any] = dict(PREFIXES)
    context |= {kind: f"skos:{kind}" for kind in ("Concept", "ConceptScheme")}
    context |= {name: {"@id": full, "@container": "@language"} for name, full in _BY_LANGUAGE.items()}
    context |= {name: {"@id": full, "@type": "@id"} for name, full in _LINKS.items()}
    context |= _PLAIN
    graph = [
        {
            "@id": subject.uri,
            "@type": subject.kind,
            **{name: dict(texts) for name, texts in subject.texts.items()},
            **{name: uris[0] if len(uris) == 1 else list(uris) for name, uris in subject.links.items()},
            **subject.values,
        }
        for subject in listed
    ]
    return {"@context": context, "@graph": graph}


def to_turtle(listed: Iterable[Subject]) -> str:
    """Write SKOS as RDF 1.1 Turtle."""
    lines = [f"@prefix {prefix}: <{uri}> ." for prefix, uri in PREFIXES.items()]
    for subject in listed:
        said = [f"a skos:{subject.kind}"]
        for name, texts in subject.texts.items():
            objects = [f"{_quoted(text)}@{language}" for language, text in texts.items()]
            said.append(f"{_BY_LANGUAGE[name]} " + ", ".join(objects))
        said += [f"{_LINKS[name]} " + ", ".join(map(_iri, uris)) for name, uris in subject.links.items()]
        said += [f"{_PLAIN[name]} {_literal(value)}" for name, value in subject.values.items()]
        lines += ["", f"{_iri(subject.uri)}", "    " + " ;\n    ".join(said) + " ."]
    return "\n".join(lines) + "\n"


def _scheme_subject(known: ConceptList) -> Subject:
    uri = scheme_uri(known.scheme)
    tops = [f"{uri}/{concept.id}" for concept in known.concepts.values() if concept.broader is None]
    return Subject(
        uri,
        "ConceptScheme",
        {"title": known.titles, "definition": known.helps},
        {"hasTopConcept": tops},
        {"versionInfo": known.version},
    )


def _concept_subject(known: ConceptList, concept: Concept) -> Subject:
    uri = scheme_uri(known.scheme)
    links: dict[str, Sequence[str]] = {"inScheme": [uri]}
    if concept.broader is None:
        links["topConceptOf"] = [uri]
    else:
        links["broader"] = [f"{uri}/{concept.broader}"]
    narrower = [f"{uri}/{other.id}" for other in known.concepts.values() if other.broader == concept.id]
    if narrower:
        links["narrower"] = narrower
    if concept.close_matches:
        links["closeMatch"] = concept.close_matches
    values: dict[str, str | bool] = {"notation": concept.id}
    if concept.replaced_by is not None:
        links["isReplacedBy"] = [f"{uri}/{concept.replaced_by}"]
        values["deprecated"] = True
    texts = {"prefLabel": concept.labels, "definition": concept.helps}
    return Subject(f"{uri}/{concept.id}", "Concept", texts, links, values)


def _local_subjects(base_url: str, site_name: str, local: Sequence[LocalTerm]) -> list[Subject]:
    if not local:
        return []
    uri = local_scheme_uri(base_url)
    tops = [local_term_uri(base_url, term.id) for term in local]
    scheme = Subject(uri, "ConceptScheme", {}, {"hasTopConcept": tops}, {"name": site_name})
    return [scheme, *(_local_subject(base_url, uri, term) for term in local)]


def _local_subject(base_url: str, in_scheme: str, term: LocalTerm) -> Subject:
    # A mapping, not a hierarchy, because the two are in different schemes (SKOS Reference §10.6.1).
    links = {
        "inScheme": [in_scheme],
        "topConceptOf": [in_scheme],
        "broadMatch": [f"{scheme_uri(term.scheme)}/{term.broader_id}"],
    }
    uri = local_term_uri(base_url, term.id)
    return Subject(uri, "Concept", {"prefLabel": term.labels}, links, {"notation": term.id})


def _scheme_json(known: ConceptList) -> dict[str, Any]:
    written: dict[str, Any] = {
        "scheme": known.scheme,
        "uri": scheme_uri(known.scheme),
        "title": dict(known.titles),
        "help": dict(known.helps),
    }
    groups = [_concept_json(concept) for concept in known.concepts.values() if concept.is_group]
    if groups:
        written["groups"] = groups
    written["terms"] = [_concept_json(item) for item in known.concepts.values() if not item.is_group]
    return written


def _concept_json(concept: Concept) -> dict[str, Any]:
    written: dict[str, Any] = {"id": concept.id, "uri": f"{scheme_uri(concept.scheme)}/{concept.id}"}
    if concept.broader is not None:
        written["broader"] = concept.broader
    if concept.replaced_by is not None:
        written["replacedBy"] = concept.replaced_by
    if concept.close_matches:
        written["closeMatch"] = list(concept.close_matches)
    return written | {"label": dict(concept.labels), "help": dict(concept.helps)}


def _iri(uri: str) -> str:
    return f"<{uri}>"  # our own and those of the data files: none holds what RDF 1.1 Turtle §6.4 forbids


def _literal(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else _quoted(value)


def _quoted(text: str) -> str:
    # RDF 1.1 Turtle §6.4: these cannot stand as they are in a short literal
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(plain, escaped)
    return f'"{text}"'
