"""Models that no wrapper describes: checkpoints of the transformers and sentence-transformers libraries.

They come from the hub or a directory. Loading is safe (safetensors, or pickles that hold nothing but tensors) and
complete: an encoder tensor that the checkpoint does not set is an error, where the libraries would draw it at random.
"""

from __future__ import annotations

import importlib.util
import inspect
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from harness.encoder import POOLINGS, Encoder, EncoderCard
from harness.errors import ExtraMissing, UsageError, WeightsInvalid, WeightsMissing, first_line
from harness.files import sha256_file
from harness.transformer.checkpoint import Layout, read_config
from harness.transformer.devices import batch_tokens, choose, find_executable_batch_size
from harness.transformer.encoder import EncoderOptions, Loaded, TransformerEncoder, once
from harness.transformer.hub import (
    FILES,
    CheckpointFiles,
    cached_snapshot,
    deciding_files,
    fetch_from_hub,
    hub_reachable,
    parse_hub_id,
    weight_files,
)
from harness.transformer.safety import check_directory
from harness.transformer.shape import Shape
from harness.transformer.tokenization import CHARACTERS_PER_TOKEN, encodable, library_tokenizer

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

#: `model_type` → architecture, for types whose arithmetic is exactly that of the packed engine.
PACKED = {"bert": "bert", "roberta": "roberta", "xlm-roberta": "roberta", "camembert": "roberta", "mpnet": "mpnet"}

#: Where neither configuration nor tokeniser says how long a text may be.
_DEFAULT_LENGTH = 512

#: Larger limits are what libraries write where no limit is known.
_NO_LIMIT = 1_000_000

#: Buffers of old files that today's models make themselves.
_BUFFERS = re.compile(r"(^|\.)(position_ids|inv_freq|masked_bias|attn\.bias)$")


def hub_plugin(spec: str) -> tuple[str, EncoderCard, Callable[..., Encoder]]:
    """What the registry needs for a model that no plugin declares.

    Args:
        spec: `hf:ORG/NAME`, `st:ORG/NAME`, either with a `:REVISION` or with a directory in place of the id; or a
            directory alone, which is read by sentence-transformers when it holds a `modules.json`.

    Returns:
        Name for records, card, and the class with the model filled in.

    Raises:
        UsageError: neither a directory nor a hub id.
    """
    kind, target = (spec[:2], spec[3:]) if spec.startswith(("hf:", "st:")) else ("", spec)
    if not kind:
        kind = "st" if (Path(target) / "modules.json").is_file() else "hf"
    card = hub_card(target, kind)
    return card.name, card, partial(_sentences if kind == "st" else HubEncoder, target)


def _sentences(model: str, *, pooling: str | None = None, **options: Any) -> Encoder:
    """The model's own sentence vector; with a pooling its transformer alone."""
    kind = SentenceTransformerEncoder if pooling is None else HubEncoder
    return kind(model, pooling=pooling, **options)


def hub_card(target: str, kind: str) -> EncoderCard:
    """The card of a model of which nothing is known but where it is.

    Args:
        target: hub id, with a revision or without, or directory.
        kind: `hf` (first token by default) or `st` (the model's own sentence vector by default).

    Raises:
        UsageError: neither a directory nor a hub id.
    """
    local = Path(target).is_dir()
    identity, revision = (Path(target).resolve().name, None) if local else parse_hub_id(target)
    # A record says nothing of the machine's folders: of a directory only its own name, without blanks and commas.
    name = "dir:" + re.sub(r"[^\w.-]", "-", identity) if local else f"{kind}:{target}"
    return EncoderCard(
        name=name,
        family="hub",
        title=identity,
        weights=f"a local directory {identity}" if local else f"huggingface.co/{identity}",
        revision=revision,
        pooling="cls" if kind == "hf" else None,
        poolings=POOLINGS,
        training_data=None,
        url="" if local else f"https://huggingface.co/{identity}",
        extras=() if kind == "hf" else ("sentence-transformers",),
        notes="Nothing is declared about this model: whether it has seen a corpus is unknown.",
    )


