"""The architecture as a test: who may import whom, and what may be done in one place only."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "libline_fed"

# Lowest floor first. A module may import its own package and lower floors; neighbours are strangers.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"__init__", "errors", "clock", "ids", "config", "sanitize", "resources", "sealing"}),
    frozenset({"domain", "activitypub", "vocabulary"}),
    frozenset({"storage", "jobs"}),
    frozenset({"services"}),
    frozenset({"web", "api", "federation", "mail", "health"}),
    frozenset({"app"}),
    frozenset({"bench", "cli", "__main__"}),
)
# Floor 0 is single files that build on one another, and the pure packages know each other's values.
OPEN_FLOORS = {0, 1, 2, 6}

Function = ast.FunctionDef | ast.AsyncFunctionDef
SAVING_VERBS = {"add", "put", "save", "store", "update", "upsert"}
REMOTE_TABLES = {"actors", "proposals", "posts", "tables.actors", "tables.proposals", "tables.posts"}
PURE = {"domain", "activitypub", "vocabulary"}
IMPURE_MODULES = {
    "aiosqlite",
    "asyncio",
    "asyncpg",
    "httpx",
    "jinja2",
    "socket",
    "sqlalchemy",
    "sqlite3",
    "starlette",
    "subprocess",
    "threading",
    "time",
    "urllib.request",
    "uvicorn",
    "wtforms",
}
BANNED_NAMES = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
CLOCK_READS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "datetime.datetime.now",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
}
STOPWATCH = "bench/"  # measures from outside, in processes of its own
CATCHES_EVERYTHING = {
    "cli/__init__.py": "the last word of every command",
    "web/errors.py": "the ASGI error handler of the pages",
    "federation/failures.py": "the ASGI error handler of everything else",
    "jobs/supervisor.py": "starts a worker again",
    "federation/inbox_worker.py": "a worker loop",
    "federation/delivery.py": "a worker loop",
    "mail/sender.py": "a worker loop",
    "storage/store.py": "a callback's error after the commit is logged",
    "storage/sqlite.py": "a unit's error goes to the one who waits for it",
}


@cache
def modules() -> tuple[Path, ...]:
    return tuple(sorted(path for path in (ROOT / PACKAGE).rglob("*.py") if "node_modules" not in path.parts))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name_of(path: Path) -> str:
    """Return a path below the package, such as `storage/peers.py`."""
    return path.relative_to(ROOT / PACKAGE).as_posix()


def room_of(name: str) -> str:
    """Return the package, or the single file, that a module belongs to."""
    return name.partition("/")[0].removesuffix(".py")


def floor_of(room: str) -> int:
    for number, rooms in enumerate(FLOORS):
        if room in rooms:
            return number
    raise AssertionError(f"{PACKAGE}/{room} stands on no floor: give it one in FLOORS")


def imports_of(tree: ast.AST) -> Iterator[str]:
    """Yield every imported module's full name, `from a import b` as both `a` and `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_imported(tree: ast.AST) -> set[str]:
    rooms = set()
    for name in imports_of(tree):
        if name.startswith(f"{PACKAGE}."):
            rooms.add(name.split(".")[1])
    known = {room for floor in FLOORS for room in floor}
    return {room for room in rooms if room in known or (ROOT / PACKAGE / room).is_dir()}


def wrong_imports(name: str, tree: ast.AST) -> list[str]:
    """Return the rooms a module must not import from."""
    own = room_of(name)
    floor = floor_of(own)
    wrong = []
    for room in rooms_imported(tree) - {own}:
        other = floor_of(room)
        if other > floor or (other == floor and floor not in OPEN_FLOORS):
            wrong.append(room)
    return sorted(wrong)


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for such an expression, otherwise an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            target = node.func.value if isinstance(node.func, ast.Subscript) else node.func
            yield dotted(target), node


def constructors_of(class_name: str) -> set[str]:
    """Return the modules that call a class, also through `object.__new__`."""
    found = set()
    for path in modules():
        for target, node in calls(tree_of(path)):
            is_made = target.split(".")[-1] == class_name
            named = {dotted(arg).split(".")[-1] for arg in node.args}
            if is_made or (target.endswith("__new__") and class_name in named):
                found.add(name_of(path))
    return found


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_only_its_own_package_and_lower_floors(path: Path) -> None:
    assert wrong_imports(name_of(path), tree_of(path)) == []


@pytest.mark.parametrize(
    ("name", "source", "wrong"),
    [
        ("domain/proposals.py", "from libline_fed.storage.proposals import get", ["storage"]),
        ("web/proposals.py", "def page():\n    from libline_fed.federation import fetch", ["federation"]),
        ("services/mails.py", "import libline_fed.app", ["app"]),
        ("storage/peers.py", "from libline_fed import services", ["services"]),
        ("errors.py", "from libline_fed.domain.peers import Policies", ["domain"]),
        ("web/home.py", "from libline_fed.services import peers\nimport libline_fed.errors", []),
    ],
)
def test_the_import_check_sees_what_it_forbids(name: str, source: str, wrong: list[str]) -> None:
    assert wrong_imports(name, ast.parse(source)) == wrong


