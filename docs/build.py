"""Write what docs/ and the README have of the code itself: `make docs`, and `make tables` for what records say.

`make docs`: the drawing and the budgets of `architecture.md`, and all of `tasks.md` and `encoders.md`.
`make tables`: the leaderboard of the README, the differences of `choose.md`.
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
from harness.api import Leaderboard  # noqa: E402
from harness.comparison import Compared  # noqa: E402
from harness.corpora.registry import builtin  # noqa: E402
from harness.leaderboard.table import family_title  # noqa: E402
from harness.registry import EncoderPlugin, encoder_plugins, is_extra, tasks  # noqa: E402
from harness.tasks.base import Task  # noqa: E402

TASKS = """\
# Tasks and corpora

`bench tasks` lists each task in a line; `bench run --tasks` takes a family, a family/corpus, an id or a shell pattern.

A task's id is `family/corpus/protocol/version`. Splits, folds, grids and metrics belong to the protocol; changing one
makes a new version, and no table mixes two. The module of a family describes its protocols in full.

Suites: `quick` needs no data of your own, `paper` is what the CARL paper measures, `extended` holds the other usual
evaluations, `recipes` those of the [recipes](recipes.md).
"""

ENCODERS = """\
# Encoders

`bench models` says which encoders are ready on your machine; `bench models NAME` prints a card with files, notes and
citation.

A plain name means the **last layer's first token**, which the CARL paper compares; for encoders added later it means
the vector that their authors trained. `NAME@mean`, `NAME@cls`, `NAME@pooler` and `NAME@last` choose another vector,
where trained weights for it exist. These vectors are not scaled to length 1. Some sentence-transformers models scale
theirs, and `st:` reads those as they are. The tables below list the plain name's vector first, and leave out the texts
that BERT or RoBERTa were pretrained on.

Weights on the hub are fetched at the pinned revision when first needed, unless `AFFECTBENCH_OFFLINE=1` is set. Those on
file hosts you download yourself and pass as `--weights-dir NAME=DIR`.

## Any other model

- `hf:org/model`, or a checkpoint's directory: any encoder of the transformers library. `NAME=PATH` names a directory.
  The directory of a plain LoRA adapter, as peft saves it, is merged into the model that it names.
- `st:org/model`: a sentence-transformers model (`pip install 'affectbench[sentence-transformers]'`).
- `path/to/file.py:Class`: an encoder of your own.

## Embedding services

`api:MODEL` asks a service that speaks OpenAI's `/v1/embeddings` (vLLM, text-embeddings-inference, Ollama, llama.cpp's
server, the commercial ones): `pip install 'affectbench[api]'`, then

```
bench run --models api:text-embedding-3-small --suite quick --dry-run --price 0.02
bench run --models minilm-served=api:minilm --base-url http://127.0.0.1:8080/v1
```

The key is read from `OPENAI_API_KEY`; no record, message or run file holds it. Requests are repeated for two minutes
when the service is busy, fails or is away; vectors are stored after every 256 texts, so that the next run asks for the
rest alone. Records hold the host, the tokens that the service counted and their cost by `--price` (US dollars for a
million). Nothing is known of the weights: host and model's name stand for them, and contamination is unknown.

## Prompts and smaller vectors

`--prompt NAME=TEXT` puts a text before every text of a model, `--prompt NAME:emotion=TEXT` only on the tasks of one
family (in a run file `prompts: {NAME: TEXT}`). The row is called `NAME@prompt-3f9a1c`, after a digest of the prompts,
and its vectors are cached apart; the record holds the prompt. A card may have prompts of its own, which the plain name
uses; an empty text leaves them out (`NAME@no-prompt`). Of the prompts that a sentence-transformers model brings along,
`st:` uses what `SentenceTransformer.encode(texts)` would use: the one that `default_prompt_name` names, and none
otherwise; `--prompt` takes its place. Tokens of a prompt count towards the cut-off and take part in a mean.

`NAME@256d` keeps the first 256 dimensions, scaled to length 1 (Matryoshka); `NAME@int8` stores a dimension in one byte,
with one scale a vector, so that nothing is calibrated on other texts; `NAME@binary` stores a bit. They combine, also
with a pooling: `minilm@mean@256d@int8`. Each is a row of its own, computed from the cached full vectors, and its record
says how many bytes a vector takes.

A model runs code of its own only with `--trust-remote-code NAME`. Its training data count as unknown.
"""

HUB = """\
## Well-known encoders of the hub

