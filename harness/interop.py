"""Between this benchmark and its neighbours: mteb, sentence-transformers and the SentEval toolkit, in both directions.

    from harness.interop import MtebEncoder, SentEvalAdapter, as_encoder

    mteb.evaluate(MtebEncoder("carl-minilm"), tasks)          # our encoder in mteb
    adapter = SentEvalAdapter(harness.load_encoder("minilm"))
    senteval.engine.SE(params, adapter.batcher, adapter.prepare)   # our encoder in the official toolkit
    harness.run(SentenceTransformer("org/model"), "paper")         # their model here; `as_encoder` sets name and card

None of the neighbours is imported before it is needed, and none is needed for anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.encoder import Encoder, EncoderCard, as_float32, encode_checked, fingerprint_of
from harness.errors import EncoderFault, ExtraMissing, UsageError
from harness.registry import find_encoder


class MtebEncoder:
    """An encoder of this library with mteb 2's interface: `mteb.evaluate(MtebEncoder("minilm@mean"), tasks)`.

    No prompts and no instructions: the encoders here know no tasks. mteb keeps results by name and revision, so the
    name carries the pooling and the revision the fingerprint.

    Args:
        model_name: an encoder's name here, or an encoder.
        revision: recorded by mteb; the encoder's fingerprint when None.
        options: of `harness.load_encoder`; ignored for an encoder that is made already.

    Raises:
        UsageError: no such encoder or option.
    """

    def __init__(self, model_name: str | Encoder, revision: str | None = None, **options: Any) -> None:
        if isinstance(model_name, str):
            plugin = find_encoder(model_name)
            self.encoder, self.name = plugin.create(**options), plugin.name
        else:
            self.encoder, self.name = model_name, model_name.card.name
            pooling = getattr(model_name, "pooling", model_name.card.pooling)
            if pooling != model_name.card.pooling:
                self.name += f"@{pooling}"
        self.revision = revision

    def encode(self, inputs: Iterable[Mapping[str, Any]], **_options: Any) -> NDArray[np.float32]:
        """Encode batches with a list of texts under `text`, as mteb's data loaders give them; float32 (texts, d)."""
        return encode_checked(self.encoder, [text for batch in inputs for text in batch["text"]])

    def similarity(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Cosine of every row of one with every row of the other, a float32 tensor (n, m); a vector is one row."""
        return _unit(embeddings1) @ _unit(embeddings2).T

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Cosine of each row of one with the same row of the other, a float32 tensor (n,)."""
        return (_unit(embeddings1) * _unit(embeddings2)).sum(dim=-1)

    @property
    def mteb_model_meta(self) -> Any:
        """Our card as mteb's `ModelMeta`: what both know. Undeclared training data stay unknown there as well.

        Raises:
            ExtraMissing: mteb is not installed.
        """
        try:
            from mteb.models import ModelMeta
        except ImportError as error:
            raise ExtraMissing("mteb is not installed: pip install 'affectbench[mteb]'") from error
        card = self.encoder.card
        described: dict[str, Any] = getattr(self.encoder, "describe", dict)()
        # Licences: ours are the authors' words, mteb's a closed list of names.
        unknown = ("loader", "release_date", "memory_usage_mb", "license", "public_training_code")
        return ModelMeta(
            **dict.fromkeys((*unknown, "public_training_data")),
            name=f"affectbench/{self.name}",
            revision=self.revision or fingerprint_of(self.encoder),
            languages=["eng-Latn"],
            n_parameters=described.get("parameters") or card.parameters,
            max_tokens=described.get("max_length") or card.max_length,
            embed_dim=described.get("dimensions") or card.dimensions,
            open_weights=True,
            framework=["PyTorch"],
            reference=card.url or None,
            similarity_fn_name="cosine",
            use_instructions=False,
            training_datasets=None if card.training_data is None else set(card.training_data),
            adapted_from=card.base,
        )


def _unit(embeddings: Any) -> Any:
    """Rows of length 1, as a float32 tensor; zero rows stay zero."""
    import torch

    rows = torch.as_tensor(embeddings, dtype=torch.float32)
    return torch.nn.functional.normalize(rows[None] if rows.ndim == 1 else rows, dim=-1)


class SentEvalAdapter:
    """The two functions that the SentEval toolkit (facebookresearch/SentEval) wants, over one encoder.

        adapter = SentEvalAdapter(harness.load_encoder("minilm"))
        engine = senteval.engine.SE({"task_path": DATA, **params}, adapter.batcher, adapter.prepare)
        engine.eval(["MR", "CR", "SUBJ", "MPQA", "SST5", "TREC"])

    Our protocol `senteval-compat` is the configuration that its README calls comparable (`usepytorch=True`, Adam),
    `senteval-lr` its scikit-learn mode. As published the toolkit runs on Python up to 3.10.

    Args:
        encoder: any encoder; it is asked batch by batch and caches nothing.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    def prepare(self, params: Any, samples: Sequence[Sequence[str]]) -> None:
        """Do nothing: a frozen encoder learns no vocabulary from the samples."""

    def batcher(self, params: Any, batch: Sequence[Sequence[str] | str]) -> NDArray[np.float32]:
        """Encode token lists, joined with blanks, or strings as they are: float32 (len(batch), dimensions).

        Empty sentences are encoded as the empty text, as by our own tasks; the toolkit's examples take a full stop.
        """
        return encode_checked(self.encoder, [text if isinstance(text, str) else " ".join(text) for text in batch])


class ForeignEncoder:
    """A model of another library behind this one's contract: `as_encoder(model, name="mine")`.

    It has no fingerprint of its own: the harness derives one from the card and from the vectors of a few sentences, so
    that other weights under the same name are noticed.

    Args:
        model: an object with `encode(texts)`, as in sentence-transformers.
        name: how records call it; no blanks, no commas. By default the last part of its hub id or directory.
        training_data: names of the sets that trained it; None is not declared, and is marked unknown.
        title: how tables call it; `family` and `base` are as of `EncoderCard`.
        options: passed on to the model's `encode` (`normalize_embeddings=True`, `prompt_name=…`); they belong to
            what is measured, so give models that differ in them different names.

    Raises:
        UsageError: the object has no `encode`, or the card takes no such value.
    """

    def __init__(
        self,
        model: Any,
        *,
        name: str = "",
        title: str = "",
        family: str = "other",
        base: str | None = None,
        training_data: Sequence[str] | None = None,
        **options: Any,
    ) -> None:
        if not callable(getattr(model, "encode", None)):
            raise UsageError(f"{type(model).__name__} has no method `encode`: it cannot be presented as an encoder")
        if not name:
            loaded = getattr(model, "transformers_model", None)  # of a SentenceTransformer
            name = Path(getattr(loaded, "name_or_path", "") or type(model).__name__).name
        self.model, self.options = model, options
        self._kind = f"{type(model).__module__}.{type(model).__qualname__}"
        facts: dict[str, Any] = {"title": title, "family": family, "base": base, "training_data": training_data}
        try:
            self.card = EncoderCard(name=name, notes=f"a {self._kind} object, wrapped", **facts)
        except ValueError as error:
            raise UsageError(f"no card can be made of these arguments: {error}") from error

    def describe(self) -> dict[str, Any]:
        """Facts for the record."""
        options = {option: repr(value) for option, value in sorted(self.options.items())}
        return {"backend": self._kind, "dtype": "float32", "encode_options": options}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts; see `harness.encoder.Encoder`.

        Raises:
            EncoderFault: what the model gives are no vectors.
        """
        if not texts:
            return self.encode([""])[:0]  # of an empty list many libraries give an array of no width
        try:
            return as_float32(self.model.encode(list(texts), **self.options))
        except (TypeError, ValueError) as error:
            raise EncoderFault(f"{self.card.name}.encode gave no matrix of numbers: {error}") from error


as_encoder = ForeignEncoder
