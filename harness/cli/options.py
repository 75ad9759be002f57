"""Command-line options that several commands have, here and in `carl`, spelled once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.errors import UsageError
from harness.files import RESULTS_DIR, cache_root
from harness.files import go_offline as go_offline
from harness.printing import FORMATS

_DIRECTORY = click.Path(file_okay=False, path_type=Path)
F = TypeVar("F", bound=Callable[..., object])


def several(*options: Callable[[Any], Any]) -> Callable[[F], F]:
    """Several options at once, in this order."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


results_dir = click.option(
    "--results-dir", type=_DIRECTORY, default=RESULTS_DIR, show_default=True, help="Where result records are."
)
data_dir = click.option(
    "--data-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="AFFECTBENCH_DATA",
    help="Directory with the corpora in their official layouts  [env: AFFECTBENCH_DATA]",
)
cache_dir = click.option(
    "--cache-dir",
    type=_DIRECTORY,
    default=cache_root,
    help="Where embeddings and fetched corpora are kept; the default follows XDG_CACHE_HOME.",
)
offline = click.option(
    "--offline", is_flag=True, help="Never use the network  [env: AFFECTBENCH_OFFLINE, HF_HUB_OFFLINE]"
)
output_format = click.option("--format", "fmt", type=click.Choice(FORMATS), default="plain", show_default=True)

suite = click.option("--suite", help="quick, paper, extended or recipes  [default: what was recorded]")
tasks = click.option(
    "--tasks", "-t", multiple=True, help="Only these: families, family/corpus, ids or patterns, e.g. polarity/mr."
)

_PAIR: dict[str, Any] = {"multiple": True, "metavar": "NAME=DIR"}
weights_dirs = click.option("--weights-dir", "weights_dirs", **_PAIR, help="A model's own checkpoint.")
encoder_options = several(
    weights_dirs,
    click.option("--tokenizer-dir", "tokenizer_dirs", **_PAIR, help="A vocabulary, for checkpoints without one."),
    click.option("--device", help="cpu, cuda, cuda:1, ...  [default: a GPU if there is one]"),
    click.option(
        "--dtype",
        type=click.Choice(["float32", "bfloat16", "float16"]),
        help="Of linear layers and attention  [default: float32]",
    ),
    click.option("--batch-tokens", type=click.IntRange(min=1), help="Most tokens in one batch."),
    click.option("--trust-remote-code", multiple=True, metavar="NAME", help="Let this hub model run code of its own."),
)


def split_names(values: tuple[str, ...]) -> list[str]:
    """Names given comma-separated or repeated, in order, each once; a path that exists may hold commas.

    >>> split_names(("minilm,lexicon", "lexicon", "bert"))
    ['minilm', 'lexicon', 'bert']
    """
    parts = (
        [value] if Path(value.removeprefix("hf:").removeprefix("st:")).exists() else value.split(",")
        for value in values
    )
    return list(dict.fromkeys(name.strip() for names in parts for name in names if name.strip()))


def pairs(values: tuple[str, ...], option: str) -> list[tuple[str, Path]]:
    """`NAME=PATH` pairs.

    Raises:
        UsageError: not of that form.
    """
    found = [value.partition("=") for value in values]
    for value, (name, _, path) in zip(values, found, strict=True):
        if not name or not path:
            raise UsageError(f"{option} takes NAME=PATH, not {value!r}")
    return [(name, Path(path)) for name, _, path in found]


def directories(values: tuple[str, ...], option: str) -> dict[str, Path]:
    """`NAME=DIR` pairs.

    Raises:
        UsageError: not of that form, or no such directory.
    """
    found = dict(pairs(values, option))
    for name, directory in found.items():
        if not directory.is_dir():
            raise UsageError(f"{option} {name}={directory}: {directory} is not a directory")
    return found