class HubEncoder(TransformerEncoder):
    """A checkpoint of the transformers library, from the hub or a directory.

    Exactly BERT-, RoBERTa- and MPNet-shaped models run in the packed engine, others by the library. Tokens are the
    library's own in both. Every encoder tensor must be in the checkpoint; heads of any name are left out and listed by
    `describe`. A causal model's first token has seen nothing of the text: there the last token is the default.

    Args:
        model: hub id, with a `:REVISION` or without, or directory.
        trust_remote_code: let the checkpoint's own Python code run; never without.
        options: see `TransformerEncoder`.
    """

    layout = Layout(architecture="bert", any_heads=True)
    kind = "hf"

    def __init__(
        self, model: str | Path, *, trust_remote_code: bool = False, **options: Unpack[EncoderOptions]
    ) -> None:
        self.card = hub_card(str(model), self.kind)
        local = Path(model).is_dir()
        if local and not options.get("weights_dir"):
            options["weights_dir"] = model
        super().__init__(**options)
        self.hub = None if local else parse_hub_id(str(model))[0]
        self.trust_remote_code = trust_remote_code
        self._default_pooling = options.get("pooling") is None
        self._packed: bool | None = None

    def directory(self, *, fetch: bool = False) -> Path:
        """The checkpoint's directory: the one given, else the cached one, else fetched.

        Raises:
            WeightsMissing: it is nowhere.
        """
        if self.weights_dir is not None:
            return self.weights_dir
        hub, revision = str(self.hub), self.card.revision
        cached = cached_snapshot(hub, revision)
        # Whoever used the tokeniser alone has a snapshot without weights.
        if cached is not None and any(path.suffix in (".safetensors", ".bin") for path in cached.rglob("*")):
            return cached
        if fetch and hub_reachable():
            return fetch_from_hub(hub, revision, patterns=(*FILES, *(["*.py"] if self.trust_remote_code else [])))
        raise WeightsMissing(
            f"{self.card.name.removeprefix(f'{self.kind}:')} is not in the hub's cache on this machine; with a network "
            f"it is fetched, without one pass `--weights-dir {self.card.name}=DIR`"
        )

    def files(self, *, fetch: bool = True) -> CheckpointFiles:
        """The checkpoint's files; `vocabulary` holds all that remain beside configuration and weights.

        Raises:
            WeightsMissing: there is no configuration, or there are no weights.
        """
        directory = self.directory(fetch=fetch)
        config, weights = directory / "config.json", weight_files(directory)
        if not config.is_file() or not weights:
            raise WeightsMissing(f"{directory} holds no checkpoint: config.json and *.safetensors or pytorch_model.bin")
        architecture = None if self.trust_remote_code or len(weights) > 1 else _packed_architecture(config)
        self._packed = architecture is not None
        if architecture is not None:
            self.layout = Layout(architecture=architecture, any_heads=True)
        places = {directory, self.tokenizer_dir or directory}
        rest = {path for place in places for path in deciding_files(place)} - {config, weights[0]}
        return CheckpointFiles(weights[0], config, tuple(sorted(rest)))

    @property
    def packed(self) -> bool:
        """Whether the packed engine runs this model."""
        if self._packed is None:
            self.files()
        return bool(self._packed)

    @property
    def backend(self) -> str:
        """Name of the arithmetic."""
        return super().backend if self.packed else "transformers"

    def fingerprint_parts(self) -> list[str]:
        """Digests of the files, and whether the model's own code ran."""
        parts = [f"{path.name}:{sha256_file(path)}" for path in self.files().all]
        return [*parts, *(["remote-code"] if self.trust_remote_code else [])]

    def describe(self) -> dict[str, Any]:
        """What a record should say, with the heads that were left out."""
        if not self.packed:
            self.load()  # the pooling may follow from the model
        left_out = list(self._loaded.left_out) if self._loaded is not None else []
        return {**super().describe(), "left_out": left_out}

    def effective_max_length(self) -> int | None:
        """Tokens after which a text is cut: what was asked for, within what configuration and tokeniser allow."""
        return super().effective_max_length() if self.packed else self.load().max_length

    def tokenizer(self, files: CheckpointFiles) -> Any:
        """The library's tokeniser for the checkpoint, with all that is declared there; its Rust part where packed."""
        directory = self.tokenizer_dir or files.config.parent
        found = library_tokenizer(directory, trust_remote_code=self.trust_remote_code)
        return getattr(found, "backend_tokenizer", found) if self.packed else found

    def _cut(self, shape: Shape) -> int:
        path = (self.tokenizer_dir or self.files().config.parent) / "tokenizer_config.json"
        declared = _limit(read_config(path).get("model_max_length")) if path.is_file() else None
        return min(limit for limit in (self.max_length, declared, shape.max_tokens) if limit is not None)

    def _read(self, files: CheckpointFiles) -> Loaded:
        if self.packed:
            return super()._read(files)
        import torch

        directory = files.config.parent
        engine = LibraryEngine(
            directory,
            device=torch.device(choose(self.device)),
            dtype=getattr(torch, self.dtype),
            trust_remote_code=self.trust_remote_code,
        )
        if self.pooling == "pooler" and not engine.has_pooler:
            raise WeightsInvalid(f"{directory} has no trained pooler: use another pooling, e.g. {self.card.name}@mean")
        if self.pooling == "cls" and engine.causal:
            if not self._default_pooling:
                raise UsageError(f"{self.card.name} is causal: its first token sees nothing of a text; use @last")
            warnings.warn(f"{self.card.name} is causal: its vector is the last token's", stacklevel=2)
            self.pooling = "last"
        tokenizer = self.tokenizer(files)
        limits = [limit for limit in (position_limit(engine.model), _limit(tokenizer.model_max_length)) if limit]
        limit = min(limits, default=_DEFAULT_LENGTH)
        return Loaded(
            engine=engine,
            tokenizer=tokenizer,
            max_length=min(self.max_length or limit, limit),
            dimensions=engine.dimensions,
            parameters=engine.parameters,
            left_out=engine.left_out,
        )


