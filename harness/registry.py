"""Names to plugins.

Encoders and tasks are entry points (`bench.encoders`, `bench.tasks`) of this or any installed distribution,
loaded when a name is asked for. An entry point of `bench.encoder_families` is a mapping from names to encoder classes,
for distributions that make many from one recipe. An encoder can also be given as `path/to/file.py:Class`,
`hf:ORG/NAME`, `st:ORG/NAME`, the directory of a checkpoint or of a LoRA adapter, or `api:MODEL` for one that a service
runs. `NAME@mean` asks for another pooling, `NAME@256d`, `NAME@int8` and `NAME@binary` for smaller vectors
(`harness.variants`), and each is a row of its own.
"""

import importlib.util
import inspect
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Unpack

from harness.encoder import POOLINGS, Encoder, EncoderCard
from harness.errors import BenchError, EncoderFault, UsageError, first_line, unknown_name
from harness.interop import as_encoder
from harness.service import ServiceEncoder, service_card
from harness.tasks.base import Task, task_id
from harness.transformer.checkpoint import ADAPTER_FILES, is_adapter, read_config
from harness.transformer.encoder import EncoderOptions, TransformerEncoder
from harness.transformer.hub import HubEncoder, hub_card, sentences
from harness.variants import Variant, marked_card, prompt_mark, reduced_card, split_reduction

ENCODERS = "bench.encoders"
FAMILIES = "bench.encoder_families"
TASKS = "bench.tasks"

#: Origin of the well-known encoders of the hub.
_HUB = "harness.transformer.known:ENCODERS"

#: Options that may be dropped where a constructor does not know them: they change speed or form, not identity.
_DROPPABLE = ("device", "batch_tokens", "max_length", "dtype")
#: Options of a few classes, which name them; no other class is given them.
_OF_FEW = ("own_prompt", "base_url", "price")


@dataclass(frozen=True)
class EncoderPlugin:
    """An encoder that can be made: its name in records, its card, and how to construct it."""

    name: str
    card: EncoderCard
    factory: Callable[..., Encoder]
    pooling: str | None = None
    origin: str = ""
    """Where it comes from: a module, a file, or `hf:` or `st:` with a directory or hub id."""
    spec: str | None = None
    """What `find_encoders` finds it by; None for an encoder that only this process knows."""
    reduction: tuple[str, ...] = ()
    """How its vectors are made smaller: `256d`, then `int8` or `binary`."""

    def accepts(self, option: str) -> bool:
        """Whether the constructor takes an option, by name or among any others."""
        parameters = inspect.signature(self.factory).parameters
        others = option not in _OF_FEW and any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        return option in parameters or others

    def create(self, **options: Any) -> Encoder:
        """Construct the encoder, with the prompt and the reduction of its row; arguments and errors as of `make`."""
        encoder = self.make(**options)
        return Variant(encoder, self.card, self.reduction) if self.reduction or self.card.prompt() else encoder

    def make(self, **options: Any) -> Encoder:
        """Construct the encoder that gives the full vectors of texts as they are.

        Options are those of `load_encoder`; None means not given. Device, dtype, batch size and cut-off are left out
        where the class has no such notion.

        Raises:
            UsageError: an option that the class does not take.
            EncoderFault: its constructor raised.
        """
        given = {name: value for name, value in options.items() if value is not None}
        if self.pooling is not None:
            given["pooling"] = self.pooling
        if self.card.prompts:
            given["own_prompt"] = False
        taken = {name: value for name, value in given.items() if self.accepts(name)}
        if strange := given.keys() - taken.keys() - {*_DROPPABLE, *_OF_FEW}:
            raise UsageError(f"{self.name} takes no option {min(strange)!r}")
        try:
            encoder = self.factory(**taken)
        except BenchError:
            raise
        except Exception as error:  # a plugin may fail in any way
            raise EncoderFault(f"{self.name} cannot be made: {first_line(error)}") from error
        if not isinstance(encoder, Encoder):
            raise UsageError(f"{self.name} has no method `encode(texts)`: it is no encoder")
        return encoder

    def availability(self) -> tuple[str, str]:
        """Whether it would work now: `ready`, or a record's status, and what to do; ready without `check_ready`.

        Reads no weights and asks no network.
        """
        try:
            encoder = self.create()
            if hasattr(encoder, "check_ready"):
                encoder.check_ready()
        except BenchError as error:
            return error.status, str(error)
        return "ready", ""


