"""How fast the harness is beside what is commonly used for the same: `make perf DATA=DIR`.

Contestants take turns, so that a busy neighbour slows all of them; reported is the ratio of their median times, with
the lowest and highest ratio of a round. The peers need `pip install 'affectbench[sentence-transformers]'`.

    python -m benchmarks.speed --data-dir DATA --rows encode,probe --texts 1000 --clock cpu
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np
import torch
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Pooling, Transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from benchmarks.plain_suite import C_GRID, SEED, TASKS, in_senteval_order, load, senteval_predictions
from harness import ResultStore, load_encoder
from harness.probes.logistic import nested_cross_validation

MODEL = "minilm@mean"
BEGIN, END = "<!-- speed -->", "<!-- end -->"


class Bench:
    """What is measured with, and the rows that were.

    `count` of MR's sentences (None: all) are encoded and probed, in `rounds` turns; `clock` is "wall" or "cpu".
    """

    def __init__(self, data_dir: Path, count: int | None, rounds: int, clock: str) -> None:
        self.data_dir, self.count, self.rounds, self.clock = data_dir, count, rounds, clock
        self.rows: list[str] = []

    def mr(self) -> tuple[list[str], Any]:
        """Texts and labels."""
        texts, labels = in_senteval_order(load(self.data_dir, "mr", ["all"])[0])
        step = max(1, len(texts) // (self.count or len(texts)))
        return texts[::step][: self.count], labels[::step][: self.count]

    def turns(self, sides: dict[str, Callable[[], Any]], rounds: int, warm: bool = True) -> Any:
        """Seconds of every turn, and what each side returned last."""
        results = {name: side() for name, side in sides.items()} if warm else {}
        seconds: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, side in sides.items():
                start = self._now()
                results[name] = side()
                seconds[name].append(self._now() - start)
        return seconds, results

    def _now(self) -> float:
        return sum(os.times()[:4]) if self.clock == "cpu" else time.perf_counter()

    def ratio(self, what: str, peer: str, theirs: Sequence[float], ours: Sequence[float], found: str) -> None:
        """Add a row: how many times as fast as the peer."""
        each = [a / b for a, b in zip(theirs, ours, strict=True)]
        measured = f"{median(theirs) / median(ours):.2f} × ({min(each):.2f} to {max(each):.2f})"
        self.add(what, peer, measured, f"{median(ours):.3g} s against {median(theirs):.3g} s; {found}")

    def add(self, *cells: str) -> None:
        """Add a row and show it."""
        self.rows.append(f"| {' | '.join(cells)} |")
        print(self.rows[-1], flush=True)


def encode(bench: Bench) -> None:
    """Our packed engine in float32 and bfloat16 against sentence-transformers' defaults."""
    ours = {f"MiniLM, {dtype}": load_encoder(MODEL, device="cpu", dtype=dtype) for dtype in ("float32", "bfloat16")}
    full: Any = ours["MiniLM, float32"]
    beside(bench, ours, SentenceTransformer(str(full.directory()), device="cpu", local_files_only=True))


def shapes(bench: Bench) -> None:
    """Shapes at base size with random weights: the packed engine's, and ModernBERT, which the library runs for us."""
    minilm: Any = load_encoder(MODEL)
    sizes = {"vocab_size": 30_527, "hidden_size": 768, "embedding_size": 768, "num_attention_heads": 12}
    for name in ("Bert", "Roberta", "MPNet", "DistilBert", "Electra", "ModernBert"):
        own = {"intermediate_size": 1152, "pad_token_id": 0} if name == "ModernBert" else {"intermediate_size": 3072}
        config = getattr(transformers, f"{name}Config")(**sizes, **own)
        with tempfile.TemporaryDirectory() as place:
            getattr(transformers, f"{name}Model")(config).save_pretrained(place)
            transformers.AutoTokenizer.from_pretrained(minilm.directory()).save_pretrained(place)
            model = SentenceTransformer(modules=[Transformer(place), Pooling(768, "mean")], device="cpu")
            beside(bench, {name: load_encoder(f"{place}@mean", device="cpu")}, model)