def _packed_architecture(path: Path) -> str | None:
    """Architecture of a model that the packed engine can run; None when it cannot."""
    config = read_config(path)
    architecture = PACKED.get(str(config.get("model_type")))
    if architecture is None or "auto_map" in config:
        return None
    try:
        Shape.from_config(config, architecture, str(path))
    except WeightsInvalid:
        return None
    return architecture


def _limit(declared: Any) -> int | None:
    """A declared limit of tokens; None where it says that there is none."""
    return int(declared) if isinstance(declared, int | float) and 2 < declared < _NO_LIMIT else None


def load_model(directory: Path, *, trust_remote_code: bool = False) -> tuple[Any, dict[str, Any]]:
    """Read an encoder by the transformers library, every tensor checked.

    Returns:
        The model on the CPU, and the library's account of the tensors.

    Raises:
        WeightsInvalid: the library cannot read the checkpoint, or tensors of the encoder are missing or unknown.
    """
    import transformers

    check_directory(directory, trust_remote_code=trust_remote_code)
    named = [str(name) for name in read_config(directory / "config.json").get("architectures") or ()]
    # The encoder alone of an encoder-decoder, saved by a class of its own (`T5EncoderModel`).
    alone = [name for name in named if name.endswith("EncoderModel") and hasattr(transformers, name)]
    kind: Any = getattr(transformers, alone[0]) if alone else transformers.AutoModel
    try:
        with without_progress_bar():
            model, info = kind.from_pretrained(
                directory, local_files_only=True, trust_remote_code=trust_remote_code, output_loading_info=True
            )
    except Exception as error:  # the library raises many kinds, all of which mean the files
        raise WeightsInvalid(f"{directory}: the transformers library cannot load it ({first_line(error)})") from error
    lacking = [name for name in sorted(info["missing_keys"]) if "pooler" not in name.split(".")]
    lacking += [str(entry[0]) for entry in info.get("mismatched_keys", [])]
    if lacking:
        raise WeightsInvalid(
            f"{directory}: the checkpoint lacks {', '.join(lacking[:4])}{' and more' if len(lacking) > 4 else ''}, "
            "which would be drawn at random"
        )
    modules = {name for name, _ in model.named_children()} - {"pooler"}
    prefix = f"{model.base_model_prefix}."
    unknown = [
        name
        for name in sorted(info["unexpected_keys"])
        if name.removeprefix(prefix).partition(".")[0] in modules and not _BUFFERS.search(name)
    ]
    if unknown:
        raise WeightsInvalid(f"{directory} has unknown tensors {', '.join(unknown[:4])} inside the encoder")
    return model, info


