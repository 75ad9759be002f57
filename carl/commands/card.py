"""`carl card`: the model card of a shipped checkpoint, written again with what was measured of it."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import results_dir


@click.command()
@click.argument("checkpoint", type=click.Path(exists=True, file_okay=False, path_type=Path))
@results_dir
def card(checkpoint: Path, results_dir: Path) -> None:
    """Write README.md of a shipped CHECKPOINT again, with every evaluation of its weights in the results.

    Results count when they carry the checkpoint's name and were measured with these very weights.
    """
    from carl.card import card_from
    from carl.evaluations import evaluations_of
    from carl.heads import read_heads
    from carl.provenance import is_backbone, read_record
    from harness.errors import UsageError
    from harness.files import write_text

    record = read_record(checkpoint)
    if is_backbone(record):
        raise UsageError(f"{checkpoint} is a backbone; `carl pretrain` wrote its card, and only CARL's are extended")
    found = evaluations_of(checkpoint, str(record.get("shipped_as", record["name"])), results_dir)
    text = card_from(checkpoint, record, read_heads(checkpoint), found)
    write_text(checkpoint / "README.md", text, "the model card")
    click.echo(f"{len(found)} evaluations: {checkpoint / 'README.md'}", err=True)
