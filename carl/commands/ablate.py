"""`carl ablate`: ablation arms, several seeds each, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carl.commands.interruption import stopping_politely
from carl.configurations import configuration
from harness.cli.options import cache_dir, data_dir, go_offline, offline, split_names

if TYPE_CHECKING:
    from carl.ablation.plan import AblationPlan, ArmRun
    from carl.ablation.results import RunResult

_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--config", "name", required=True, help="Named configuration that the arms change.")
@click.option("--arms", multiple=True, help="Comma-separated or repeated; `carl configs` lists them  [default: all]")
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True, help="How many, from seed 0 on.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=Path("runs/ablation"))
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Change a field for all arms.")
@click.option("--steps", type=click.IntRange(min=1), help="Shorthand for --set steps=N.")
@data_dir
@click.option("--corpus-dir", type=_DIRECTORY, help="Folder with rated reviews, *.jsonl or *.jsonl.zst.")
@click.option("--iemocap-dir", type=_DIRECTORY, help="The unpacked IEMOCAP release, for those who hold its licence.")
@click.option("--backbone-dir", type=_DIRECTORY, help="Checkpoint of the backbone.")
@click.option("--tokenizer-dir", type=_DIRECTORY, help="Its vocabulary, for checkpoints without one.")
@click.option("--device", default=None, help="cpu, cuda, cuda:1, ...  [default: a GPU if there is one]")
@click.option(
    "--development",
    type=click.Choice(["all", "emobank", "none"]),
    default="all",
    show_default=True,
    help="What chooses each run's step; see `carl train`.",
)
@click.option("--suite", default=None, help="Score encoders on a suite of the harness instead of Table V's tasks.")
@click.option("--tasks", multiple=True, help="Score encoders on these tasks; as for `bench run`.")
@click.option("--development-only", is_flag=True, help="Score on development data alone; look at no test split.")
@click.option("--keep-weights", is_flag=True, help="Keep every run's checkpoint; else its result and curves alone.")
@click.option("--compile", "compiled", is_flag=True, help="Let torch.compile make the encoder's layers faster.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Save the state after so many minutes, preparation counted in, and stop; the same line goes on.",
)
@click.option("--dry-run", is_flag=True, help="List what would be done; read no data.")
@cache_dir
@offline
@click.pass_context
def ablate(
    ctx: click.Context,
    name: str,
    arms: tuple[str, ...],
    seeds: int,
    output: Path,
    settings: tuple[str, ...],
    steps: int | None,
    data_dir: Path | None,
    corpus_dir: Path | None,
    iemocap_dir: Path | None,
    backbone_dir: Path | None,
    tokenizer_dir: Path | None,
    device: str | None,
    development: str,
    suite: str | None,
    tasks: tuple[str, ...],
    development_only: bool,
    keep_weights: bool,
    compiled: bool,
    minutes: float | None,
    dry_run: bool,
    cache_dir: Path,
    offline: bool,
) -> None:
    """Train ablation arms with several seeds each, score them through the harness, and compare them.

    OUTPUT gets ablation.md and ablation.csv (means over seeds with standard errors, the paper's Table V beside them)
    and runs.jsonl, all rewritten after every run. The backbone before training is a row of its own. The same line
    again goes on where an interrupted ablation stopped; what is finished is not done again, what failed is tried again.

    Exit code: 0 all done, 1 a run failed (the others are done), 2 wrong usage, 130 interrupted.
    """
    import time

    began = time.monotonic()
    go_offline(offline)
    base = configuration(name).changed([*settings, *([f"steps={steps}"] if steps is not None else [])])
    from carl.ablation.plan import ablation_plan

    plan = ablation_plan(base, split_names(arms), seeds, output)
    from carl.ablation.evaluation import Evaluation, chosen_tasks

    if development_only and (suite or tasks):
        raise click.UsageError("--development-only scores on no tasks; leave --suite and --tasks away")
    scored = () if development_only else chosen_tasks(suite, split_names(tasks))
    if dry_run:
        _list(plan, scored)
        return
    from carl.ablation.running import Ablation, Data
    from carl.backbone import read_start
    from carl.compilation import INDUCTOR
    from carl.config import Config
    from carl.development import development_data
    from carl.sources import read_sources
    from carl.training_data import TrainingData, training_data
    from harness.corpora import CorpusRegistry
    from harness.transformer.devices import choose

    chosen = choose(device)
    library = CorpusRegistry(data_dir, cache_dir, offline=offline)
    start = read_start(base.backbone, weights_dir=backbone_dir, tokenizer_dir=tokenizer_dir)

    def read(config: Config) -> TrainingData:
        sources = read_sources(config, library, corpus_dir=corpus_dir, iemocap_dir=iemocap_dir)
        _say(f"  {sum(map(len, sources)):,} texts of {', '.join(source.title for source in sources)}")
        return training_data(start, sources, config.max_length, config.teacher)

    ablation = Ablation(
        plan,
        start,
        Data(read),
        development_data(development, base, library, start.tokenizer, corpus_dir),
        Evaluation(scored, data_dir, cache_dir, chosen, offline) if scored else None,
        _Files(plan, output, scored),
        device=chosen,
        compiler=INDUCTOR if compiled else None,
        keep_weights=keep_weights,
    )
    _say(f"{base.name}: {len(plan.runs)} runs on {chosen}, results in {output}")
    seconds = None if minutes is None else max(60 * minutes - (time.monotonic() - began), 0.0)
    with stopping_politely(ablation, _say):
        complete = ablation.run(seconds)
    _Files(plan, output, scored).ended(ablation.results)
    click.echo((output / "ablation.md").read_text("utf-8"), nl=False)
    if not complete:
        _say("stopped before the end; the same command goes on")
        ctx.exit(130 if ablation.stopping else 0)
    ctx.exit(1 if any(result.status != "ok" for result in ablation.results.values()) else 0)


class _Files:
    """Keeps the table up to date."""

    def __init__(self, plan: AblationPlan, output: Path, tasks: tuple[str, ...]) -> None:
        self._plan, self._output, self._tasks = plan, output, tasks

    def say(self, line: str) -> None:
        _say(line)

    def ended(self, results: Mapping[ArmRun, RunResult]) -> None:
        from carl.ablation.results import json_lines
        from carl.ablation.table import AblationTable
        from harness.files import write_text

        ordered = {run: results[run] for run in self._plan.runs if run in results}
        table = AblationTable(self._plan, ordered, self._tasks)
        write_text(self._output / "runs.jsonl", json_lines(ordered.values()), "the runs of the ablation")
        write_text(self._output / "ablation.csv", table.csv(), "the table of the ablation")
        write_text(self._output / "ablation.md", table.markdown(), "the table of the ablation")


def _list(plan: AblationPlan, tasks: tuple[str, ...]) -> None:
    """What would be done, and what each arm changes."""
    from carl.ablation.running import outlook
    from carl.configurations import ARMS

    width = max(len(run.directory.name) for run in plan.runs)
    for run in plan.runs:
        changes = ", ".join(f"{field}={value}" for field, value in ARMS.get(run.arm, {}).items())
        click.echo(f"{run.directory.name:{width}}  {outlook(run, tasks):18}  {changes}".rstrip())
    for arm, twin in plan.same.items():
        click.echo(f"{arm} is the same as {twin} under this configuration")
    click.echo(f"scored on: {', '.join(tasks) or 'development data alone'}")


def _say(line: str) -> None:
    click.echo(line, err=True)
