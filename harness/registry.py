"""Names to plugins.

Encoders and tasks are entry points (`bench.encoders`, `bench.tasks`) of this or any installed distribution,
loaded when a name is asked for. An entry point of `bench.encoder_families` is a mapping from names to encoder classes,
for distributions that make many from one recipe. An encoder can also be given as `path/to/file.py:Class`,
`hf:ORG/NAME`, `st:ORG/NAME`, or the directory of a checkpoint or of a LoRA adapter; `NAME@mean` asks for another
pooling and is a row of its own.
"""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache, partial
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack
from urllib.parse import quote

from harness.encoder import POOLINGS, Encoder, EncoderCard
from harness.errors import BenchError, EncoderFault, UsageError, first_line, unknown_name

if TYPE_CHECKING:
    from harness.tasks.base import Task
    from harness.transformer.encoder import EncoderOptions

ENCODERS = "bench.encoders"
FAMILIES = "bench.encoder_families"
TASKS = "bench.tasks"

#: Options that may be dropped where a constructor does not know them: they change speed or form, not identity.
_DROPPABLE = ("device", "batch_tokens", "max_length", "dtype")


@dataclass(frozen=True)
class EncoderPlugin:
    """An encoder that can be made: its name in records, its card, and how to construct it."""

    name: str
    card: EncoderCard
    factory: Callable[..., Encoder]
    pooling: str | None = None
    origin: str = ""
    spec: str | None = None
    """What `find_encoder` finds it by; None for an encoder that only this process knows."""

    def accepts(self, option: str) -> bool:
        """Whether the constructor knows an option."""
        accepted = _parameters(self.factory)
        return accepted is None or option in accepted

    def create(self, **options: Any) -> Encoder:
        """Construct the encoder.

        Args:
            options: as of `load_encoder`; None means not given. Device, dtype, batch size and cut-off are left out
                where the class has no such notion.

        Raises:
            UsageError: an option that the class does not take.
            EncoderFault: its constructor raised.
        """
        given = {name: value for name, value in options.items() if value is not None}
        if self.pooling is not None:
            given["pooling"] = self.pooling
        for option in [name for name in given if not self.accepts(name)]:
            if option not in _DROPPABLE:
                raise UsageError(f"{self.name} takes no option {option!r}")
            del given[option]
        try:
            encoder = self.factory(**given)
        except BenchError:
            raise
        except Exception as error:  # a plugin may fail in any way
            raise EncoderFault(f"{self.name} cannot be made: {first_line(error)}") from error
        if not isinstance(encoder, Encoder):
            raise UsageError(
                f"{self.origin or self.name} is no encoder: it needs a `card` and a method `encode(texts)`"
            )
        return encoder

    def availability(self) -> tuple[str, str]:
        """Whether it would work now: `ready`, or a record's status, and what to do; without a word of its own, ready.

        Reads no weights and asks no network.
        """
        try:
            ask = getattr(self.create(), "availability", None)
            return ask() if callable(ask) else ("ready", "")
        except BenchError as error:
            return error.status, str(error)