def beside(bench: Bench, ours: dict[str, Any], model: Any) -> None:
    """Add a row for each of our encoders of a sentence-transformers model."""
    texts, _ = bench.mr()
    sides = {name: partial(encoder.encode, texts) for name, encoder in ours.items()}
    theirs = partial(model.encode, texts, show_progress_bar=False)
    seconds, vectors = bench.turns({**sides, "theirs": theirs}, bench.rounds)
    for name in ours:
        a, b = vectors[name].astype(np.float64), vectors["theirs"].astype(np.float64)
        cosine = ((a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min()
        found = f"{len(texts):,} texts of MR; lowest cosine 1 − {1 - cosine:.0e}"
        bench.ratio(f"encode, {name}", "sentence-transformers, float32", seconds["theirs"], seconds[name], found)


def probe(bench: Bench) -> None:
    """Our nested logistic probe against SentEval's scikit-learn mode, on the same folds."""
    texts, y = bench.mr()
    X = load_encoder(MODEL, device="cpu").encode(texts)
    folds = StratifiedKFold(10, shuffle=True, random_state=SEED)
    splits = [(held, [part for _, part in folds.split(X[train], y[train])]) for train, held in folds.split(X, y)]

    def ours() -> Any:
        return nested_cross_validation(X, y, 2, C_GRID, [s[0] for s in splits], [s[1] for s in splits]).predicted

    def theirs(**options: Any) -> Any:
        # With two threads scikit-learn takes seven times as long: its products are too small for them.
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return senteval_predictions(X, y, lambda C: LogisticRegression(C=C, random_state=SEED, **options))

    ours()
    seconds, last = bench.turns({"ours": ours, "theirs": theirs}, 1, warm=False)
    wrong = int((last["ours"] != theirs(solver="newton-cholesky", tol=1e-8)).sum())
    found = f"of {len(y):,} predictions {wrong} differ from scikit-learn's at tol 1e-8"
    bench.ratio("nested probe on MR", "SentEval with scikit-learn", seconds["theirs"], seconds["ours"], found)


def suite(bench: Bench) -> None:
    """The paper's suite without IMDB from nothing to a table, against the same written plainly; and a second run."""
    model: Any = load_encoder(MODEL, device="cpu")
    with tempfile.TemporaryDirectory() as directory:
        place, data = Path(directory), ("--data-dir", str(bench.data_dir))

        def ours(dtype: str) -> None:
            results, cache = ("--results-dir", str(place / dtype)), ("--cache-dir", str(place / f"{dtype}-cache"))
            options = ("--models", MODEL, "--tasks", ",".join(TASKS), "--dtype", dtype, "--device", "cpu")
            _python("-m", "harness.cli", "run", *options, *data, *results, *cache)
            _python("-m", "harness.cli", "table", *results, "-o", str(place / "table.txt"))

        plain = ("-m", "benchmarks.plain_suite", str(bench.data_dir), str(model.directory()), str(place / "plain.json"))
        half, full = partial(ours, "bfloat16"), partial(ours, "float32")
        seconds, _ = bench.turns({"float32": full, "bfloat16": half, "theirs": partial(_python, *plain)}, 1, False)
        again, _ = bench.turns({"again": full}, bench.rounds)
        theirs = json.loads((place / "plain.json").read_text())
        first = {r.task_id: next(iter(r.metrics.values())).value for r in ResultStore(place / "float32")}
    apart = max(abs(first[task] - number) for task, number in theirs.items())
    for dtype in ("float32", "bfloat16"):
        peer, found = "sentence-transformers and loops", f"first numbers at most {apart:.4f} apart"
        bench.ratio(f"suite, {dtype}", peer, seconds["theirs"], seconds[dtype], found)
    bench.add("suite a second time", "-", f"{median(again['again']):.2f} s", "everything recorded, with the table")


def start_up(bench: Bench) -> None:
    """How long a fresh process takes to answer."""
    sides = {f"bench {name}": partial(_python, "-m", "harness.cli", name) for name in ("--help", "models", "tasks")}
    seconds, _ = bench.turns({"python -c pass": partial(_python, "-c", "pass"), **sides}, bench.rounds)
    for name, found in seconds.items():
        bench.add(name, "-", f"{1000 * median(found):.0f} ms", f"{1000 * min(found):.0f} to {1000 * max(found):.0f} ms")


def _python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)


ROWS = {"encode": encode, "shapes": shapes, "probe": probe, "suite": suite, "start-up": start_up}


@click.command(help=__doc__.partition("\n")[0])
@click.option("--data-dir", type=click.Path(path_type=Path), envvar="AFFECTBENCH_DATA", default="data")
@click.option("--rows", default=",".join(ROWS), show_default=True)
@click.option("--texts", type=int, help="How many of MR's sentences to encode and probe  [default: all]")
@click.option("--rounds", default=5, show_default=True)
@click.option("--clock", type=click.Choice(["wall", "cpu"]), default="wall", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help=f"A document with {BEGIN} and {END}.")
def main(data_dir: Path, rows: str, texts: int | None, rounds: int, clock: str, output: Path | None) -> None:
    """Measure, print and write."""
    bench = Bench(data_dir, texts, rounds, clock)
    bench.add("what", "against", "measured", "found")
    bench.add("---", "---", "---", "---")
    for name in rows.split(","):
        ROWS[name](bench)
    versions = f"{torch.get_num_threads()} threads, Python {platform.python_version()}, torch {torch.__version__}"
    bench.rows.append(f"\n{platform.processor() or platform.machine()}, {versions}; {clock} clock, {rounds} rounds.")
    if output:
        before, _, rest = output.read_text("utf-8").partition(BEGIN)
        output.write_text("\n".join([before + BEGIN, *bench.rows, END]) + rest.partition(END)[2], "utf-8")


if __name__ == "__main__":
    main()