def test_every_room_of_the_package_stands_on_a_floor() -> None:
    for path in modules():
        floor_of(room_of(name_of(path)))


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_there_are_no_import_cycles() -> None:
    names = {module_name(path): path for path in modules()}
    graph = {}
    for name, path in names.items():
        top_level = [node for node in tree_of(path).body if isinstance(node, (ast.Import, ast.ImportFrom))]
        found = {one for one in imports_of(ast.Module(top_level, [])) if one in names and one != name}
        # `from a import b` means the module a.b if there is one, and only otherwise something inside a
        graph[name] = {one for one in found if not any(other.startswith(f"{one}.") for other in found)}
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " → ".join([*way[way.index(name) :], name])
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, (*way, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_pure_packages_touch_no_network_database_clock_or_thread() -> None:
    found = [
        f"{name_of(path)}: {module}"
        for path in modules()
        for module in IMPURE_MODULES
        if room_of(name_of(path)) in PURE and imports(path, module)
    ]
    assert found == []


def imports(path: Path, module: str) -> bool:
    return any(name == module or name.startswith(f"{module}.") for name in imports_of(tree_of(path)))


def importers_of(module: str) -> set[str]:
    return {name_of(path) for path in modules() if imports(path, module)}


def test_only_the_guarded_client_speaks_http() -> None:
    assert importers_of("httpx") <= {"federation/http_client.py", "federation/http_transport.py"}
    for module in ("aiohttp", "requests", "urllib.request", "urllib3", "httpcore"):
        assert importers_of(module) <= {"federation/http_transport.py"}, module
    assert importers_of("http.client") <= {"bench/processes.py"}  # which asks its own child processes


WRITES_XML = {"xml": {"api/atom.py", "web/charts.py"}}  # and read none


@pytest.mark.parametrize(
    "module", ["xml", "lxml", "defusedxml", "html.parser", "html5lib", "pickle", "marshal", "shelve"]
)
def test_parsers_that_hostile_input_breaks_are_not_imported(module: str) -> None:
    assert importers_of(module) == WRITES_XML.get(module, set())


def test_whoever_writes_xml_has_nothing_to_read_it_with() -> None:
    module = "xml.etree.ElementTree"
    writing = {module, *(f"{module}.{name}" for name in ("Element", "SubElement", "tostring"))}
    for name in WRITES_XML["xml"]:
        tree = tree_of(ROOT / PACKAGE / name)
        assert {taken for taken in imports_of(tree) if taken.startswith("xml.")} <= writing


def test_no_module_has_a_name_that_says_nothing() -> None:
    for path in modules():
        assert not BANNED_NAMES & set(name_of(path).removesuffix(".py").split("/")), path


def test_only_the_verifier_makes_verified_senders() -> None:
    assert constructors_of("VerifiedSender") == {"federation/signatures.py"}


def test_only_admit_makes_admitted_documents() -> None:
    assert constructors_of("Admitted") == {"federation/admit.py"}


def functions_of(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, Function))


def takes_admitted(function: Function) -> bool:
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return any(arg.annotation is not None and "Admitted" in ast.unparse(arg.annotation) for arg in every)


def test_every_service_that_saves_something_remote_takes_an_admitted_document() -> None:
    seen = 0
    for path in modules():
        if room_of(name_of(path)) not in {"services", "storage"}:
            continue
        for node in functions_of(path):
            if "remote" in node.name and node.name.partition("_")[0] in SAVING_VERBS:
                seen += 1
                assert takes_admitted(node), f"{name_of(path)}: {node.name}"
    assert seen, "no function saves remote rows any more: this test looks for the wrong names"


def test_rows_that_can_be_of_others_are_inserted_from_admitted_documents_or_named_local() -> None:
    inserting = [
        (path, node)
        for path in modules()
        for node in functions_of(path)
        for target, call in calls(node)
        if target.split(".")[-1] == "insert" and call.args and dotted(call.args[0]) in REMOTE_TABLES
    ]
    assert len(inserting) >= 2
    for path, node in inserting:
        assert takes_admitted(node) or "local" in node.name, f"{name_of(path)}: {node.name}"


def test_only_the_clock_module_reads_the_clock() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in modules()
        for target, node in calls(tree_of(path))
        if target in CLOCK_READS and name_of(path) != "clock.py" and not name_of(path).startswith(STOPWATCH)
    ]
    assert found == []


def test_catching_everything_is_left_to_a_few_places() -> None:
    found = set()
    for path in modules():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ExceptHandler):
                caught = {dotted(part) for part in ast.walk(node.type)} if node.type else {"BaseException"}
                passes_on = isinstance(node.body[-1], ast.Raise)
                if caught & {"Exception", "BaseException"} and not passes_on:
                    found.add(name_of(path))
    assert found <= set(CATCHES_EVERYTHING)


def test_no_code_reads_data_from_the_working_directory() -> None:
    named = {"os.getcwd", "Path.cwd"}
    assert [path for path in modules() for target, _ in calls(tree_of(path)) if target in named] == []


def test_files_and_functions_stay_short() -> None:
    too_long = []
    for path in modules():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > 400 and name_of(path) != "storage/tables.py":  # one schema, read top to bottom
            too_long.append(f"{name_of(path)}: {lines} lines")
        for node in functions_of(path):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > 60:
                too_long.append(f"{name_of(path)}: {node.name} has {length} lines")
    assert too_long == []


def test_public_names_have_a_docstring() -> None:
    missing = []
    for path in modules():
        tree = tree_of(path)
        if not ast.get_docstring(tree):
            missing.append(f"{name_of(path)}: the module")
        for node in tree.body:
            is_definition = isinstance(node, (Function, ast.ClassDef))
            if is_definition and not node.name.startswith("_") and not ast.get_docstring(node):
                missing.append(f"{name_of(path)}: {node.name}")
    assert missing == []
