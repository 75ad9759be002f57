"""Draw the rooms of the harness from its imports and fill in the budgets: `make docs` writes docs/architecture.md."""

import ast
import contextlib
import io
import sys
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import size  # noqa: E402 (the path of the repository comes first)

PAGE = ROOT / "docs" / "architecture.md"


def rooms() -> dict[str, set[str]]:
    """Room of the harness → rooms that it imports; `errors`, which everything imports, is left out."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "harness").rglob("*.py")):
        own = path.relative_to(ROOT / "harness").parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("harness."):
                found.setdefault(own, set()).add(str(node.module).split(".")[1])
    skipped = {"errors", "__init__"}
    return {room: taken - skipped - {room} for room, taken in found.items() if room not in skipped}


def reduced(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same order with the fewest arrows: one that a longer way replaces is dropped."""
    below: dict[str, set[str]] = {}
    for room in TopologicalSorter(graph).static_order():
        below[room] = set().union(*({other, *below[other]} for other in graph.get(room, ())))
    return {room: {one for one in taken if not any(one in below[o] for o in taken)} for room, taken in graph.items()}


def between(text: str, name: str, content: str) -> str:
    """Text with new content between the marks of a name."""
    begin, end = f"<!-- {name} -->", f"<!-- end {name} -->"
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n{content}\n{end}{rest.partition(end)[2]}"


def main() -> None:
    """Write the page."""
    arrows = [f"  {room} --> {other}" for room, taken in sorted(reduced(rooms()).items()) for other in sorted(taken)]
    drawing = "\n".join(["```mermaid", "graph TD", *arrows, "```"])
    table = io.StringIO()
    with contextlib.redirect_stdout(table), contextlib.suppress(SystemExit):
        size.main()
    page = between(between(PAGE.read_text("utf-8"), "rooms", drawing), "budgets", table.getvalue().rstrip())
    PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