class LibraryEngine:
    """A model of the transformers library, ready to run. Batches hold texts of equal length, so nothing is padded.

    Args:
        directory: checkpoint as the library reads it.
        device: where to compute.
        dtype: of weights and arithmetic; vectors are float32 whatever it is.
        trust_remote_code: let the checkpoint's own Python code run.

    Raises:
        WeightsInvalid: see `load_model`, or the model is none of texts.
    """

    def __init__(
        self, directory: Path, *, device: torch.device, dtype: torch.dtype, trust_remote_code: bool = False
    ) -> None:
        model, info = load_model(directory, trust_remote_code=trust_remote_code)
        if getattr(model.config, "is_encoder_decoder", False) and hasattr(model, "decoder"):
            model = model.get_encoder()
        self.origin = directory
        self.has_pooler = not info["missing_keys"] and _pooler_trained(model)
        self.left_out: tuple[str, ...] = tuple(sorted(info["unexpected_keys"]))
        self.model = model.to(device=device, dtype=dtype).eval()
        self.device = device
        self.parameters = sum(
            tensor.numel() for name, tensor in model.named_parameters() if "pooler" not in name.split(".")
        )
        self._masked = "attention_mask" in inspect.signature(self.model.forward).parameters
        self.dimensions, self.causal = self._tried()

    def _tried(self) -> tuple[int, bool]:
        """Length of a vector, and whether the first token's is blind to the second, found by running the model."""
        import torch

        try:
            self.words = int(self.model.get_input_embeddings().weight.shape[0])
            padding = getattr(self.model.config, "pad_token_id", None)
            first, second, third = [index for index in range(self.words) if index != padding][:3]
            states = self._output(torch.tensor([[first, second], [first, third]])).last_hidden_state
            return int(states.shape[-1]), bool(torch.equal(states[0, 0], states[1, 0]))
        except Exception as error:  # whatever a model of images or sounds raises
            raise WeightsInvalid(f"{self.origin}: it does not encode token ids ({first_line(error)})") from error

    def _output(self, ids: Tensor) -> Any:
        import torch

        ids = ids.to(self.device)
        with torch.inference_mode():
            return self.model(input_ids=ids, **({"attention_mask": torch.ones_like(ids)} if self._masked else {}))

    @property
    def bytes_per_token(self) -> int:
        """Memory that one token of a batch takes, for a network four times as wide inside as outside."""
        return 16 * self.dimensions * 4

    def pooled(self, items: Sequence[NDArray[np.int32]], pooling: str, batch_tokens: int) -> NDArray[np.float32]:
        """One vector per item; see `PackedEncoder.pooled`."""
        import torch

        result = torch.empty(len(items), self.dimensions)
        for rows, output in self._outputs(items, batch_tokens):
            states = output.last_hidden_state
            if pooling == "pooler":
                vectors = output.pooler_output
            elif pooling == "mean":
                vectors = states.float().mean(1)
            else:
                vectors = states[:, 0 if pooling == "cls" else -1]
            result[rows] = vectors.float().cpu()
        return result.numpy()

    def states(self, items: Sequence[NDArray[np.int32]], batch_tokens: int) -> list[Tensor]:
        """Last-layer vectors of all tokens; see `PackedEncoder.states`."""
        found: dict[int, Tensor] = {}
        for rows, output in self._outputs(items, batch_tokens):
            found.update(zip(rows, output.last_hidden_state.float().cpu().clone(), strict=True))
        return [found[row] for row in range(len(items))]

    def _outputs(self, items: Sequence[NDArray[np.int32]], batch_tokens: int) -> Iterator[tuple[list[int], Any]]:
        """Model outputs of batches of equal length, longest texts first: rows and output."""
        import numpy as np
        import torch

        if any(item.max(initial=0) >= self.words for item in items):
            raise WeightsInvalid(f"{self.origin}: the tokeniser gives ids beyond the {self.words} word vectors")
        order = sorted(range(len(items)), key=lambda i: -len(items[i]))
        start = 0
        while start < len(order):
            length = len(items[order[start]])
            most = max(1, batch_tokens // length)
            rows = [row for row in order[start : start + most] if len(items[row]) == length]
            start += len(rows)
            yield rows, self._output(torch.from_numpy(np.stack([items[row] for row in rows]).astype(np.int64)))


def position_limit(model: Any) -> int | None:
    """Most tokens that a model has positions for; None where positions have no end.

    In RoBERTa's convention, which many models follow, positions begin behind the padding id: their table says so.
    """
    config = model.config
    limits = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions")]
    for name, module in model.named_modules():
        if "position" in name.rpartition(".")[2] and hasattr(module, "num_embeddings"):
            limits.append(module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1))
    return min((limit for limit in limits if isinstance(limit, int) and limit > 0), default=None)


def _pooler_trained(model: Any) -> bool:
    """Whether the model has a pooler, and its bias is not exactly zero, as initialisation leaves it."""
    biases = [
        tensor for name, tensor in model.named_parameters() if "pooler" in name.split(".") and name.endswith("bias")
    ]
    return bool(biases) and all(bool(bias.any()) for bias in biases)


@contextmanager
def without_progress_bar() -> Iterator[None]:
    """Keep the library's bars off the screen, where the run has its own."""
    from transformers.utils import logging

    bars: Any = logging  # its functions carry no types
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()


