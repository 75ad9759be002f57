"""Command-line options that several commands have, here and in `carl`, spelled once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.files import RESULTS_DIR, cache_root, go_offline
from harness.printing import FORMATS

_DIRECTORY = click.Path(file_okay=False, path_type=Path)
_EXISTING = click.Path(exists=True, file_okay=False, path_type=Path)
F = TypeVar("F", bound=Callable[..., object])


def several(*options: Callable[[Any], Any]) -> Callable[[F], F]:
    """Several options at once, in this order."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


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


class Prompt(click.ParamType):  # type: ignore[type-arg]
    """`NAME=TEXT` or `NAME:FAMILY=TEXT`."""

    name = "NAME[:FAMILY]=TEXT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str, str]:
        """Take name, task family and text apart; `hf:org/model` has a colon of its own."""
        head, equals, text = value.partition("=")
        name, _, family = head.rpartition(":")
        if not equals or not head:
            self.fail(f"takes {self.name}, not {value!r}", param, ctx)
        return (name, family, text) if name and "/" not in family and name not in ("hf", "st") else (head, "", text)


def prompts_by_name(given: tuple[tuple[str, str, str], ...]) -> dict[str, dict[str, str]]:
    """Prompts by model and task family."""
    found: dict[str, dict[str, str]] = {}
    for name, family, text in given:
        found.setdefault(name, {})[family] = text
    return found


#: An option or argument of several names: the function gets them as a list.
NAMES: dict[str, Any] = {"callback": lambda _ctx, _param, values: split_names(values)}


class NamedPath(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click alone
    """`NAME=PATH`: the name, and a path that is checked."""

    name = "NAME=PATH"

    def __init__(self, path: click.Path) -> None:
        self.path = path

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        """Take name and path apart."""
        name, _, path = value.partition("=")
        if not name or not path:
            self.fail(f"takes {self.name}, not {value!r}", param, ctx)
        return name, Path(str(self.path.convert(path, param, ctx)))


_DIRECTORIES: dict[str, Any] = {
    "multiple": True,
    "type": NamedPath(_EXISTING),
    "callback": lambda _ctx, _param, pairs: dict(pairs),
}

results_dir = click.option(
    "--results-dir", type=_DIRECTORY, default=RESULTS_DIR, show_default=True, help="Where result records are."
)
data_dir = click.option(
    "--data-dir",
    type=_EXISTING,
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
    "--offline",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda _ctx, _param, asked: go_offline(asked),
    help="Never use the network  [env: AFFECTBENCH_OFFLINE, HF_HUB_OFFLINE]",
)
output_format = click.option("--format", "fmt", type=click.Choice(FORMATS), default="plain", show_default=True)

models = click.option("--models", "-m", multiple=True, **NAMES, help="Only these models  [default: what was recorded]")
suite = click.option("--suite", help="quick, paper, extended or recipes  [default: what was recorded]")
tasks = click.option(
    "--tasks", "-t", multiple=True, **NAMES, help="Only these: families, family/corpus, ids or patterns."
)

weights_dirs = click.option("--weights-dir", "weights_dirs", **_DIRECTORIES, help="A model's own checkpoint.")
encoder_options = several(
    weights_dirs,
    click.option("--tokenizer-dir", "tokenizer_dirs", **_DIRECTORIES, help="Vocabulary of a checkpoint without one."),
    click.option("--device", help="cpu, cuda, cuda:1, ...  [default: a GPU if there is one]"),
    click.option(
        "--dtype",
        type=click.Choice(["float32", "bfloat16", "float16"]),
        help="Of linear layers and attention  [default: float32]",
    ),
    click.option("--batch-tokens", type=click.IntRange(min=1), help="Most tokens in one batch."),
    click.option("--base-url", help="The service of `api:` models, http://HOST:PORT/v1  [env: OPENAI_BASE_URL]"),
    click.option(
        "--trust-remote-code", multiple=True, **NAMES, metavar="NAME", help="Let this hub model run code of its own."
    ),
)
