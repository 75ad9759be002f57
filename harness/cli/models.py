"""`bench models`."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.encoder import EncoderCard
    from harness.registry import EncoderPlugin

_STATUS = {"ready": "ready", "weights-missing": "weights missing", "extra-missing": "extra missing"}


@click.command()
@click.argument("names", nargs=-1)
def models(names: tuple[str, ...]) -> None:
    """List encoders with their status, or print the cards of NAMES.

    Besides these names, `path/to/file.py:Class`, `hf:org/model`, `st:org/model` and the directory of a checkpoint
    are models, and `NAME@mean` (or @pooler, @last, @cls) takes another pooling.
    """
    from harness.registry import encoder_plugins, find_encoder

    if names:
        for name in names:
            _print_card(find_encoder(name))
        return
    rows = []
    for plugin in encoder_plugins():
        card = plugin.card
        status, _ = _availability(plugin)
        rows.append(
            (
                plugin.name,
                _STATUS.get(status, status),
                card.family,
                _size(card.parameters),
                card.licence or "none stated",
            )
        )
    header = ("name", "status", "family", "parameters", "licence")
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    for row in (header, tuple("-" * width for width in widths), *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    click.echo("\n`bench models NAME` prints a card: where the weights are, which vector, what it was trained on.")


def _availability(plugin: EncoderPlugin) -> tuple[str, str]:
    """Whether an encoder would work now; one that does not say is taken to be ready."""
    from harness.errors import BenchError

    try:
        availability = getattr(plugin.create(), "availability", None)
        status, advice = availability() if callable(availability) else ("ready", "")
    except BenchError as error:
        return error.status, str(error)
    except Exception as error:  # a plugin's constructor may raise anything; listing must go on
        return "failed", f"{type(error).__name__}: {error}"
    return str(status), str(advice)


def _size(parameters: int | None) -> str:
    return f"{parameters / 1e6:.1f} M" if parameters else "-"


def _print_card(plugin: EncoderPlugin) -> None:
    card = plugin.card
    status, advice = _availability(plugin)
    click.echo(f"{plugin.name}: {card.shown}")
    for label, value in (
        ("status", _STATUS.get(status, status)),
        ("what to do", advice),
        ("family", card.family),
        ("base model", card.base or "none"),
        ("weights", card.weights),
        ("revision", card.revision or ""),
        ("page", card.url),
        ("vector", _vector(card)),
        ("cut after", f"{card.max_length} tokens" if card.max_length else "no limit of its own"),
        ("dimensions", str(card.dimensions or "known after loading")),
        ("parameters", _size(card.parameters)),
        ("trained on", _training(card)),
        ("", card.training_notes),
        ("extras", ", ".join(card.extras) or "none"),
        ("licence", card.licence or "none stated"),
        ("notes", card.notes),
        ("cite", card.citation),
    ):
        if value:
            wrapped = textwrap.wrap(value, 100)
            for i, line in enumerate(wrapped):
                click.echo(f"  {label if i == 0 else '':<12}{line}")
    click.echo()


def _vector(card: EncoderCard) -> str:
    words = {
        "cls": "last layer, first token",
        "mean": "last layer, mean over tokens",
        "pooler": "trained dense-tanh layer over the first token",
        "last": "last layer, last token",
    }
    if card.pooling is None:
        return ""
    others = [f"@{name}" for name in card.poolings if name != card.pooling]
    return words[card.pooling] + (f" (also {', '.join(others)})" if others else "")


def _training(card: EncoderCard) -> str:
    if card.training_data is None:
        return "not declared: its cells are marked unknown"
    return ", ".join(card.training_data) or "nothing"
