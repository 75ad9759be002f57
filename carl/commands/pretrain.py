"""`carl pretrain`: from raw text to a small encoder of RoBERTa's architecture."""

from __future__ import annotations

from pathlib import Path

import click

from carl.commands.interruption import stopping_politely

_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--config", "name", default="roberta-small", show_default=True, help="Named configuration.")
@click.option(
    "--start",
    type=click.Choice(["transfer", "scratch"]),
    default="transfer",
    show_default=True,
    help="Begin with the teacher's layers, or with random weights.",
)
@click.option("--corpus-dir", type=_DIRECTORY, required=True, help="Folder with texts, *.jsonl or *.jsonl.zst.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Checkpoint  [default: runs/NAME]")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Change a field of the configuration.")
@click.option("--seed", type=click.IntRange(min=0), help="Shorthand for --set seed=N.")
@click.option("--steps", type=click.IntRange(min=1), help="Shorthand for --set steps=N.")
@click.option("--teacher-dir", type=_DIRECTORY, help="Checkpoint of the teacher.")
@click.option(
    "--tokenizer",
    "tokenizer_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A tokenizer.json of an earlier pretraining, in place of a newly trained vocabulary.",
)
@click.option("--device", default=None, help="cpu, cuda, cuda:1, ...  [default: a GPU if there is one]")
@click.option("--until", type=click.IntRange(min=1), help="Save the state after this step and stop.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Save the state after so many minutes, preparation counted in, and stop; the same line goes on.",
)
@click.option("--state-pieces", metavar="SIZE", help="Write the state in pieces of at most this size, e.g. 16MB.")
@click.option("--compact-state", is_flag=True, help="Write states of a sixth of the size; not resumed bit by bit.")
@click.option("--prepare-only", is_flag=True, help="Train the vocabulary and tokenise the corpus, nothing else.")
@click.option("--fresh", is_flag=True, help="Begin again even if there is a saved state.")
@click.pass_context
def pretrain(
    ctx: click.Context,
    name: str,
    start: str,
    corpus_dir: Path,
    output: Path | None,
    settings: tuple[str, ...],
    seed: int | None,
    steps: int | None,
    teacher_dir: Path | None,
    tokenizer_file: Path | None,
    device: str | None,
    until: int | None,
    minutes: float | None,
    state_pieces: str | None,
    compact_state: bool,
    prepare_only: bool,
    fresh: bool,
) -> None:
    """Pretrain a small encoder. The same line again goes on where an interrupted run stopped.

    Progress goes to standard error, curves to OUTPUT/training/curves.jsonl, the checkpoint to OUTPUT. The vocabulary
    and the tokenised corpus stay in OUTPUT/training. Ctrl-C saves the state after the current step (exit code 130).
    """
    import time

    began = time.monotonic()
    from carl.pieces import size_in_bytes
    from carl.pretraining.configurations import pretraining

    shorthand = [f"{field}={value}" for field, value in (("seed", seed), ("steps", steps)) if value is not None]
    config = pretraining(name, start).changed([*settings, *shorthand])
    piece_size = size_in_bytes(state_pieces) if state_pieces else None
    from carl.checkpointing import has_state, remove_state
    from carl.pretraining.preparation import prepare
    from carl.pretraining.trainer import Pretrainer
    from harness.transformer.devices import choose

    chosen = choose(device)
    folder = output or Path("runs") / config.name
    prepared = prepare(config, corpus_dir, folder, teacher_dir=teacher_dir, tokenizer_file=tokenizer_file, report=_say)
    if prepare_only:
        click.echo(str(folder))
        return
    trainer = Pretrainer(
        config,
        prepared.start,
        prepared.corpus,
        folder,
        teacher=prepared.teacher,
        device=chosen,
        piece_size=piece_size,
        compact_state=compact_state,
        report=_say,
    )
    if fresh:
        remove_state(trainer.state_path)
    elif has_state(trainer.state_path):
        _say(f"going on from {trainer.state_path}")
    parameters = sum(tensor.numel() for tensor in prepared.start.tensors.values())
    _say(
        f"{config.name}: {parameters / 1e6:.1f} million parameters, {config.steps:,} steps of "
        f"{trainer.batches.rows * config.accumulation:,} rows of {config.max_length} tokens "
        f"({100 * trainer.batches.filled:.1f} % filled) on {chosen}"
    )
    seconds = None if minutes is None else max(60 * minutes - (time.monotonic() - began), 0.0)
    with stopping_politely(trainer, _say):
        complete = trainer.run(until=until, seconds=seconds)
    if complete:
        click.echo(str(folder))
        return
    _say(f"stopped after step {trainer.progress.step} of {config.steps}; the same command goes on")
    ctx.exit(130 if trainer.stopping else 0)


def _say(line: str) -> None:
    click.echo(line, err=True)
