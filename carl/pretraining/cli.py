"""`carl pretrain`: from raw text to the small encoder of RoBERTa's architecture."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--corpus-dir", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--output", type=click.Path(path_type=Path), default="runs/roberta-small", show_default=True)
@click.option("--texts", type=click.IntRange(min=2), default=60_000, show_default=True, help="Texts, a random choice.")
@click.option("--vocabulary", type=click.IntRange(min=261), default=16_384, show_default=True, help="Its entries.")
@click.option("--steps", type=click.IntRange(min=1), default=400, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--teacher-dir", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Its checkpoint.")
@click.option("--minutes", type=click.FloatRange(min=0), help="Stop after so many minutes; the same line goes on.")
def pretrain(
    corpus_dir: Path,
    output: Path,
    texts: int,
    vocabulary: int,
    steps: int,
    seed: int,
    teacher_dir: Path | None,
    minutes: float | None,
) -> None:
    """Make `roberta-small`: MiniLM's layers behind a byte-level vocabulary, then distillation to MiniLM's vectors."""
    from carl.pretraining.distillation import Pretraining

    run = Pretraining(
        corpus_dir, output, texts=texts, vocabulary=vocabulary, steps=steps, seed=seed, teacher=teacher_dir
    )
    if run.trainer.run(seconds=None if minutes is None else 60 * minutes):
        run.write()
        click.echo(str(output))
