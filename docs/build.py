"""Write what docs/ and the README have of the code itself: `make docs`, and `make tables` for the README's leaderboard.

`architecture.md` gets a drawing of the imports and the budgets, `tasks.md` and `encoders.md` are made from the cards.
"""

import ast
import contextlib
import io
import sys
from collections.abc import Sequence
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import size  # noqa: E402 (the path of the repository comes first)
from harness.corpora.registry import builtin  # noqa: E402
from harness.registry import encoder_plugins, tasks  # noqa: E402

TASKS = """\
# Tasks

`make docs` writes this page. `bench tasks` lists the tasks; `bench run --tasks` takes a family, a family/corpus, an id
or a shell pattern. Without `--suite` a family or corpus means the paper's protocols.

A task's id is `family/corpus/protocol/version`. Splits, folds, grids and metrics belong to the protocol; changing one
makes a new version, and no table mixes two. Accuracies, F1 and correlations are fractions with 95 % intervals.

Suites: `paper` is what the CARL paper measures, `extended` holds the other usual evaluations of encoders.
"""

ENCODERS = """\
# Encoders

`make docs` writes this page from the cards. `bench models` says which encoders are ready on your machine, and
`bench models NAME` prints a card with files, notes and citation.

The plain name of an encoder is the **last layer's first token**, without pooler or normalisation: the vector of the
paper's comparison. Encoders added later use the vector that their authors trained. `NAME@mean`, `NAME@cls`,
`NAME@pooler` and `NAME@last` choose another one, where trained weights for it exist.

Weights on the hub are fetched when first needed, at the pinned revision, unless `AFFECTBENCH_OFFLINE=1` or
`HF_HUB_OFFLINE=1` is set. Weights on file hosts you download yourself and pass as `--weights-dir NAME=DIR`. Only
safetensors, and pickles that hold nothing but tensors, are read. An encoder without its weights or extras does not stop
a run.

## Any other model

- `hf:org/model`, or a checkpoint's directory: any encoder of the transformers library, `@mean`, `@pooler` or `@last` on
  request. `NAME=PATH` gives a directory a name.
- `st:org/model`: the sentence vector of a sentence-transformers model
  (`pip install 'affectbench[sentence-transformers]'`).
- `path/to/file.py:Class`: an encoder of your own.

A model runs code of its own only with `--trust-remote-code NAME`. Its training data count as unknown.
"""

VECTORS = {"cls": "first token", "mean": "mean", "pooler": "pooler", "last": "last token", None: "its own"}


def architecture() -> str:
    """The page with the drawing and the budgets filled in."""
    arrows = [f"  {room} --> {other}" for room, taken in sorted(reduced(rooms()).items()) for other in sorted(taken)]
    budgets = io.StringIO()
    with contextlib.redirect_stdout(budgets), contextlib.suppress(SystemExit):
        size.main()
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    page = between(page, "rooms", "\n".join(["```mermaid", "graph TD", *arrows, "```"]))
    return between(page, "budgets", budgets.getvalue().rstrip())


def rooms() -> dict[str, set[str]]:
    """Room of the harness → rooms that it imports; `errors` and `files`, which most import, are left out."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "harness").rglob("*.py")):
        own = path.relative_to(ROOT / "harness").parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("harness."):
                found.setdefault(own, set()).add(str(node.module).split(".")[1])
    skipped = {"errors", "files", "__init__"}
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


def tasks_page() -> str:
    """Families of tasks with their modules' words, and the corpora."""
    families: dict[str, list[tuple[str, object]]] = {}
    for name, task in tasks().items():
        if type(task).__module__.startswith("harness."):
            families.setdefault(task.name, []).append((name, task))
    parts = [TASKS]
    for family, own in families.items():
        module = type(own[0][1]).__module__
        words = (sys.modules[module].__doc__ or "").partition("\n\n")[0]
        words += f" In full: [`{module}`](../{module.replace('.', '/')}.py)."
        rows = [(f"`{name}`", task.summary, f"`{task.split}`", ", ".join(task.suites)) for name, task in own]
        metrics = dict.fromkeys(metric for _, task in own for metric in task.metrics)
        sources = dict.fromkeys(task.source for _, task in own)
        parts += [f"## {family}\n\n{words}\n", table(("task", "what", "scored", "suites"), rows)]
        parts += [f"Metrics: {', '.join(f'`{name}`' for name in metrics)}. Source: {'; '.join(sources)}.\n"]
    cards = [corpus.card for corpus in builtin().values()]
    rows = [
        (f"`{c.name}`", c.title, " / ".join(f"{n:,} {split}" for split, n in c.rows.items()), c.labels, c.licence)
        for c in cards
    ]
    parts += ["## Corpora\n\n`bench data NAME` prints files, notes and where to get a corpus.\n"]
    return "\n".join([*parts, table(("corpus", "title", "rows", "labels", "licence"), rows)])


def encoders_page() -> str:
    """Encoders by family; those of the recipes have a page of their own."""
    parts = [ENCODERS]
    families: dict[str, list[tuple[str, ...]]] = {}
    for plugin in encoder_plugins():
        card = plugin.card
        if not plugin.name.startswith("recipe-"):
            others = "".join(f", `@{name}`" for name in card.poolings if name != card.pooling)
            data = card.training_data
            trained = "not declared" if data is None else ", ".join(data[:5]) or "nothing"
            trained += f" and {len(data) - 5} more" if data and len(data) > 5 else ""
            parameters = f"{card.parameters / 1e6:.0f} M" if card.parameters else "-"
            row = (f"`{plugin.name}`", card.shown, parameters, VECTORS[card.pooling] + others, trained)
            families.setdefault(card.family, []).append((*row, card.weights, card.licence or "none stated"))
    header = ("name", "title", "parameters", "vector", "trained on", "weights", "licence")
    for family, rows in families.items():
        parts += [f"## {family}\n", table(header, rows)]
    return "\n".join(parts)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines) + "\n"


PAGES = {"architecture.md": architecture, "tasks.md": tasks_page, "encoders.md": encoders_page}

if __name__ == "__main__":
    if "leaderboard" in sys.argv:  # from standard input, without the table's title
        content = sys.stdin.read().partition("\n")[2].strip()
        (ROOT / "README.md").write_text(
            between((ROOT / "README.md").read_text("utf-8"), "leaderboard", content), "utf-8"
        )
        sys.exit()
    for page, make in PAGES.items():
        (ROOT / "docs" / page).write_text(make(), "utf-8")
