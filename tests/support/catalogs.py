"""Finds every message that pages, mail and services show to people, and keeps the catalogs in step.

Run `python -m tests.support.catalogs` after changing a text: it updates every `messages.po` and prints
what still has to be translated. The tests use the same search, so nothing can be forgotten.
"""

import ast
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent.parent
LOCALE_DIR = ROOT / "libline_fed" / "locale"
TAGS = ("es", "fr", "ar")
KEYWORDS = {"translate": None, "_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
TEMPLATE_OPTIONS = {"trimmed": "false", "silent": "false"}
# services and rules raise plain sentences, which the pages translate when they show them
WRITTEN_ON = datetime(2026, 11, 24, tzinfo=UTC)
SPEAKING = ("domain", "services", "web", "federation", "mail")


def path_of(tag: str) -> Path:
    """Return the catalog of a language."""
    return LOCALE_DIR / tag / "LC_MESSAGES" / "messages.po"


def read(tag: str) -> Catalog:
    """Return a catalog as it is in the tree."""
    with path_of(tag).open("rb") as file:
        return read_po(file, locale=tag)


def extract() -> Catalog:
    """Return every message of the program, with the places where it stands."""
    catalog = Catalog(project="LibLine", charset="utf-8", fuzzy=False)
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for line, message, _, _ in extract_from_file(
            "jinja2",
            path,
            keywords=KEYWORDS,
            options=TEMPLATE_OPTIONS,  # type: ignore[arg-type]
        ):
            catalog.add(message, locations=[(path.relative_to(ROOT).as_posix(), line)])
    for room in SPEAKING:
        for path in sorted((ROOT / "libline_fed" / room).rglob("*.py")):
            where = path.relative_to(ROOT).as_posix()
            for line, message, _, _ in extract_from_file("python", path, keywords=KEYWORDS):  # type: ignore[arg-type]
                catalog.add(message, locations=[(where, line)])
            for line, sentence in sentences_of(ast.parse(path.read_text(encoding="utf-8"))):
                catalog.add(sentence, locations=[(where, line)])
    for line, sentence in sentences_of(
        ast.parse((ROOT / "libline_fed" / "errors.py").read_text(encoding="utf-8"))
    ):
        catalog.add(sentence, locations=[("libline_fed/errors.py", line)])
    return catalog


def sentences_of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield what people read without `_()`: `safe=…`, `InvalidInput({…: "…"})`, `problem = …` and guards."""
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        said: list[ast.expr] = []
        if isinstance(node, ast.keyword) and node.arg == "safe":
            said = [node.value]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "InvalidInput" and node.args:
            said = list(node.args[0].values) if isinstance(node.args[0], ast.Dict) else []
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_guard":
            said = node.args[1:2]
        elif isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "_OBSTACLES":
            said = list(node.value.values) if isinstance(node.value, ast.Dict) else []
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            said = [node.value] if any(_is_problem(target) for target in targets) else []
        for value in said:
            yield from _strings(constants.get(value.id, value) if isinstance(value, ast.Name) else value)


def _is_problem(target: ast.expr) -> bool:
    if isinstance(target, ast.Subscript):
        target = target.value
    return isinstance(target, ast.Name) and target.id in {"problem", "problems", "safe"}


def _strings(node: ast.expr) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
        yield node.lineno, node.value
    elif isinstance(node, ast.IfExp):
        yield from _strings(node.body)
        yield from _strings(node.orelse)


def write(tag: str, catalog: Catalog) -> None:
    """Put a catalog into the tree, without what changes at every run."""
    catalog.project, catalog.version, catalog.fuzzy = "LibLine", "1", False
    catalog.last_translator = catalog.language_team = catalog.msgid_bugs_address = "LibLine"
    catalog.creation_date = catalog.revision_date = WRITTEN_ON
    catalog.header_comment = f"# LibLine in {tag}: every text that pages and mail show."
    with path_of(tag).open("wb") as file:
        write_po(file, catalog, width=100, sort_output=True, ignore_obsolete=True, include_lineno=False)


def update(tag: str, messages: Catalog) -> list[str]:
    """Bring a catalog in step and return the messages that are not translated."""
    catalog = read(tag)
    catalog.update(messages, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    write(tag, catalog)
    return [str(message.id) for message in catalog if message.id and not is_translated(message.string)]


def is_translated(string: object) -> bool:
    """Tell whether every form of a message has a text."""
    return all(string) if isinstance(string, (tuple, list)) else bool(string)


def main() -> None:
    """Update every catalog."""
    messages = extract()
    for tag in TAGS:
        missing = update(tag, messages)
        sys.stdout.write(f"{tag}: {len(messages)} messages, {len(missing)} without a translation\n")
        for message in missing:
            sys.stdout.write(f"  {message}\n")


if __name__ == "__main__":
    main()