def _target(spec: str) -> Path:
    """Directory or hub id of `hf:TARGET`, `st:TARGET` or a target alone."""
    return Path(re.sub("^(hf|st):", "", spec))


def _origin(point: EntryPoint) -> str:
    return f"{point.value} of {point.dist.name} {point.dist.version}" if point.dist is not None else point.value


@cache
def _points(group: str) -> Mapping[str, tuple[EntryPoint, ...]]:
    points = entry_points(group=group)
    return {name: tuple(point for point in points if point.name == name) for name in sorted(points.names)}


@cache
def _families() -> dict[str, tuple[Any, str]]:
    """Encoder classes of all families by name, with their origin."""
    found: dict[str, tuple[Any, str]] = {}
    for point in sum(_points(FAMILIES).values(), ()):
        try:
            made = {name: (factory, point.value) for name, factory in dict(point.load()).items()}
            if any("/" in name for name in made):
                raise ValueError("a name with a slash would be an id of the hub")
            found |= made
        except Exception as error:  # a plugin may fail at import in any way
            warnings.warn(f"the encoders of {_origin(point)} cannot be imported: {error}", stacklevel=2)
    return found


def is_declared(name: str) -> bool:
    """Whether an encoder of that name, and no id of the hub, is declared, whether or not it can be loaded."""
    return name in _points(ENCODERS) or ("/" not in name and name in _families())


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


def is_extra(plugin: EncoderPlugin) -> bool:
    """Whether an encoder is one of the many that listings and `all` leave out: of the hub, or a re-trained recipe."""
    return plugin.name.startswith("recipe-") or plugin.origin == _HUB


def recommended_poolings(names: Iterable[str]) -> dict[str, str]:
    """Encoder → the pooling that its authors trained, for the declared ones of some names whose cards say so."""
    found = {}
    for name in filter(is_declared, {name.partition("@")[0] for name in names}):
        with suppress(BenchError):
            found[name] = find_encoder(name).card.recommended or ""
    return {name: pooling for name, pooling in found.items() if pooling}


def find_encoder(spec: str) -> EncoderPlugin:
    """Find an encoder by what a user typed.

    Args:
        spec: a declared name, `path/to/file.py:Class`, `hf:ORG/NAME`, `st:ORG/NAME` or a directory; each may
            be followed by `@POOLING`, and then by a reduction: `@256d`, `@int8`, `@binary`, `@256d@int8`.

    Raises:
        UsageError: no such encoder (near names are suggested), two distributions declare it (both are named), it
            cannot be imported, the pooling is not one of its own, or its vectors are not so long.
    """
    plain, steps = (spec, ()) if _target(spec).is_dir() else split_reduction(spec)
    base, _, pooling = plain.rpartition("@")
    if not base or _target(plain).is_dir():
        base, pooling = plain, ""
    elif pooling not in POOLINGS:
        raise UsageError(
            f"{plain}: unknown suffix {pooling!r}; there are {', '.join(POOLINGS)}; smaller vectors: 256d, int8, binary"
        )
    plugin = replace(_find(base), spec=spec)
    if pooling:
        plugin = _pooled(plugin, base, pooling)
    if not steps:
        return plugin
    card = replace(plugin.card, **reduced_card(plugin.card, steps))
    return replace(plugin, name=card.name, card=card, reduction=steps)


