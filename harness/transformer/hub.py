"""Models that no wrapper describes: checkpoints of the transformers and sentence-transformers libraries.

They come from the hub or a directory. Loading is safe (safetensors, or pickles that hold nothing but tensors) and
complete: an encoder tensor that the checkpoint does not set is an error, where the libraries would draw it at random.
"""

import re
import warnings
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from harness.encoder import POOLINGS, Encoder, EncoderCard
from harness.errors import ExtraMissing, ModelUnknown, UsageError, WeightsInvalid, WeightsMissing
from harness.files import sha256_file
from harness.transformer.checkpoint import (
    FILES,
    PACKED,
    CheckpointFiles,
    Layout,
    Shape,
    deciding_files,
    read_config,
    weight_files,
)
from harness.transformer.encoder import EncoderOptions, Loaded, TransformerEncoder
from harness.transformer.tokenization import DEFAULT_LENGTH, encode_ids, library_tokenizer, shortest


def sentences(model: str, *, pooling: str | None = None, own_prompt: bool = True, **options: Any) -> Encoder:
    """A sentence-transformers model's own vector; with a pooling its transformer alone."""
    if pooling is None:
        return SentenceTransformerEncoder(model, own_prompt=own_prompt, **options)
    return HubEncoder(model, pooling=pooling, **options)


def hub_card(target: str, kind: str) -> EncoderCard:
    """The card of a model of which nothing is known but where it is: a directory, or a hub id with a revision or not.

    Of kind `hf` the first token is the default, of `st` the model's own sentence vector.

    Raises:
        UsageError: neither a directory nor a hub id.
    """
    local = Path(target).is_dir()
    match = re.fullmatch(r"(\w[\w.-]*(?:/\w[\w.-]*)?)(?::([\w][\w./-]*))?", target)
    if match is None and not local:
        raise UsageError(f"{target!r} is neither a directory nor a hub id (ORG/NAME or ORG/NAME:REVISION)")
    identity, revision = match.groups() if match and not local else (Path(target).resolve().name, None)
    return EncoderCard(
        # A record says nothing of the machine's folders: of a directory only its own name, without blanks and commas.
        name="dir:" + re.sub(r"[^\w.-]", "-", identity) if local else f"{kind}:{target}",
        family="hub",
        title=identity,
        weights=f"a local directory {identity}" if local else f"huggingface.co/{identity}",
        revision=revision,
        pooling="cls" if kind == "hf" else None,
        poolings=POOLINGS,
        url="" if local else f"https://huggingface.co/{identity}",
        extras=() if kind == "hf" else ("sentence-transformers",),
        notes="Nothing is declared about this model: whether it has seen a corpus is unknown.",
    )


