"""Commands of `carl`: train, pretrain, measure, ship, card, curves, configs, predict.

What imports torch is imported inside its command.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carl.config import configuration, configuration_names
from carl.provenance import read_record
from harness.cli.options import cache_dir, data_dir, offline, results_dir, tasks
from harness.errors import DataInvalid, DataMissing, ExtraMissing, UsageError
from harness.files import write_text

if TYPE_CHECKING:
    from accelerate import Accelerator

_FOLDER = click.Path(file_okay=False, path_type=Path)
_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)

#: Measurements that stand in the curves alone.
_CURVES_ONLY = {"spread", "momentum", "gradient_norm", "learning_rate"}


@click.command()
@click.option("--config", "name", required=True, help="Named configuration; `carl configs` lists them.")
@click.option("--output", type=_FOLDER, help="Directory of the run  [default: runs/CONFIG-sSEED]")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Change a field of the configuration.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@data_dir
@click.option("--corpus-dir", type=_DIRECTORY, help="Folder with texts and rated reviews, *.jsonl or *.jsonl.zst.")
@click.option("--backbone-dir", type=_DIRECTORY, help="Checkpoint of the backbone.")
@click.option("--cpu", is_flag=True, help="Stay on the CPU even where there is a GPU.")
@click.option("--no-development", is_flag=True, help="Look at no development data; the last step is written.")
@click.option("--until", type=click.IntRange(min=1), help="Stop after this step; the same command resumes.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Stop after so many minutes of training.")
@cache_dir
@offline
@click.pass_context
def train(
    ctx: click.Context,
    name: str,
    output: Path | None,
    settings: tuple[str, ...],
    seed: int,
    data_dir: Path | None,
    corpus_dir: Path | None,
    backbone_dir: Path | None,
    cpu: bool,
    no_development: bool,
    until: int | None,
    minutes: float | None,
    cache_dir: Path,
) -> None:
    """Train an encoder. The same command resumes an interrupted run.

    Curves go to OUTPUT/training/curves.jsonl. Ctrl-C saves the state after the current step (exit code 130). On several
    GPUs: `accelerate launch --num-processes N -m carl train ...`.
    """
    config = configuration(name).changed([f"seed={seed}", *settings])
    accelerator = accelerated(cpu, config.precision)
    from carl.run import Folders, Run
    from harness.corpora.registry import CorpusRegistry

    folder = output or Path("runs") / f"{config.name}-s{config.seed}"
    folders = Folders(folder, cache_dir, data_dir, corpus_dir, backbone_dir)
    run = Run(
        config,
        CorpusRegistry(data_dir, cache_dir),
        folders,
        accelerator=accelerator,
        development=not no_development,
        say=lambda line: click.echo(line, err=True),
        report=reporter(config.name),
    )
    stop_on_signals(run.trainer.stop)
    complete = run.trainer.run(until=until, seconds=None if minutes is None else 60 * minutes)
    if complete and accelerator.is_main_process:
        run.write()
        click.echo(str(folder))
    elif not complete:
        click.echo(f"stopped after step {run.trainer.progress.step} of {run.trainer.steps}", err=True)
        ctx.exit(130 if run.trainer.stopping else 0)


def accelerated(cpu: bool, precision: str) -> Accelerator:
    """Device and processes of a training in a precision, which may stay on the `cpu` even where there is a GPU.

    Raises:
        ExtraMissing: the libraries of training are not installed.
    """
    try:
        from accelerate import Accelerator
    except ImportError as error:
        raise ExtraMissing("training needs accelerate and peft: pip install 'affectbench[train]'") from error
    from harness.transformer.packed import choose_device

    accelerator = Accelerator(cpu=cpu)
    choose_device(accelerator.device.type, precision)
    return accelerator


def stop_on_signals(stop: Callable[[], None]) -> Callable[[], bool]:
    """Let the first Ctrl-C or SIGTERM end training after the current step, and the next one at once.

    Args:
        stop: asks the trainer to save its state and stop.

    Returns:
        Whether a signal came.
    """
    came = False

    def handle(*_: object) -> None:
        nonlocal came
        if came:
            raise KeyboardInterrupt
        came = True
        click.echo("saving the state after this step; again to stop at once", err=True)
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
    return lambda: came


def reporter(name: str) -> Callable[[int, int, Mapping[str, float | None]], None]:
    """What shows the measurements of a step of the run with a name, and the time left."""
    began: dict[str, tuple[float, int]] = {}

    def report(step: int, steps: int, measures: Mapping[str, float | None]) -> None:
        now = time.monotonic()
        start, first = began.setdefault("at", (now, step))
        left = f"  {(now - start) / (step - first) * (steps - step) / 60:.0f} min left" if step > first else ""
        shown = {key: value for key, value in measures.items() if value is not None and key not in _CURVES_ONLY}
        values = "".join(f"  {key} {value:.4g}" for key, value in shown.items())
        click.echo(f"{name}: step {step}/{steps}{values}{left}", err=True)

    return report


@click.command()
@click.argument("name", required=False)
def configs(name: str | None) -> None:
    """List configurations, or print every field of one as JSON."""
    listed = "\n".join(configuration_names())
    click.echo(listed if name is None else json.dumps(configuration(name).as_dict(), indent=2))


@click.command()
@click.argument("run", type=_DIRECTORY)
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="[default: RUN/training/curves.svg]"
)
def curves(run: Path, output: Path | None) -> None:
    """Draw the curves of the finished or running RUN: losses, detector, collapse, development scores."""
    from carl.train import CURVES, read_curves

    lines = read_curves(run / CURVES)
    if not lines:
        raise UsageError(f"{run} has no curves in {CURVES}: give the --output directory of a `carl train` run")
    import pandas as pd

    frame = pd.DataFrame(lines).set_index("step").drop(columns="seconds").dropna(axis=1, how="all")
    size = 12, len(frame.columns)
    axes = frame.interpolate(limit_area="inside").plot(subplots=True, layout=(-1, 3), marker=".", figsize=size)
    figure = axes[0, 0].figure
    figure.suptitle(run.resolve().name)
    target = output or (run / CURVES).with_suffix(".svg")
    if target.suffix[1:] not in (known := figure.canvas.get_supported_filetypes()):
        raise UsageError(f"--output {target}: no such kind of picture; end it in one of {', '.join(sorted(known))}")
    figure.tight_layout()
    figure.savefig(target)
    click.echo(str(target))


@click.command()
@click.argument("run", type=_DIRECTORY)
@click.option("--name", required=True, help="How the checkpoint is called, e.g. carl-minilm.")
@click.option("--to", "destination", type=_FOLDER, help="Folder of checkpoints  [default: this package's]")
@click.option("--dtype", default="float32", show_default=True, help="Of the vectors that the heads are fitted on.")
@data_dir
@cache_dir
@offline
def ship(run: Path, name: str, destination: Path | None, dtype: str, data_dir: Path | None, cache_dir: Path) -> None:
    """Make a checkpoint of the finished RUN: check it, fit its heads on EmoBank and GoEmotions, write its card.

    Heads are fitted on training splits and scored on test splits; the scores go into the card and choose nothing. A
    checkpoint of that name is replaced.
    """
    from carl.ship import ship as make
    from carl.shipped import CHECKPOINTS
    from harness.corpora.registry import CorpusRegistry

    click.echo(str(make(run, name, CorpusRegistry(data_dir, cache_dir), destination or CHECKPOINTS, dtype)))


@click.command()
@click.argument("runs", nargs=-1, required=True, type=_DIRECTORY)
@click.option("--suite", default="recipes", show_default=True)
@tasks
@click.option("--dtype", default="float32", show_default=True)
@data_dir
@cache_dir
@results_dir
@offline
def measure(runs: tuple[Path, ...], dtype: str, results_dir: Path, **options: Any) -> None:
    """Measure finished RUNS of ablations, recipes or CARL; the seed of a record is that of the training.

    Tables then show a configuration's mean over its seeds, with an interval. A task's own seeds count in thousands.
    """
    from carl.recipes.encoders import encoder_of_run
    from harness.api import run as measured
    from harness.record import ResultStore

    store = ResultStore(results_dir)
    for run in runs:
        own = ResultStore(run / "training" / "results")
        encoder, trained = encoder_of_run(run, dtype), read_record(run)
        for record in measured(encoder, results_dir=own.directory, **options).records:
            # The vectors of two seeds differ by intent: a fingerprint would say that one of them is outdated.
            model = replace(record.model, name=trained.name, fingerprint="")
            seed = trained.config["seed"] + 1000 * record.seed
            store.save(replace(record, model=model, seed=seed), own.predictions(record))


@click.command()
@click.argument("checkpoint", type=_DIRECTORY)
@results_dir
def card(checkpoint: Path, results_dir: Path) -> None:
    """Write README.md of a shipped CHECKPOINT again, with every evaluation of its very weights in the results."""
    from carl.card import evaluations_of, model_card
    from carl.heads import read_heads

    record = read_record(checkpoint)
    found = evaluations_of(checkpoint, record.shipped_as or record.name, results_dir)
    write_text(checkpoint / "README.md", model_card(record, read_heads(checkpoint), found), "the model card")
    click.echo(f"{len(found)} evaluations: {checkpoint / 'README.md'}", err=True)


@click.command()
@click.option("--corpus-dir", type=_DIRECTORY, required=True, help="Folder with texts, *.jsonl or *.jsonl.zst.")
@click.option("--output", type=_FOLDER, default="runs/roberta-small", show_default=True)
@click.option("--texts", type=click.IntRange(min=2), default=60_000, show_default=True, help="Texts, a random choice.")
@click.option("--vocabulary", type=click.IntRange(min=261), default=16_384, show_default=True, help="Its entries.")
@click.option("--steps", type=click.IntRange(min=1), default=400, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--teacher-dir", "teacher", type=_DIRECTORY, help="Checkpoint of the teacher.")
@click.option("--minutes", type=click.FloatRange(min=0), help="Stop after so many minutes; the same command resumes.")
def pretrain(corpus_dir: Path, output: Path, minutes: float | None, **options: Any) -> None:
    """Make `roberta-small`: MiniLM's layers behind a byte-level vocabulary, then distillation to MiniLM's vectors."""
    accelerated(True, "bfloat16")
    from carl.pretraining import Pretraining

    run = Pretraining(corpus_dir, output, **options)
    if run.trainer.run(seconds=None if minutes is None else 60 * minutes):
        run.write()
        click.echo(str(output))


@click.command()
@click.argument("texts", nargs=-1)
@click.option("--model", "-m", default="carl-minilm", show_default=True, help="Encoder with heads, or shipped folder.")
@click.option("--format", "form", type=click.Choice(["table", "jsonl"]), help="[default: table on a terminal]")
@click.option("--chunk", type=click.IntRange(min=1), default=4096, show_default=True, help="Lines read at a time.")
@click.option("--device", help="cpu, cuda, cuda:1, ...  [default: a GPU if there is one]")
@click.option("--dtype", type=click.Choice(["float32", "bfloat16", "float16"]), help="[default: float32]")
@offline
def predict(texts: tuple[str, ...], form: str | None, chunk: int, **options: Any) -> None:
    """Predict TEXTS, or the lines of standard input (no TEXTS, or -): one result a line, in the order of the texts.

    Made for English: of other languages the numbers mean little. Valence and arousal go from -1 to 1. Emotion
    probabilities are those of six emotions given that a text has exactly one of them: a neutral or empty text gets
    them as well. The checkpoint's card says how well the heads score.
    """
    if (not texts and sys.stdin.isatty()) or ("-" in texts and len(texts) > 1):
        raise UsageError('give texts, e.g. `carl predict "What a day!"`, or lines on standard input; - stands alone')
    from carl.heads import load_predictor

    predictor = load_predictor(**options)
    if texts in ((), ("-",)):
        lines = (line.removesuffix(b"\n").removesuffix(b"\r") for line in sys.stdin.buffer)
        stream = _decoded(lines, "line {} of standard input")
    else:
        stream = _decoded(map(os.fsencode, texts), "text {}")
    table = form == "table" or (form is None and sys.stdout.isatty())
    room = max(shutil.get_terminal_size().columns - 48, 12)
    if table:
        click.echo(f"{'valence':>7}  {'arousal':>7}  {'emotions':<28}  text")
    while part := list(islice(stream, chunk)):
        affect = predictor(part)
        columns = (values.round(4).tolist() for values in (affect.valence, affect.arousal, affect.probabilities))
        for text, valence, arousal, shares in zip(part, *columns, strict=True):
            emotions = dict(zip(affect.emotions, shares, strict=True))
            first, second = sorted(emotions, key=emotions.__getitem__, reverse=True)[:2]
            row = {"text": text, "valence": valence, "arousal": arousal, "emotion": first, "emotions": emotions}
            line = json.dumps(row, ensure_ascii=False)
            if table:
                likely = "  ".join(f"{name:<8} {emotions[name]:4.0%}" for name in (first, second))
                shown = "".join(char if char.isprintable() else " " for char in text)
                shown = shown if len(shown) <= room else f"{shown[: room - 1]}…"
                line = f"{valence:>+7.2f}  {arousal:>+7.2f}  {likely:<28}  {shown}"
            click.echo(line.encode("utf-8"))  # whatever the locale


def _decoded(texts: Iterable[bytes], place: str) -> Iterator[str]:
    number = 0
    for number, text in enumerate(texts, start=1):
        try:
            yield text.decode("utf-8")
        except UnicodeDecodeError as error:
            where = place.format(number)
            raise DataInvalid(f"{where} is not UTF-8; convert it, e.g. iconv -f latin1 -t utf-8") from error
    if not number:
        raise DataMissing("standard input is empty: there is no text to predict")