def with_prompts(plugin: EncoderPlugin, given: Mapping[str, Mapping[str, str]]) -> EncoderPlugin:
    """An encoder with the prompts that a user gave to its name, as on a card: a row of its own."""
    prompts = given.get(plugin.name.partition("@")[0])
    if prompts is None:
        return plugin
    mark = prompt_mark(prompts)
    new = {} if plugin.name.endswith(f"@{mark}") else marked_card(plugin.card, [mark])
    card = replace(plugin.card, **new, prompts={"": "", **prompts})
    return replace(plugin, name=card.name, card=card)


def _pooled(plugin: EncoderPlugin, base: str, pooling: str) -> EncoderPlugin:
    card = plugin.card
    if card.poolings and pooling not in card.poolings:
        raise UsageError(f"{base} has no pooling {pooling!r}; it has {', '.join(card.poolings)}")
    if not card.poolings and card.pooling is None:
        raise UsageError(f"{base} has no token vectors to pool; use the plain name")
    if pooling == card.pooling:
        # Asked for by name: a causal model, whose default is another, refuses it.
        return replace(plugin, pooling=pooling if plugin.accepts("pooling") else None)
    card = _pooled_card(card, pooling)
    return replace(plugin, name=card.name, card=card, pooling=pooling)


def _pooled_card(card: EncoderCard, pooling: str) -> EncoderCard:
    """The card of another pooling's row, called by the card and not by what was typed: no record names a path."""
    return replace(card, name=f"{card.name}@{pooling}", title=f"{card.shown} ({pooling})", pooling=pooling)


def lineage(card: EncoderCard) -> list[EncoderPlugin]:
    """The models that a model started from, nearest first, as far as they are declared."""
    chain: list[EncoderPlugin] = []
    seen, base = {card.name}, card.base
    while base and base not in seen and is_declared(base):
        seen.add(base)
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
    found: dict[tuple[str, str], EncoderPlugin] = {}
    for model in models:
        if model in ("all", "available"):
            declared = [one for one in encoder_plugins() if not is_extra(one)]
            plugins = [one for one in declared if model == "all" or one.availability()[0] == "ready"]
        else:
            plugins = [_find_named(model) if isinstance(model, str) else _given(model)]
        for plugin in plugins:
            found.setdefault((plugin.name, plugin.origin), plugin)
    for name, times in Counter(plugin.name for plugin in found.values()).items():
        if times > 1:
            raise UsageError(f"two models are called {name!r}; give one another name: `NAME=MODEL`")
    return list(found.values())


def _find_named(text: str) -> EncoderPlugin:
    name, equals, spec = text.partition("=")
    if not equals or "/" in name or _target(text).exists():
        return find_encoder(text)
    if not re.fullmatch(r"[^\s,]+", name):
        raise UsageError(f"{text}: the name {name!r} is empty or has blanks or commas; choose another")
    if is_declared(name):
        raise UsageError(f"{text}: {name} is the name of another encoder; choose a new one")
    plugin = find_encoder(spec)
    card = replace(plugin.card, name=name, title=name.removeprefix("dir:"))
    return plugin if plugin.name == name else replace(plugin, name=name, card=card, spec=text)


def _given(model: Any) -> EncoderPlugin:
    """A plugin for an encoder, or a class of encoders, that exists already."""
    if isinstance(model, EncoderPlugin):
        return model
    if hasattr(model, "encode") and not hasattr(model, "card") and not isinstance(model, type):
        model = as_encoder(model)
    kind, factory = (model, model) if isinstance(model, type) else (type(model), partial(_cut, model))
    card = _card_of(model, kind.__name__)
    inner = model.encoder if isinstance(model, Variant) else model
    if isinstance(inner, TransformerEncoder):  # its card is that of its class, whatever it was made with
        if inner.asked_pooling and inner.pooling != card.pooling:
            card = _pooled_card(card, inner.pooling)
        if inner.max_length:
            card = replace(card, **marked_card(card, [f"cut-{inner.max_length}"]))
    return EncoderPlugin(card.name, card, factory, origin=f"{kind.__qualname__} {id(model)}")