Their weights come from the hub (huggingface.co) at a pinned revision, and are not on this package's index. The plain
name is the vector that sentence-transformers gives, with the prompt of the card. `bench models --all` lists them;
`harness/transformer/cards.toml` says where each fact is from.
"""

VECTORS = {"cls": "first token", "mean": "mean", "pooler": "pooler", "last": "last token", None: "its own"}

#: Texts of BERT and RoBERTa, named for models that were trained on nothing else.
PRETRAINING = {"wikipedia", "bookcorpus", "cc-news", "openwebtext", "stories"}

#: Pairs of models and the tasks that `choose.md` compares them on.
PAIRS = (
    ("minilm", "minilm@mean"),
    ("roberta-small", "roberta-small@mean"),
    ("minilm@mean", "lexicon"),
    ("minilm@mean", "mpnet"),
    ("minilm@mean", "carl-minilm"),
    ("roberta-small@mean", "carl-roberta"),
    ("mpnet", "carl-mpnet"),
)
COMPARED = {
    "valence-arousal/emobank/official/1": "EmoBank V r",
    "valence-arousal/facebook/kfold10/1": "Facebook V r",
    "polarity/cr/senteval-lr/1": "CR",
    "polarity/mr/senteval-lr/1": "MR",
    "polarity/sst5/senteval-lr/1": "SST5",
    "emotion/goemotions/ekman6-selected/1": "Emotions",
}


def architecture() -> str:
    """The page with the budgets filled in."""
    budgets = io.StringIO()
    with contextlib.redirect_stdout(budgets), contextlib.suppress(SystemExit):
        size.main()
    return between((ROOT / "docs" / "architecture.md").read_text("utf-8"), "budgets", budgets.getvalue().rstrip())


def rooms() -> dict[str, set[str]]:
    """Room of the harness → rooms that it imports; without `errors`, `files` and `printing`, which most import."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "harness").rglob("*.py")):
        own = path.relative_to(ROOT / "harness").parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("harness."):
                found.setdefault(own, set()).add(str(node.module).split(".")[1])
    skipped = {"errors", "files", "printing", "__init__"}
    return {room: taken - skipped - {room} for room, taken in found.items() if room not in skipped}


def drawing() -> str:
    """The rooms as an SVG, each above all that it imports; an arrow that a longer way replaces is left out."""
    graph = rooms()
    below: dict[str, set[str]] = {}
    level: dict[str, int] = {}
    for room in TopologicalSorter(graph).static_order():
        taken = graph.get(room, set())
        below[room] = set().union(*({other, *below[other]} for other in taken))
        level[room] = max((level[other] + 1 for other in taken), default=0)
    top, width, box, step = max(level.values()), 880, 102, 84
    rows = [sorted(room for room in level if level[room] == top - row) for row in range(top + 1)]
    place = {
        room: (round(width * (index + 1) / (len(row) + 1)), 26 + step * number)
        for number, row in enumerate(rows)
        for index, room in enumerate(row)
    }
    arrows = [
        (place[room], place[other])
        for room in sorted(level)
        for other in sorted(graph.get(room, ()))
        if not any(other in below[between] for between in graph[room])
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {52 + step * top}" font-size="13" '
            'font-family="DejaVu Sans, Helvetica, Arial, sans-serif" text-anchor="middle">',
            "<title>What imports what in harness: each box imports those that its lines lead down to</title>",
            '<rect width="100%" height="100%" fill="#fff"/><g stroke="#7a8ca0" stroke-width="1.1" opacity="0.75">',
            *(f'<line x1="{x}" y1="{y}" x2="{u}" y2="{v}"/>' for (x, y), (u, v) in arrows),
            "</g>",
            *(
                f'<rect x="{x - box // 2}" y="{y - 14}" width="{box}" height="28" fill="#e8f0f8" stroke="#3b6ea5"/>'
                f'<text x="{x}" y="{y + 5}">{room}</text>'
                for room, (x, y) in sorted(place.items())
            ),
            "</svg>\n",
        ]
    )


def between(text: str, name: str, content: str) -> str:
    """Text with new content between the marks of a name."""
    begin, end = f"<!-- {name} -->", f"<!-- end {name} -->"
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n{content}\n{end}{rest.partition(end)[2]}"


