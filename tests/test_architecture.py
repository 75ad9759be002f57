"""The harness is a stack of rooms: a module imports only rooms further down, and there is no circle of imports."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent

#: Floors of the harness from the ground up, and the rooms on them from left to right: a module imports only rooms that
#: stand before its own. A new file or folder of `harness/` gets its place here.
FLOORS = (
    "errors printing files outcome metrics record",
    "encoder interop testing statistics comparison",
    "onednn probes corpora tasks",
    "transformer variants service registry store contamination",
    "progress evaluation ray",
    "leaderboard text_check figures report",
    "api cli",
)
ROOMS = [room for floor in FLOORS for room in floor.split()]

#: Arrows that still point up.
TO_MEND: set[tuple[str, str]] = set()

#: What must not be known although it stands further down: a task never sees a model, a table never sees a vector.
FORBIDDEN = {
    "tasks": {"encoder", "transformer", "registry"},
    "probes": {"corpora", "encoder", "record"},
    "transformer": {"corpora", "tasks", "record"},
    "statistics": {"corpora", "record"},
    "leaderboard": {"probes", "transformer", "store"},
}

#: Rooms of the harness that plugins must not import. A command line of theirs may use what `bench` is made of.
NOT_FOR_PLUGINS = {"evaluation", "ray", "leaderboard", "figures", "report", "cli"}
SHARED_BY_COMMAND_LINES = ("harness.cli.group", "harness.cli.options")


def modules() -> dict[str, Path]:
    """Dotted name → file, for every module of the product."""
    found = {}
    for package in ("harness", "baselines", "carl"):
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            found[".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")] = path
    return found


def imports(path: Path) -> set[str]:
    """Dotted names of this repository that a file imports, in functions too but not for types alone."""
    found: set[str] = set()
    nodes: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            nodes += ast.iter_child_nodes(node)
    return found & MODULES.keys()


def room(name: str) -> str:
    """The room of a module of the harness, the package of another."""
    return name.removeprefix("harness.").split(".")[0]


MODULES = modules()
IMPORTS = {name: imports(path) for name, path in MODULES.items()}


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("harness.")])
def test_arrows_point_down(name):
    own = room(name)
    assert own in ROOMS, f"give {own} its place in FLOORS"
    taken = {room(other) for other in IMPORTS[name]} - {own, "harness"}
    up = {other for other in taken - set(ROOMS[: ROOMS.index(own)]) if (name, other) not in TO_MEND}
    assert not up, f"{name} imports up: {up}"
    assert not taken & FORBIDDEN.get(own, set())


@pytest.mark.parametrize("package", ["baselines", "carl"])
def test_plugins_use_the_public_rooms(package):
    for name in MODULES:
        if name.split(".")[0] == package and not name.startswith("carl.ablation"):
            taken = {room(other) for other in IMPORTS[name] if other not in SHARED_BY_COMMAND_LINES}
            assert taken.isdisjoint(NOT_FOR_PLUGINS), name
            assert package == "carl" or "carl" not in taken, name


def test_no_circle_of_imports():
    TopologicalSorter({name: taken - {name} for name, taken in IMPORTS.items()}).prepare()
