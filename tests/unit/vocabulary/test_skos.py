"""SKOS as others read it: parsed back by an RDF library and compared with the data."""

from datetime import UTC, datetime
from functools import cache

import orjson
import pytest
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import DCTERMS, OWL, RDF, SKOS

from libline_fed import vocabulary
from libline_fed.vocabulary import LABEL_LANGUAGES, LocalTerm, Scheme, skos
from libline_fed.vocabulary.concepts import ConceptList, read_concepts
from tests.unit.vocabulary.test_terms import file_of

BASE_URL = "https://lib.example"
BASE_URI = f"{BASE_URL}/vocabulary#"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BRAILLE = LocalTerm("x-braille", Scheme.AREA, "A0405", {"en": 'Braille "dots" \\ more', "sw": "Nukta"}, NOW)
SITE_NAME = 'The "Reading"\nRoom'
# rdflib's reader of JSON-LD uses what rdflib itself gives up.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
FORMS = pytest.mark.parametrize("form", ["turtle", "json-ld"])


def written(form: str, listed: list[skos.Subject]) -> Graph:
    """Write subjects in one form and read them back."""
    data = skos.to_turtle(listed) if form == "turtle" else orjson.dumps(skos.to_jsonld(listed)).decode()
    return Graph().parse(data=data, format=form)


@cache
def graph(form: str) -> Graph:
    """Return the whole vocabulary with one own term."""
    return written(form, skos.subjects(BASE_URL, SITE_NAME, [BRAILLE]))


def test_both_forms_say_the_same() -> None:
    turtle, json_ld = set(graph("turtle")), set(graph("json-ld"))
    assert len(turtle) > 2_000
    assert turtle == json_ld


@FORMS
def test_every_concept_is_in_exactly_one_scheme_and_complete(form: str) -> None:
    read = graph(form)
    expected = {
        vocabulary.term_uri(scheme, term_id): (scheme, term_id)
        for scheme in Scheme
        for term_id in vocabulary.concepts(scheme).concepts
    }
    published = {str(uri) for uri in read.subjects(RDF.type, SKOS.Concept)} - {f"{BASE_URI}x-braille"}
    assert published == set(expected)
    for uri, (scheme, term_id) in expected.items():
        subject = URIRef(uri)
        concept = vocabulary.concepts(scheme).concepts[term_id]
        assert list(read.objects(subject, SKOS.inScheme)) == [URIRef(skos.scheme_uri(scheme))]
        assert list(read.objects(subject, SKOS.notation)) == [Literal(term_id)]
        for predicate, texts in ((SKOS.prefLabel, concept.labels), (SKOS.definition, concept.helps)):
            found = set(read.objects(subject, predicate))
            assert found == {Literal(texts[language], lang=language) for language in LABEL_LANGUAGES}
        assert [str(link) for link in read.objects(subject, SKOS.closeMatch)] == list(concept.close_matches)


@FORMS
def test_broader_terms_lead_to_concepts_of_the_same_scheme_and_back(form: str) -> None:
    read = graph(form)
    pairs = set(read.subject_objects(SKOS.broader))
    assert len(pairs) == 60
    assert {(wide, narrow) for narrow, wide in pairs} == set(read.subject_objects(SKOS.narrower))
    for narrow, wide in pairs:
        assert (wide, RDF.type, SKOS.Concept) in read
        assert read.value(narrow, SKOS.inScheme) == read.value(wide, SKOS.inScheme)


@FORMS
def test_every_scheme_says_its_version_and_its_top_concepts(form: str) -> None:
    read = graph(form)
    tops = set(read.subject_objects(SKOS.topConceptOf))
    assert {(scheme, top) for top, scheme in tops} == set(read.subject_objects(SKOS.hasTopConcept))
    for scheme in Scheme:
        uri = URIRef(skos.scheme_uri(scheme))
        assert (uri, RDF.type, SKOS.ConceptScheme) in read
        assert read.value(uri, OWL.versionInfo) == Literal("1.0")
        assert len(set(read.objects(uri, DCTERMS.title))) == 4
        assert set(read.objects(uri, SKOS.hasTopConcept))
    placed = {top for top, _ in tops} | {narrow for narrow, _ in read.subject_objects(SKOS.broader)}
    assert placed == set(read.subjects(RDF.type, SKOS.Concept))


@FORMS
def test_own_terms_are_in_a_scheme_of_their_instance_and_map_to_a_published_one(form: str) -> None:
    read = graph(form)
    own, scheme = URIRef(f"{BASE_URI}x-braille"), URIRef(f"{BASE_URI}local")
    assert list(read.objects(own, SKOS.inScheme)) == [scheme]
    assert list(read.objects(own, SKOS.broadMatch)) == [URIRef(vocabulary.term_uri("area", "A0405"))]
    assert set(read.objects(own, SKOS.prefLabel)) == {
        Literal(text, lang=language) for language, text in BRAILLE.labels.items()
    }
    assert read.value(scheme, DCTERMS.title) == Literal(SITE_NAME)
    assert set(graph("turtle")) > set(written("turtle", skos.subjects(BASE_URL, SITE_NAME)))


@FORMS
def test_terms_that_were_given_up_name_their_successor(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given_up = read_concepts(file_of({"id": "G1", "replacedBy": "G2"}, {"id": "G2"}))

    def changed(scheme: str) -> ConceptList:
        return given_up if scheme == Scheme.GOAL else vocabulary.concepts(scheme)

    monkeypatch.setattr(skos, "concepts", changed)
    read = written(form, skos.subjects(BASE_URL, SITE_NAME))
    old, new = (URIRef(vocabulary.term_uri("goal", term_id)) for term_id in ("G1", "G2"))
    assert list(read.objects(old, DCTERMS.isReplacedBy)) == [new]
    assert read.value(old, OWL.deprecated) == Literal(True)
    assert read.value(new, OWL.deprecated) is None
    document = next(item for item in skos.to_json(BASE_URL)["schemes"] if item["scheme"] == "goal")
    assert document["terms"][0]["replacedBy"] == "G2"


def test_our_own_json_holds_the_whole_data() -> None:
    document = orjson.loads(orjson.dumps(skos.to_json(BASE_URL, [BRAILLE])))
    assert document["version"] == vocabulary.VERSION
    for written_scheme in document["schemes"]:
        known = vocabulary.concepts(written_scheme["scheme"])
        entries = [*written_scheme.get("groups", []), *written_scheme["terms"]]
        assert [entry["id"] for entry in entries] == list(known.concepts)
        for entry in entries:
            concept = known.concepts[entry["id"]]
            assert vocabulary.term_of_uri(entry["uri"]) == (known.scheme, concept.id)
            assert (entry["label"], entry["help"]) == (concept.labels, concept.helps)
            assert entry.get("broader") == concept.broader
    assert document["local"] == [
        {
            "id": "x-braille",
            "scheme": "area",
            "uri": f"{BASE_URI}x-braille",
            "broader": "A0405",
            "label": dict(BRAILLE.labels),
        }
    ]