def tasks_page() -> str:
    """Families of tasks with their modules' words, and the corpora."""
    families: dict[str, list[Task]] = {}
    for task in tasks().values():
        if set(task.corpora) <= builtin().keys():
            families.setdefault(task.name, []).append(task)
    rows: list[tuple[str, ...]] = []
    for family, own in families.items():
        protocols: dict[tuple[str, str], list[str]] = {}
        for task in own:
            protocols.setdefault((task.corpus, ", ".join(task.suites)), []).append(f"`{task.protocol}`")
        corpora: dict[tuple[str, str], list[str]] = {}
        for (corpus, suites), named in protocols.items():
            corpora.setdefault((", ".join(named), suites), []).append(f"`{corpus}`")
        name = f"**{family}** {own[0].metrics[0]}"
        rows += [(name if not i else "", ", ".join(names), *key) for i, (key, names) in enumerate(corpora.items())]
    parts = [TASKS, table(("family, main metric", "corpora", "protocols", "suites"), rows)]
    parts += ["## Corpora\n\n`bench data NAME` prints files, labels, licence, notes and where to get a corpus.\n"]
    cards = [corpus.card for corpus in builtin().values()]
    rows = [(f"`{c.name}`", " / ".join(f"{n:,} {split}" for split, n in c.rows.items())) for c in cards]
    return "\n".join([*parts, table(("corpus", "rows"), rows)])


def encoders_page() -> str:
    """Encoders by family; those of the recipes have a page of their own."""
    parts = [ENCODERS]
    families: dict[str, list[tuple[str, ...]]] = {}
    plugins = list(encoder_plugins())
    for plugin in plugins:
        card = plugin.card
        if not is_extra(plugin):
            others = "".join(f", `@{name}`" for name in card.poolings if name != card.pooling)
            data = card.training_data
            own = [name for name in data or () if name not in PRETRAINING] or list(data or ())
            trained = "not declared" if data is None else ", ".join(own[:3]) or "nothing"
            trained += f" and {len(own) - 3} more" if len(own) > 3 else ""
            parameters = f"{card.parameters / 1e6:.0f} M" if card.parameters else "-"
            row = (f"`{plugin.name}`", parameters, VECTORS[card.pooling] + others, trained)
            families.setdefault(card.family, []).append((*row, card.weights, card.licence or "none stated"))
    header = ("name", "size", "vectors", "trained on", "weights", "licence")
    for family, rows in families.items():
        parts += [f"## {family_title(family)}\n", table(header, rows)]
    parts += [
        HUB,
        table(("name", "size", "trained on", "weights", "licence"), list(map(hub_row, filter(is_hub, plugins)))),
    ]
    return "\n".join(parts)


def is_hub(plugin: EncoderPlugin) -> bool:
    """Whether an encoder is one of the well-known ones of the hub."""
    return is_extra(plugin) and not plugin.name.startswith("recipe-")


def hub_row(plugin: EncoderPlugin) -> tuple[str, ...]:
    """A well-known encoder in the table."""
    card = plugin.card
    size = f"{card.parameters / 1e6:,.0f} M" if card.parameters else "-"
    data = ["more that is not named" if name == "undisclosed" else name for name in card.training_data or ()]
    named = ", ".join([*data[:3], *(["..."] if len(data) > 4 else []), *data[3:][-1:]]) or "not declared"
    return f"`{plugin.name}`", size, named, card.weights.removeprefix("huggingface.co/"), card.licence or "none stated"


def differences() -> str:
    """How pairs of models differ in the committed records."""
    board = Leaderboard.read(ROOT / "results")
    rows = []
    for first, second in PAIRS:
        if {first, second} <= set(board.models):
            found = {number.task_id: number for number in board.compare(first, second, tasks=list(COMPARED)).numbers}
            rows.append((f"`{second}` minus `{first}`", *(difference(found.get(task)) for task in COMPARED)))
    return table(("", *COMPARED.values()), rows).rstrip()


def difference(number: Compared | None) -> str:
    """A difference with its interval, accuracies in points; pale where a model may have seen the texts."""
    if number is None:
        return "-"
    scale, digits = (100, 1) if number.metric == "accuracy" else (1, 3)
    value, low, high = (f"{scale * (part or 0):+.{digits}f}" for part in (number.difference, number.low, number.high))
    shown = f"{value} [{low}, {high}]".replace("-", "−")
    return f"*{shown}* \\*" if number.seen else f"**{shown}**" if number.verdict(True) in ("better", "worse") else shown


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"


PAGES = {
    "architecture.md": architecture,
    "architecture.svg": drawing,
    "tasks.md": tasks_page,
    "encoders.md": encoders_page,
}

if __name__ == "__main__":
    if sys.argv[1:]:  # leaderboard (from standard input, without the table's title) or differences
        page, make = {
            "leaderboard": (ROOT / "README.md", lambda: sys.stdin.read().partition("\n")[2].strip()),
            "differences": (ROOT / "docs" / "choose.md", differences),
        }[sys.argv[1]]
        page.write_text(between(page.read_text("utf-8"), sys.argv[1], make()), "utf-8")
        sys.exit()
    for name, make in PAGES.items():
        (ROOT / "docs" / name).write_text(make(), "utf-8")