def _cut(encoder: Encoder, max_length: int | None = None) -> Encoder:
    """An encoder that exists already, under a protocol's cut-off where it is one of ours."""
    if isinstance(encoder, Variant):
        return Variant(_cut(encoder.encoder, max_length), encoder.card, encoder.steps)
    if max_length is None or not isinstance(encoder, TransformerEncoder):
        return encoder
    cut = copy(encoder)  # without the weights
    cut.max_length = min(max_length, encoder.max_length or max_length)
    return cut


def _find(name: str) -> EncoderPlugin:
    if name.startswith(("hf:", "st:")):
        return _undeclared(name)
    if name.startswith("api:") and name != "api:":
        return EncoderPlugin(name, service_card(name[4:]), partial(ServiceEncoder, name[4:]), origin=name)
    if ".py:" in name or name.endswith(".py"):
        return _file_encoder(name)
    points = _points(ENCODERS).get(name, ())
    if len(points) > 1:
        raise UsageError(f"two plugins are called {name!r}: {' and '.join(map(_origin, points))}; uninstall one")
    if points:
        origin = _origin(points[0])
        try:
            factory = points[0].load()
        except Exception as error:  # a plugin may fail at import in any way
            raise UsageError(f"the plugin {name!r} ({origin}) cannot be imported: {first_line(error)}") from error
    elif Path(name).is_dir():
        return _undeclared(name)
    elif name in _families():
        factory, origin = _families()[name]
    elif "/" in name or "\\" in name:
        hub = f"; a model of the hub is `st:{name}` (its own vector) or `hf:{name}`"
        raise UsageError(f"there is no directory {name}" + hub * (not name.startswith((".", "/"))))
    else:
        raise unknown_name("model", name, encoder_names())
    return EncoderPlugin(name, replace(_card_of(factory, origin), name=name), factory, origin=origin)


def _card_of(factory: object, origin: str) -> EncoderCard:
    card = getattr(factory, "card", None)
    if not isinstance(card, EncoderCard):
        raise UsageError(
            f"{origin} is no encoder: it needs a `card` of type harness.EncoderCard and a method `encode(texts)`; "
            "harness.interop.as_encoder wraps models of other libraries"
        )
    return card


def _file_encoder(spec: str) -> EncoderPlugin:
    file, attribute = (spec, "") if spec.endswith(".py") else spec.rsplit(":", 1)
    path = Path(file)
    if not path.is_file():
        raise UsageError(f"{spec}: there is no file {file}")
    module_spec = importlib.util.spec_from_file_location(f"bench_plugin_{path.stem}", path)
    assert module_spec is not None and module_spec.loader is not None  # its name ends in .py
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[module.__name__] = module  # lets instances pickle within this process
    try:
        module_spec.loader.exec_module(module)
    except Exception as error:  # the user's file may fail in any way
        raise UsageError(f"{file} cannot be imported: {first_line(error)}") from error
    factory = getattr(module, attribute, None) if attribute else None
    if factory is None:
        classes = sorted(n for n, v in vars(module).items() if isinstance(getattr(v, "card", None), EncoderCard))
        lacks = f"{file} has no {attribute!r}" if attribute else f"{file} needs the name of a class, {file}:CLASS"
        raise UsageError(f"{lacks}; encoders in it: {', '.join(classes) or 'none'}")
    name = spec.encode("utf-8", "backslashreplace").decode()  # a path need not be UTF-8, a record must be
    return EncoderPlugin(name, _card_of(factory, name), factory, origin=name)


