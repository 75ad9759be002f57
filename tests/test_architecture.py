"""The arrows between the rooms point one way: a module imports only what stands below it."""

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent

#: What a room of the harness may import, beside itself; everything else of this repository is forbidden.
BELOW = {
    "errors": set(),
    "outcome": set(),
    "environment": set(),
    "files": {"errors"},
    "locks": {"files"},
    "leftovers": {"embeddings", "files", "locks"},
    "encoder": {"errors"},
    "conformance": {"errors"},
    "metrics": set(),
    "mapped": set(),
    "memory": set(),
    "allocator": set(),
    "shortage": set(),
    "predictions": set(),
    "record_facts": set(),
    "redaction": set(),
    "strict_json": set(),
    "onednn": set(),
    "probes": {"memory", "onednn"},
    "statistics": {"metrics", "outcome"},
    "corpora": {"errors", "files"},
    "results": {
        *("errors", "files", "outcome", "predictions"),
        *("record_facts", "redaction", "strict_json"),
    },
    "embeddings": {"errors", "files", "mapped", "memory"},
    "fingerprint": {"conformance", "encoder", "errors"},
    "testing": {"conformance", "encoder", "errors"},
    "contamination": {
        *("corpora", "encoder", "errors", "files", "outcome"),
        *("record_facts", "results", "strict_json"),
    },
    "comparison": {"errors", "outcome", "results", "statistics"},
    "transformer": {"encoder", "errors", "files", "onednn", "shortage", "strict_json"},
    "workers": {"encoder", "errors", "shortage"},
    "tasks": {"corpora", "errors", "metrics", "outcome", "probes", "statistics"},
    "interop": {"conformance", "encoder", "errors", "registry", "results", "strict_json"},
    "registry": {"encoder", "errors", "tasks", "transformer"},
    "leaderboard": {"comparison", "errors", "files", "outcome", "results", "statistics", "strict_json"},
    "figures": {
        *("comparison", "corpora", "embeddings", "errors", "files", "leaderboard"),
        *("outcome", "registry", "results", "tasks"),
    },
    "report": {
        *("contamination", "corpora", "encoder", "errors", "figures", "leaderboard"),
        *("registry", "results", "tasks"),
    },
    "text_check": {
        *("contamination", "corpora", "errors", "leaderboard", "outcome"),
        *("registry", "results", "statistics", "tasks"),
    },
}
ABOVE = {"api", "document", "perf", "planning", "units", "engines", "runner", "cli"}


def imports(path: Path) -> set[str]:
    """Dotted names of modules of this repository that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "harness"}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.split(".")[0] in ("harness", "baselines", "carl")}


def room(name: str) -> str:
    parts = name.split(".")
    return parts[1] if parts[0] == "harness" and len(parts) > 1 else parts[0]


FILES = sorted((REPOSITORY / "harness").rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(REPOSITORY).as_posix())
def test_no_arrow_points_up(path):
    own = path.relative_to(REPOSITORY / "harness").parts[0].removesuffix(".py")
    taken = {room(name) for name in imports(path)} - {own, "harness"}
    assert taken.isdisjoint({"baselines", "carl"}), "the harness knows no concrete encoder"
    if own in BELOW:
        assert taken <= BELOW[own], f"{own} may not import {sorted(taken - BELOW[own])}"
    elif own != "__init__":
        assert own in ABOVE


@pytest.mark.parametrize("package", ["baselines", "carl"])
def test_plugins_stand_on_the_public_rooms_alone(package):
    for path in sorted((REPOSITORY / package).rglob("*.py")):
        # A command line of its own may share what `bench` is made of.
        shared = ("harness.cli.group", "harness.cli.options")
        taken = {room(name) for name in imports(path) if not name.startswith(shared)}
        forbidden = {"units", "engines", "runner", "cli", "leaderboard"}
        if path.parent == REPOSITORY / "carl" / "ablation":
            # No plugin but a user of the harness: it runs the tasks and prints a table.
            forbidden = {"cli"}
        assert taken.isdisjoint(forbidden), path
        assert package == "carl" or "carl" not in taken, path


@pytest.mark.parametrize("folder", ["tasks", "probes"])
def test_siblings_do_not_know_each_other(folder):
    shared = {"base", "emotion_rows", "lloyd", "logistic", "means", "orthonormal", "senteval", "tall", "tall_ridge"}
    for path in sorted((REPOSITORY / "harness" / folder).glob("*.py")):
        prefix = f"harness.{folder}."
        siblings = {name.removeprefix(prefix).split(".")[0] for name in imports(path) if name.startswith(prefix)}
        assert siblings <= shared, f"{path.name}: {siblings - shared}"
