"""What the documents say must be so: paths exist, packages are named, generated pages are fresh."""

import csv
import json
import re
import tomllib
from pathlib import Path

import pytest

from scripts import reference

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
CITED = re.compile(
    r"\b(RFC ?\d{3,5}(?:bis)?|FEP-[0-9a-f]{4}|vc-di-eddsa|draft-cavage|UTS 46|NIST SP 800-38D)"
    r"|\b(AP|AS2|ActivityPub) §"
)
FULL_NAMES = {
    "AP": "ActivityPub",
    "AS2": "ActivityStreams 2.0",
    "draft-cavage": "draft-cavage-http-signatures-12",
}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def standards() -> list[dict[str, str]]:
    with (ROOT / "docs/standards.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_every_path_that_the_architecture_names_exists() -> None:
    text = text_of("docs/architecture.md")
    paths = re.findall(
        r"`((?:libline_fed|templates|migrations|scripts|requirements|tests|docs)/[^`*]*)`", text
    )
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_architecture_names_every_package() -> None:
    text = text_of("docs/architecture.md")
    packages = [path.parent.name for path in (ROOT / "libline_fed").glob("*/__init__.py")]
    assert len(packages) >= 9
    assert [name for name in packages if f"`libline_fed/{name}`" not in text] == []


def test_the_architecture_draws_the_floors_that_are_proven() -> None:
    from tests.test_floors import FLOORS

    drawn = text_of("docs/architecture.md").split("```")[1]
    for number, rooms in enumerate(FLOORS):
        line = next(line for line in drawn.splitlines() if line.startswith(f"{number} "))
        for room in rooms - {"__init__", "__main__", "api"}:
            assert re.search(rf"\b{room}\b", line), f"{room} is not on the drawn floor {number}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_named_modules_scripts_and_tests_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    rooms = "|".join(sorted(entry.name for entry in (ROOT / "libline_fed").iterdir() if entry.is_dir()))
    for name in re.findall(rf"`((?:{rooms})/[a-z0-9_/]+\.py)`", text):
        assert (ROOT / "libline_fed" / name).exists(), name
    for name in re.findall(r"\b(scripts/[a-z-]+|tests/[a-z0-9_/]+\.py|libline_fed/[a-z0-9_/]+\.py)\b", text):
        assert (ROOT / name).exists(), name


def test_every_command_that_a_document_names_exists() -> None:
    known = set(re.findall(r"^## `libline ([^`]+)`$", reference.commands_page(), re.MULTILINE))
    groups = {name.partition(" ")[0] for name in known}
    for path in DOCUMENTS:
        for name in re.findall(
            r"(?:`|^|bin/)libline ([a-z]+(?: [a-z]+)?)", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert name in known or name.partition(" ")[0] in known | groups, f"{path.name}: libline {name}"


def test_every_setting_that_a_document_names_exists() -> None:
    known = set(re.findall(r"LIBLINE_[A-Z_]+", reference.settings_page()))
    for path in DOCUMENTS:
        named = set(re.findall(r"LIBLINE_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8")))
        assert {name for name in named if not name.startswith("LIBLINE_TEST")} <= known, path.name


@pytest.mark.parametrize("name", reference.PAGES)
def test_generated_documents_are_fresh(name: str) -> None:
    assert text_of(name) == reference.PAGES[name](), "run scripts/generate-docs"


def test_every_standard_that_the_code_cites_is_listed() -> None:
    listed = {row["standard"] for row in standards()}
    missing = set()
    for path in (ROOT / "libline_fed").rglob("*.py"):
        for match in CITED.finditer(path.read_text(encoding="utf-8")):
            name = re.sub(r"^RFC ?", "RFC ", match[1] or match[2])
            if FULL_NAMES.get(name, name) not in listed:
                missing.add(f"{name} ({path.name})")
    assert missing == set()


def test_listed_standards_name_code_that_exists() -> None:
    for row in standards():
        assert row["status"] in {"yes", "partial", "no"}, row
        assert not row["where"] or (ROOT / "libline_fed" / row["where"]).exists(), row
        assert row["where"] or row["status"] == "no" or row["standard"] == "FEP-67ff", row


def test_federation_names_every_fep_that_is_listed_as_done() -> None:
    text = text_of("FEDERATION.md")
    for row in standards():
        if row["standard"].startswith("FEP-") and row["status"] != "no":
            assert row["standard"].removeprefix("FEP-") in text, row


def test_the_sample_in_federation_is_what_the_reader_accepts() -> None:
    from libline_fed.activitypub.objects import ProposalDocument
    from libline_fed.activitypub.parse import parse_object

    sample = json.loads(text_of("FEDERATION.md").split("```json\n")[1].split("```")[0])
    assert isinstance(parse_object(sample), ProposalDocument)


def test_the_limits_in_federation_are_those_of_the_code() -> None:
    from libline_fed.activitypub import wire
    from libline_fed.federation import fetch, http_client
    from libline_fed.jobs import retry
    from libline_fed.sanitize import MAX_HTML_CHARACTERS

    text = text_of("FEDERATION.md")
    assert (wire.MAX_BODY_BYTES, wire.MAX_DEPTH, wire.MAX_KEYS, wire.MAX_ITEMS) == (1 << 20, 32, 5_000, 1_000)
    assert "1 MB, nesting 32, 5,000 keys, 1,000 items in a list" in text
    assert f"{http_client.FETCH_S:.0f} s in all, {fetch.MAX_REDIRECTS} redirects" in text
    assert f"{MAX_HTML_CHARACTERS:,} characters" in text
    assert retry.STEPS_S == (0, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
    assert f"daily for {retry.HORIZON_S // 86_400} days ({retry.DELETE_HORIZON_S // 86_400} for a" in text


def test_decisions_are_numbered_without_gaps_and_short() -> None:
    paths = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in paths] == list(range(1, len(paths) + 1))
    for path in paths:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 40, path.name
        assert lines[0].startswith(f"# {int(path.name[:4])}. "), path.name
        text = "\n".join(lines)
        assert "**Context.**" in text, path.name
        assert "**Choice.**" in text, path.name
        assert "**Given up.**" in text, path.name


def test_the_licence_is_the_whole_agpl_and_is_named_everywhere() -> None:
    licence = text_of("LICENSE")
    assert licence.startswith(
        "                    GNU AFFERO GENERAL PUBLIC LICENSE\n                       Version 3"
    )
    assert len(licence) == 34_523
    assert tomllib.loads(text_of("pyproject.toml"))["project"]["license"] == "AGPL-3.0-or-later"


def test_requirements_are_pinned_with_hashes_and_name_no_index() -> None:
    declared = tomllib.loads(text_of("pyproject.toml"))["project"]
    for name, wanted in (
        ("runtime", declared["dependencies"]),
        ("test", declared["dependencies"] + declared["optional-dependencies"]["test"]),
    ):
        text = text_of(f"requirements/{name}.txt")
        pins = re.findall(
            r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==\S+(?: ; [^\\]+)? \\\n    --hash=sha256:", text, re.MULTILINE
        )
        assert len(pins) == len(re.findall(r"^\S+==", text, re.MULTILINE))
        assert "://" not in text
        assert "index-url" not in text
        for requirement in wanted:
            package = re.split(r"[\[<>=]", requirement)[0].lower().replace("_", "-")
            assert package in pins, f"{package}: run scripts/pin"