def _undeclared(spec: str) -> EncoderPlugin:
    target = spec.removeprefix("hf:").removeprefix("st:")
    directory = Path(target).resolve()
    kind = spec[:2] if target != spec else "st" if (directory / "modules.json").is_file() else "hf"
    card = hub_card(target, kind)
    place = directory if directory.is_dir() else None
    factory = partial(sentences if kind == "st" else HubEncoder, str(place or target))
    if is_adapter(directory):
        if kind == "st":
            raise UsageError(f"{spec} is an adapter of a sentence-transformers model; merge it into that model first")
        # The class of the backbone reads it: a name here, a directory, or a hub id.
        base = str(read_config(directory / ADAPTER_FILES[0]).get("base_model_name_or_path"))
        if base.startswith(".") and not Path(base).is_dir():
            base = str(directory / base)
        if is_adapter(Path(base)):
            raise UsageError(f"{spec} is an adapter of the adapter {base[:200]}; merge that into its model first")
        backbone = _find(base if base in _points(ENCODERS) else f"hf:{base}")
        own = {field: getattr(card, field) for field in ("name", "title", "weights", "notes")}
        card = replace(backbone.card, **own, base=backbone.name, training_data=None, training_notes="")
        factory = partial(backbone.factory, weights_dir=directory)
    return EncoderPlugin(card.name, card, factory, origin=f"{kind}:{place or target}")


def load_encoder(
    name: str, *, trust_remote_code: bool | None = None, base_url: str | None = None, **options: Unpack[EncoderOptions]
) -> Encoder:
    """Make an encoder by name. Weights are read when the first text is encoded.

    Args:
        name: see `find_encoder`; it says the pooling too. `NAME=SPEC` is taken as in a run.
        trust_remote_code: let a hub model run code of its own.
        base_url: of the service that an `api:` model is asked of.
        options: `weights_dir`, `tokenizer_dir`, `max_length`, `device`, `dtype`, `batch_tokens`, as of
            `TransformerEncoder`.

    Raises:
        UsageError: no such encoder, or an option that it does not take.
    """
    return _find_named(name).create(trust_remote_code=trust_remote_code, base_url=base_url, **options)


#: Task families in the order of the suites' tables.
_FAMILY_ORDER = """valence-arousal polarity emotion geometry transfer subjectivity question-type tweet-sentiment
    irony sarcasm diagnostics"""


def tasks(ids: Iterable[str] = ()) -> dict[str, Task]:
    """All declared tasks by id (`family/corpus/protocol`), in the order of the suites' tables.

    Args:
        ids: if given, and no other distribution brings tasks, only the plugins of their families are loaded.

    Raises:
        UsageError: two tasks have the same id.
    """
    wanted, points = set(ids), _points(TASKS)
    alone = len({point.dist and point.dist.name for point in sum(points.values(), ())}) == 1
    families = {identity.partition("/")[0] for identity in wanted if alone}
    found = _declared_by({name: points[name] for name in points if name in families})
    if not wanted or not wanted <= found.keys():
        found = _declared_by(points)
    rank = {family: i for i, family in enumerate(_FAMILY_ORDER.split())}
    # Stable: within a family a module's own order stays, which is the order of the paper's columns.
    return dict(sorted(found.items(), key=lambda item: rank.get(item[1].name, len(rank))))


def _declared_by(points: Mapping[str, tuple[EntryPoint, ...]]) -> dict[str, Task]:
    found: dict[str, Task] = {}
    for point in sum(points.values(), ()):
        try:
            variants = {task_id(task): task for task in point.load()()}
        except Exception as error:  # a plugin may fail in any way
            warnings.warn(f"the tasks of {_origin(point)} cannot be loaded: {first_line(error)}", stacklevel=2)
            continue
        for identity in variants.keys() & found.keys():
            raise UsageError(f"{_origin(point)} declares the task {identity}, as another does; uninstall one of them")
        found |= variants
    return found


#: Suites that are offered by name; tasks of other distributions may name more.
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
    everything = tasks(patterns if suite is None else ())
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
