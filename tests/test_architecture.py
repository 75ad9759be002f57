"""The harness is a stack of rooms: a module imports only rooms further down, and there is no circle of imports."""

import ast
import os
import subprocess
import sys
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
    up = taken - set(ROOMS[: ROOMS.index(own)])
    assert not up, f"{name} imports up: {up}"
    assert not taken & FORBIDDEN.get(own, set())


@pytest.mark.parametrize("package", ["baselines", "carl"])
def test_plugins_use_the_public_rooms(package):
    for name in MODULES:
        if name.split(".")[0] == package:
            taken = {room(other) for other in IMPORTS[name] if other not in SHARED_BY_COMMAND_LINES}
            assert taken.isdisjoint(NOT_FOR_PLUGINS), name
            assert package == "carl" or "carl" not in taken, name


def test_no_circle_of_imports():
    TopologicalSorter({name: taken - {name} for name, taken in IMPORTS.items()}).prepare()


#: Runs `bench` with the arguments after it, and prints the files of the product whose functions are called.
TRACE = """
import sys, threading
called = set()
def trace(frame, event, _):
    if event == "call" and frame.f_code.co_flags & 1:  # a function's or a method's, not a module's or a class's
        called.add(frame.f_code.co_filename)
threading.setprofile(trace)
sys.setprofile(trace)
from harness.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
sys.setprofile(None)
print("\\n".join(called))
"""


@pytest.mark.slow
def test_one_text_enters_at_most_forty_files(tmp_path):
    data = Path(os.environ.get("AFFECTBENCH_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (data / "senteval").is_dir():
        pytest.skip("the published corpora are not on this machine (AFFECTBENCH_DATA)")
    places = ["--results-dir", str(tmp_path / "results")]
    measured = ["--models", "minilm", "-t", "polarity/cr/senteval-lr/1", "--limit", "100", "--data-dir", str(data)]
    entered = set()
    for command in (["run", *measured, *places, "--cache-dir", str(tmp_path / "cache")], ["table", *places]):
        done = subprocess.run(
            [sys.executable, "-c", TRACE, *command],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},  # without the sample plugin of these tests
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        entered |= {path for path in map(Path, done.stdout.splitlines()) if path in MODULES.values()}
    assert REPOSITORY / "harness/tasks/polarity.py" in entered
    assert len(entered) <= 40, sorted(str(path.relative_to(REPOSITORY)) for path in entered)