class SentenceTransformerEncoder(HubEncoder):
    """A model of the sentence-transformers library with its own pooling and normalisation, from the hub or a directory.

    Args:
        model: see `HubEncoder`, as are the options; its pooling and tokeniser are its own.
    """

    kind = "st"
    backend = "sentence-transformers"

    def __init__(
        self, model: str | Path, *, trust_remote_code: bool = False, **options: Unpack[EncoderOptions]
    ) -> None:
        if options.get("tokenizer_dir") is not None:
            raise UsageError("a sentence-transformers model has its own tokeniser; `--tokenizer-dir` does not apply")
        super().__init__(model, trust_remote_code=trust_remote_code, **options)
        self.pooling = "its own"
        self._packed = False

    def fetch(self, report: Callable[[str], None] = print) -> Path:
        """Fetch the model where it is not on this machine; see `TransformerEncoder.fetch`."""
        return self.directory(fetch=True)

    def check_ready(self) -> None:
        """Raise what encoding would raise for want of the package or files."""
        _require_package()
        self.directory()

    def fingerprint_parts(self) -> list[str]:
        """The library's version and digests of the model's files."""
        from importlib.metadata import version

        _require_package()
        directory = self.directory(fetch=True)
        files = deciding_files(directory)
        parts = [f"{path.relative_to(directory)}:{sha256_file(path)}" for path in files]
        return [version("sentence-transformers"), *parts]

    def effective_max_length(self) -> int | None:
        """Tokens after which a text is cut; None where the model has no limit."""
        return self.load().max_length or None

    def load(self) -> Loaded:
        """Read the model once; later calls return the same.

        Raises:
            ExtraMissing: the library is not installed.
            WeightsMissing: the model is nowhere.
            WeightsInvalid: the library cannot read it, or tensors are missing.
        """
        if self._loaded is None:
            _require_package()
            import torch
            from sentence_transformers import SentenceTransformer

            directory = self.directory(fetch=True)
            check_directory(directory, trust_remote_code=self.trust_remote_code)
            for config in sorted(directory.rglob("config.json")):
                if "model_type" in read_config(config) and weight_files(config.parent):
                    load_model(config.parent, trust_remote_code=self.trust_remote_code)
            try:
                with without_progress_bar():
                    model: Any = SentenceTransformer(
                        str(directory),
                        device=choose(self.device),
                        local_files_only=True,
                        trust_remote_code=self.trust_remote_code,
                    )
            except Exception as error:  # the library raises many kinds, all of which mean the files
                raise WeightsInvalid(
                    f"{directory}: sentence-transformers cannot load it ({first_line(error)})"
                ) from error
            networks = [module.auto_model for module in model.modules() if hasattr(module, "auto_model")]
            limits = [_limit(model.max_seq_length), *map(position_limit, networks)]
            limit = min((one for one in limits if one), default=_DEFAULT_LENGTH if networks else 0)
            if limit:
                model.max_seq_length = limit = min(self.max_length or limit, limit)
            self._loaded = Loaded(
                engine=model.to(getattr(torch, self.dtype)).eval(),  # asked in `encode` alone
                tokenizer=None,
                max_length=limit,
                dimensions=int(model.get_embedding_dimension()),
                parameters=sum(tensor.numel() for tensor in model.parameters()),
            )
        return self._loaded

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts; see `harness.encoder.Encoder.encode`. Repeated texts are computed once."""
        import numpy as np

        loaded = self.load()
        model: Any = loaded.engine
        if not texts:
            return np.empty((0, loaded.dimensions), np.float32)
        length = loaded.max_length or _DEFAULT_LENGTH
        budget = self.batch_tokens or batch_tokens(self.device, 16 * loaded.dimensions * 4)

        def encode(distinct: list[str]) -> NDArray[np.float32]:
            cut = [encodable(text[: loaded.max_length * CHARACTERS_PER_TOKEN or None]) for text in distinct]
            vectors = find_executable_batch_size(
                lambda size: model.encode(cut, batch_size=size, show_progress_bar=False, convert_to_numpy=True),
                max(1, budget // length),
                least=1,
            )
            return np.asarray(vectors, dtype=np.float32)

        return once(texts, encode)


def _require_package() -> None:
    if importlib.util.find_spec("sentence_transformers") is None:
        raise ExtraMissing(
            "`st:` models need the library sentence-transformers: pip install 'affectbench[sentence-transformers]'"
        )