class HubEncoder(TransformerEncoder):
    """A checkpoint of the transformers library, from the hub or a directory.

    Models of exactly BERT's, DistilBERT's, ELECTRA's, RoBERTa's or MPNet's shape run in the packed engine, others by
    the library. Tokens are the library's own in both. Every encoder tensor must be in the checkpoint; heads of any name
    are left out. A causal model's first token has seen nothing of the text: there the last token is the default.

    Args:
        model: hub id, with a `:REVISION` or without, or directory.
        trust_remote_code: let the checkpoint's own Python code run; never without.
        card: what is known of the model; without it nothing but where it is.
        end_of_text: append the token that ends a text, for decoders whose tokeniser leaves that to its user.
        options: see `TransformerEncoder`.
    """

    layout = Layout(architecture="bert", any_heads=True)
    kind = "hf"

    def __init__(
        self,
        model: str | Path,
        *,
        trust_remote_code: bool = False,
        card: EncoderCard | None = None,
        end_of_text: bool = False,
        **options: Unpack[EncoderOptions],
    ) -> None:
        self.card, self.end_of_text = card or hub_card(str(model), self.kind), end_of_text
        self.trust_remote_code = trust_remote_code
        super().__init__(**options)
        if not Path(model).is_dir():
            self.hub = str(model).partition(":")[0]
        elif self.weights_dir is None:
            self.weights_dir = Path(model)
        self.fetched = (*FILES, "*.py") if trust_remote_code else FILES

    def _advice(self) -> str:
        if self.hub is None:
            return "Name the directory that `save_pretrained` wrote"
        return f"With a network they are fetched; without one, pass `--weights-dir {self.card.name}=DIR`"

    def _lacking(self, fault: str) -> WeightsMissing:
        """A directory without a model: a wrong one where the user named it, else one of the cache that is not whole."""
        return WeightsMissing(fault) if self.weights_dir is None else ModelUnknown(fault)

    def _find(self, directory: Path, *, fetch: bool) -> CheckpointFiles:
        """The checkpoint's files; `vocabulary` holds all that remain beside configuration and weights."""
        config, weights = directory / "config.json", weight_files(directory)
        if not config.is_file() or not weights:
            raise self._lacking(f"{directory} holds no checkpoint: config.json and *.safetensors or pytorch_model.bin")
        architecture = None if self.trust_remote_code or len(weights) > 1 else _packed_architecture(config)
        self.backend = "transformers" if architecture is None else None
        if architecture is not None:
            self.layout = Layout(architecture=architecture, any_heads=True)
        places = {directory, self.tokenizer_dir or directory}
        rest = {path for place in places for path in deciding_files(place)} - {config, weights[0]}
        return CheckpointFiles(weights[0], config, tuple(sorted(rest)))

    @property
    def packed(self) -> bool:
        """Whether the packed engine runs this model."""
        self.files()
        return self.backend is None

    def fingerprint_parts(self) -> list[str]:
        """Digests of the files, and what else decides."""
        more = ["library"] * (not self.packed) + ["remote-code"] * self.trust_remote_code
        return [*super().fingerprint_parts(), *more, *["end-of-text"] * self.end_of_text]

    def describe(self) -> dict[str, Any]:
        """What a result record says of how the vectors were made."""
        if not self.packed:
            self.load()  # the pooling may follow from the model
        return super().describe()

    def effective_max_length(self) -> int:
        """Tokens after which a text is cut, within what configuration and tokeniser allow; 0 for no limit."""
        if not self.packed:
            return self.load().max_length
        most, path = self.shape().max_tokens, (self.tokenizer_dir or self.directory()) / "tokenizer_config.json"
        declared = read_config(path).get("model_max_length") if path.is_file() else None
        return shortest(self.max_length, declared, most) or most

    def tokenizer(self, files: CheckpointFiles) -> Any:
        """The library's tokeniser for the checkpoint, with all that is declared there; its Rust part where packed."""
        directory = self.tokenizer_dir or files.config.parent
        found = library_tokenizer(directory, trust_remote_code=self.trust_remote_code)
        if any(found("calm rain").get("token_type_ids", ())):
            raise WeightsInvalid(
                f"{directory}: its tokeniser gives tokens another type than 0; read the model as `st:`"
            )
        return getattr(found, "backend_tokenizer", found) if self.packed else found

    def inputs(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Token ids of each text, with `end_of_text` after the last; see `TransformerEncoder.inputs`."""
        loaded = self.load()
        if not self.end_of_text:
            return super().inputs(texts)
        end = np.int32(loaded.tokenizer.eos_token_id)
        return [np.append(ids, end) for ids in encode_ids(loaded.tokenizer, texts, loaded.max_length - 1)]

    def _read(self, files: CheckpointFiles) -> Loaded:
        if self.packed:
            return super()._read(files)
        from harness.transformer.library import LibraryEngine

        where, trusted = (files.config.parent, self.device, self.dtype), self.trust_remote_code
        engine = LibraryEngine(*where, adapter=self.adapter_dir, trust_remote_code=trusted)
        if self.pooling == "cls" and engine.causal:
            if self.asked_pooling:
                raise UsageError(f"{self.card.name} is causal: its first token sees nothing of a text; use @last")
            warnings.warn(f"{self.card.name} is causal: its vector is the last token's", stacklevel=2)
            self.pooling = "last"
        tokenizer = self.tokenizer(files)
        limit = shortest(engine.max_tokens, tokenizer.model_max_length) or DEFAULT_LENGTH
        return Loaded(engine, tokenizer, shortest(self.max_length, limit) or limit, engine.parameters)


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


class SentenceTransformerEncoder(HubEncoder):
    """A model of the sentence-transformers library with its own pooling and normalisation, from the hub or a directory.

    Args:
        model: see `HubEncoder`, as are the options; its pooling and tokeniser are its own.
        own_prompt: put the prompt before each text that the model's `default_prompt_name` names, as the library does.

    Raises:
        ExtraMissing: the library is not installed.
    """

    kind = "st"
    backend = "sentence-transformers"

    def __init__(self, model: str | Path, *, own_prompt: bool = True, **options: Any) -> None:
        self.own_prompt = own_prompt
        super().__init__(model, **options)
        if self.tokenizer_dir is not None or self.adapter_dir is not None:
            raise UsageError("a sentence-transformers model takes no other tokeniser and no adapter; read it as `hf:`")
        try:
            self.version = version("sentence-transformers")
        except PackageNotFoundError as error:
            raise ExtraMissing(
                "`st:` models need the library sentence-transformers: pip install 'affectbench[sentence-transformers]'"
            ) from error
        self.pooling = "its own"

    def _find(self, directory: Path, *, fetch: bool) -> CheckpointFiles:
        files = deciding_files(directory)
        weights = [path for path in files if path.suffix in (".safetensors", ".bin")]
        if not weights:
            raise self._lacking(f"{directory} holds no weights")
        return CheckpointFiles(weights[0], directory / "modules.json", tuple(files))

    def fingerprint_parts(self) -> list[str]:
        """The library's version and digests of the model's files."""
        files = self.files()
        names = [f"{path.relative_to(files.config.parent)}:{sha256_file(path)}" for path in files.vocabulary]
        return [self.version, *names, *([] if self.own_prompt else ["without its own prompt"])]

    def _read(self, files: CheckpointFiles) -> Loaded:
        from harness.transformer.library import SentenceEngine

        where = (files.config.parent, self.device, self.dtype, self.max_length)
        found: Any = SentenceEngine(*where, trust_remote_code=self.trust_remote_code)
        if not self.own_prompt:
            found.model.default_prompt_name = None
        return Loaded(found, tokenizer=None, max_length=found.max_length, parameters=found.parameters)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts; see `harness.encoder.Encoder.encode`."""
        engine: Any = self.load().engine
        vectors: NDArray[np.float32] = engine.encode(texts, self.batch_tokens)
        return vectors