def _parameters(factory: Callable[..., object]) -> set[str] | None:
    """Keyword names a factory takes, through `**options` those of its base classes; None when it takes any."""
    made = factory.func if isinstance(factory, partial) else factory
    functions: list[Any] = [factory]
    if isinstance(made, type):
        functions = [vars(kind)["__init__"] for kind in made.__mro__[:-1] if "__init__" in vars(kind)]
    names: set[str] = set()
    for function in functions:
        parameters = inspect.signature(function).parameters.values()
        names |= {p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            return names
    return None if functions else names


def _origin(point: EntryPoint) -> str:
    return f"{point.value} of {_distribution(point.dist)}" if point.dist is not None else point.value


@cache
def _distribution(found: Distribution) -> str:
    """Name and version; parsed once, since every look at them reads the distribution's whole description."""
    facts = found.metadata
    return f"{facts['Name']} {facts['Version']}"


@cache
def _points(group: str) -> Mapping[str, tuple[EntryPoint, ...]]:
    found: dict[str, dict[str, EntryPoint]] = {}
    for point in entry_points(group=group):
        # An editable install and its build folder declare the same object twice: one plugin, no collision.
        found.setdefault(point.name, {})[point.value] = point
    return {name: tuple(found[name].values()) for name in sorted(found)}


@cache
def _families() -> dict[str, tuple[Any, str]]:
    """Encoder classes of all families by name, with their origin."""
    found: dict[str, tuple[Any, str]] = {}
    for points in _points(FAMILIES).values():
        for point in points:
            try:
                found |= {name: (factory, _origin(point)) for name, factory in dict(point.load()).items()}
            except Exception as error:  # a plugin may fail at import in any way
                warnings.warn(f"the encoders of {_origin(point)} cannot be imported: {error}", stacklevel=2)
    return found


def encoder_names() -> list[str]:
    """Names of all declared encoders, whether or not they can be loaded."""
    return sorted({*_points(ENCODERS), *_families()})


def encoder_plugins() -> Iterator[EncoderPlugin]:
    """All declared encoders. A plugin that cannot be imported is one warning, and left out."""
    for name in encoder_names():
        try:
            yield find_encoder(name)
        except BenchError as error:
            warnings.warn(str(error), stacklevel=2)


def recommended_poolings(names: Iterable[str]) -> dict[str, str]:
    """Encoder → the pooling that its authors trained, for the declared ones of some names whose cards say so."""
    found = {}
    for name in {name.partition("@")[0] for name in names} & set(encoder_names()):
        try:
            pooling = find_encoder(name).card.recommended
        except BenchError:
            continue
        if pooling:
            found[name] = pooling
    return found


def find_encoder(spec: str) -> EncoderPlugin:
    """Find an encoder by what a user typed.

    Args:
        spec: a declared name, `path/to/file.py:Class`, `hf:ORG/NAME`, `st:ORG/NAME` or a directory; each may
            be followed by `@POOLING`.

    Raises:
        UsageError: no such encoder (near names are suggested), two distributions declare it (both are named), it
            cannot be imported, or the pooling is not one of its own.
    """
    base, _, pooling = spec.rpartition("@")
    if not base or Path(re.sub("^(hf|st):", "", spec)).is_dir():
        base, pooling = spec, ""
    elif pooling not in POOLINGS:
        raise UsageError(f"{spec}: unknown pooling {pooling!r}; there are {', '.join(POOLINGS)}")
    plugin = replace(_find(base), spec=spec)
    card = plugin.card
    if not pooling:
        return plugin
    if card.poolings and pooling not in card.poolings:
        raise UsageError(f"{base} has no pooling {pooling!r}; it has {', '.join(card.poolings)}")
    if not card.poolings and card.pooling is None:
        raise UsageError(f"{base} has no token vectors to pool; use the plain name")
    if pooling == card.pooling:
        return plugin
    # The plugin's own name and not what was typed: a directory's path is nobody's business in a record.
    name = f"{plugin.name}@{pooling}"
    titled = replace(card, name=name, title=f"{card.shown} ({pooling})", pooling=pooling)
    return EncoderPlugin(name, titled, plugin.factory, pooling, plugin.origin, spec)


def lineage(card: EncoderCard) -> list[EncoderPlugin]:
    """The models that a model started from, nearest first, as far as they are declared."""
    chain: list[EncoderPlugin] = []
    names, base = set(encoder_names()) - {card.name}, card.base
    while base in names:
        names.remove(base)
        chain.append(find_encoder(base))
        base = chain[-1].card.base
    return chain


def find_encoders(models: Sequence[object]) -> list[EncoderPlugin]:
    """The encoders of a run, each once and with a name of its own.

    Args:
        models: what a user typed (`find_encoder`), `NAME=SPEC` for a name of the user's choice, `all` or `available`,
            plugins, encoders, or encoder classes.

    Raises:
        UsageError: a model does not exist, is no encoder, or two have the same name.
    """
    found: dict[object, EncoderPlugin] = {}
    for model in _spelled_out(models):
        plugin = _find_named(model) if isinstance(model, str) else _given(model)
        path = _local_path(plugin)
        found.setdefault((plugin.name, plugin.origin[:3], path) if path else (plugin.name, plugin.origin), plugin)
    by_name: dict[str, list[EncoderPlugin]] = {}
    for plugin in found.values():
        by_name.setdefault(plugin.name, []).append(plugin)
    names = {id(plugin): name for same in by_name.values() for plugin, name in zip(same, _distinct(same), strict=True)}
    return [_renamed(plugin, names[id(plugin)]) for plugin in found.values()]


def _spelled_out(models: Sequence[object]) -> Iterator[object]:
    """Models with the declared encoders, recipes apart, in place of `all`, and those ready here of `available`."""
    for model in models:
        if model in ("all", "available"):
            plugins = (one for one in encoder_plugins() if not one.name.startswith("recipe-"))
            yield from (one for one in plugins if model == "all" or one.availability()[0] == "ready")
        else:
            yield model


def _find_named(text: str) -> EncoderPlugin:
    name, equals, spec = text.partition("=")
    if not equals or "/" in name or Path(text.removeprefix("hf:").removeprefix("st:")).exists():
        return find_encoder(text)
    if name in encoder_names():
        raise UsageError(f"{text}: {name} is the name of another encoder; choose a new one")
    return _renamed(find_encoder(spec), name)


def _given(model: Any) -> EncoderPlugin:
    """A plugin for an encoder, or a class of encoders, that exists already."""
    if isinstance(model, EncoderPlugin):
        return model
    kind, factory = (model, model) if isinstance(model, type) else (type(model), lambda: model)
    card = getattr(model, "card", None)
    if not isinstance(card, EncoderCard) or not hasattr(model, "encode"):
        raise UsageError(
            f"{kind.__name__} is no encoder: it needs a `card` and a method `encode(texts)`; "
            "harness.interop.as_encoder wraps models of other libraries"
        )
    return EncoderPlugin(card.name, card, factory, origin=f"{kind.__qualname__} {id(model)}")


def _local_path(plugin: EncoderPlugin) -> Path | None:
    path = Path(plugin.origin.removeprefix("hf:").removeprefix("st:"))
    return path.resolve() if plugin.spec is not None and plugin.origin and path.is_dir() else None


def _distinct(plugins: list[EncoderPlugin]) -> list[str]:
    """Distinct names for models of one name: the shortest ends of their paths that tell them apart."""
    if len(plugins) == 1:
        return [plugins[0].name]
    paths = [_local_path(plugin) for plugin in plugins]
    if None in paths:
        raise UsageError(f"two models are called {plugins[0].name!r}; give the encoder's card another name")
    pooling = f"@{plugins[0].pooling}" if plugins[0].pooling else ""
    for depth in range(1, max(len(path.parts) for path in paths if path) + 1):
        ends = [quote("/".join(path.parts[-depth:]), safe="/._-+~") for path in paths if path]
        if len(set(ends)) == len(ends):
            return [f"dir:{end}{pooling}" for end in ends]
    # One directory, read in two ways.
    return [
        f"{plugin.origin[:3]}{path.name if path else ''}{pooling}" for plugin, path in zip(plugins, paths, strict=True)
    ]


def _renamed(plugin: EncoderPlugin, name: str) -> EncoderPlugin:
    if plugin.name == name:
        return plugin
    return replace(plugin, name=name, card=replace(plugin.card, name=name, title=name.removeprefix("dir:")))


def _find(name: str) -> EncoderPlugin:
    if name.startswith(("hf:", "st:")):
        return _undeclared(name)
    if ".py:" in name:
        return _file_encoder(name)
    points = _points(ENCODERS).get(name, ())
    if len(points) > 1:
        origins = " and ".join(_origin(point) for point in points)
        raise UsageError(f"two plugins are called {name!r}: {origins}; uninstall one of them")
    for point in points:
        try:
            factory = point.load()
        except Exception as error:  # a plugin may fail at import in any way
            raise UsageError(
                f"the plugin {name!r} ({_origin(point)}) cannot be imported: {first_line(error)}"
            ) from error
        return EncoderPlugin(name, _card_of(factory, _origin(point), name), factory, origin=_origin(point))
    if Path(name).is_dir():
        return _undeclared(name)
    if name in _families():
        factory, origin = _families()[name]
        return EncoderPlugin(name, _card_of(factory, origin, name), factory, origin=origin)
    if "/" in name or "\\" in name:
        raise UsageError(f"there is no directory {name}; a model of the hub is `hf:{name}`")
    raise unknown_name("model", name, encoder_names())


def _card_of(factory: object, origin: str, name: str | None = None) -> EncoderCard:
    card = getattr(factory, "card", None)
    if not isinstance(card, EncoderCard):
        raise UsageError(f"{origin} is no encoder: it needs an attribute `card` of type harness.EncoderCard")
    return card if name is None or card.name == name else replace(card, name=name)


def _file_encoder(spec: str) -> EncoderPlugin:
    file, _, attribute = spec.rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise UsageError(f"{spec}: there is no file {file}")
    module_name = f"bench_plugin_{path.stem}"
    module_spec = importlib.util.spec_from_file_location(module_name, path)
    if module_spec is None or module_spec.loader is None:
        raise UsageError(f"{spec}: {file} is no Python module")
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[module_name] = module  # lets instances pickle within this process
    try:
        module_spec.loader.exec_module(module)
    except Exception as error:  # the user's file may fail in any way
        raise UsageError(f"{file} cannot be imported: {first_line(error)}") from error
    factory = getattr(module, attribute, None)
    if factory is None:
        classes = sorted(n for n, v in vars(module).items() if isinstance(getattr(v, "card", None), EncoderCard))
        raise UsageError(f"{file} has no {attribute!r}; encoders in it: {', '.join(classes) or 'none'}")
    return EncoderPlugin(spec, _card_of(factory, spec), factory, origin=spec)


def _undeclared(spec: str) -> EncoderPlugin:
    from harness.transformer.checkpoint import ADAPTER_FILES, is_adapter, read_config
    from harness.transformer.hub import hub_plugin

    card, factory = hub_plugin(spec)
    directory = Path(re.sub("^(hf|st):", "", spec))
    if is_adapter(directory):
        # The class of the backbone reads it: a name here, a directory, or a hub id.
        base = str(read_config(directory / ADAPTER_FILES[0]).get("base_model_name_or_path"))
        backbone = _find(base if base in _points(ENCODERS) else f"hf:{base}")
        card = replace(
            backbone.card,
            name=card.name,
            title=card.title,
            base=backbone.name,
            weights=card.weights,
            training_data=None,
            training_notes="",
            notes=card.notes,
        )
        factory = partial(backbone.factory, weights_dir=directory)
    return EncoderPlugin(card.name, card, factory, origin=spec)


def load_encoder(name: str, *, trust_remote_code: bool | None = None, **options: Unpack[EncoderOptions]) -> Encoder:
    """Make an encoder by name. Weights are read when the first text is encoded.

    Args:
        name: see `find_encoder`; it says the pooling too.
        trust_remote_code: let a hub model run code of its own.
        options: `weights_dir`, `tokenizer_dir`, `max_length`, `device`, `dtype`, `batch_tokens`, as of
            `TransformerEncoder`.

    Raises:
        UsageError: no such encoder, or an option that it does not take.
    """
    return find_encoder(name).create(trust_remote_code=trust_remote_code, **options)


#: Task families in the order of the suites' tables.
_FAMILY_ORDER = """valence-arousal polarity emotion geometry clustering retrieval nearest-neighbours few-shot
    calibration transfer subjectivity question-type tweet-sentiment irony sarcasm conversation diagnostics drift"""


def tasks() -> dict[str, Task]:
    """All declared tasks by id (`family/corpus/protocol`), in the order of the suites' tables.

    Raises:
        UsageError: two tasks have the same id.
    """
    from harness.tasks.base import task_id

    found: dict[str, Task] = {}
    origins: dict[str, str] = {}
    for points in _points(TASKS).values():
        for point in points:
            try:
                variants = point.load()()
            except Exception as error:  # a plugin may fail in any way
                warnings.warn(f"the tasks of {_origin(point)} cannot be loaded: {first_line(error)}", stacklevel=2)
                continue
            for task in variants:
                identity = task_id(task)
                if identity in found:
                    raise UsageError(
                        f"two tasks are called {identity}: {origins[identity]} and {_origin(point)}; "
                        "uninstall one of them"
                    )
                found[identity], origins[identity] = task, _origin(point)
    rank = {family: i for i, family in enumerate(_FAMILY_ORDER.split())}
    # Stable: within a family a module's own order stays, which is the order of the paper's columns.
    return dict(sorted(found.items(), key=lambda item: rank.get(item[1].name, len(rank))))


#: Suites that are offered by name. The tasks on the made-up sentences are in one more, `sample`, for tests.
SUITES = ("quick", "paper", "extended", "recipes")


def select_tasks(suite: str | None, patterns: list[str]) -> dict[str, Task]:
    """Tasks of a suite, narrowed by patterns.

    Args:
        suite: one of `SUITES`, or one that a task names; None takes `paper` when no pattern is given, else all.
        patterns: a family (`polarity`), a corpus (`polarity/mr`), an id, or a shell pattern over ids. Without a suite
            a family or corpus means the paper's protocols where it has any, and those without a random part where
            there are any; others, such as SentEval's own Adam solver, are asked for by their ids.

    Raises:
        UsageError: no such suite, or a pattern that fits no task.
    """
    everything = tasks()
    if suite is not None and suite not in {*SUITES, *(name for task in everything.values() for name in task.suites)}:
        raise unknown_name("suite", suite, list(SUITES))
    if suite is None and not patterns:
        suite = "paper"
    pool = {k: t for k, t in everything.items() if suite is None or suite in t.suites}
    if not patterns:
        return pool
    chosen: set[str] = set()
    for pattern in patterns:
        below = [k for k in pool if k.startswith(f"{pattern}/")]
        exact = {pool[k].corpus for k in below if suite is None and not pool[k].stochastic}
        below = [k for k in below if not (pool[k].stochastic and pool[k].corpus in exact)]
        paper = {pool[k].corpus for k in below if suite is None and "paper" in pool[k].suites}
        hits = {k for k in below if "paper" in pool[k].suites or pool[k].corpus not in paper}
        hits |= {k for k in pool if k == pattern or fnmatchcase(k, pattern)}
        if not hits:
            where = f" in suite {suite}" if suite else ""
            known = {"/".join(k.split("/")[:parts]) for k in pool for parts in range(1, 5)}
            raise unknown_name(f"task{where}", pattern, sorted(known, key=lambda name: (name.count("/"), name)))
        chosen |= hits
    return {k: t for k, t in pool.items() if k in chosen}
