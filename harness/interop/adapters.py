"""Our encoders behind the interfaces of mteb 2 (`EncoderProtocol`) and of the official SentEval toolkit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.encoder import Encoder, encode_checked
from harness.errors import ExtraMissing
from harness.fingerprint import fingerprint_of
from harness.registry import find_encoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: The configuration that SentEval's README calls comparable: our protocol `senteval-compat`.
COMPARABLE: Mapping[str, Any] = {
    "usepytorch": True,
    "kfold": 10,
    "classifier": {"nhid": 0, "optim": "adam", "batch_size": 64, "tenacity": 5, "epoch_size": 4},
}

#: Its scikit-learn mode: our protocol `senteval-lr`, up to the solver's tolerance.
LINEAR: Mapping[str, Any] = {"usepytorch": False, "kfold": 10, "classifier": {"nhid": 0}}


class MtebEncoder:
    """An encoder of this library with mteb's interface: `mteb.evaluate(MtebEncoder("minilm@mean"), tasks)`.

    No prompts and no instructions: mteb's task metadata are ignored, as the encoders here know no tasks. Titles are not
    joined here; mteb has joined them in the batches' `text`. mteb keeps results by name and revision, so the name
    carries the pooling and the revision the fingerprint.

    Args:
        model_name: an encoder's name here, or an encoder.
        revision: recorded by mteb; the encoder's fingerprint when None.
        device: see `harness.load_encoder`; ignored for an encoder that is made already.
        options: further options of `harness.load_encoder`.

    Raises:
        UsageError: no such encoder or option.
    """

    def __init__(
        self, model_name: str | Encoder, revision: str | None = None, *, device: str | None = None, **options: Any
    ) -> None:
        if isinstance(model_name, str):
            plugin = find_encoder(model_name)
            self.encoder = plugin.create(device=device, **options)
            self.name = plugin.name
        else:
            self.encoder = model_name
            self.name = model_name.card.name
            pooling = getattr(model_name, "pooling", model_name.card.pooling)
            if pooling != model_name.card.pooling:
                self.name += f"@{pooling}"
        self.revision = revision

    def encode(
        self,
        inputs: Iterable[Mapping[str, Any]],
        *,
        task_metadata: Any = None,
        hf_split: str = "",
        hf_subset: str = "",
        prompt_type: Any = None,
        **_options: Any,
    ) -> NDArray[np.float32]:
        """Encode batches with a list of texts under `text`, as mteb's data loaders give them.

        The other arguments are not used; batch sizes are the encoder's own business.

        Returns:
            float32 (texts, dimensions).
        """
        return encode_checked(self.encoder, [text for batch in inputs for text in batch["text"]])

    def similarity(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Cosine of every row of one with every row of the other, a float32 tensor (n, m); a vector is one row."""
        first, second = (rows[None] if rows.ndim == 1 else rows for rows in map(_unit, (embeddings1, embeddings2)))
        return first @ second.T

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
        describe = getattr(self.encoder, "describe", None)
        described: dict[str, Any] = dict(describe()) if callable(describe) else {}
        return ModelMeta(
            loader=None,
            name=f"affectbench/{self.name}",
            revision=self.revision or fingerprint_of(self.encoder),
            release_date=None,
            languages=["eng-Latn"],
            n_parameters=described.get("parameters") or card.parameters,
            memory_usage_mb=None,
            max_tokens=described.get("max_length") or card.max_length,
            embed_dim=described.get("dimensions") or card.dimensions,
            # Ours are the authors' words, mteb's a closed list of names.
            license=None,
            open_weights=True,
            public_training_code=None,
            public_training_data=None,
            framework=["PyTorch"],
            reference=card.url or None,
            similarity_fn_name="cosine",
            use_instructions=False,
            training_datasets=None if card.training_data is None else set(card.training_data),
            adapted_from=card.base,
        )


def _unit(embeddings: Any) -> Any:
    """Rows of length 1, as a float32 tensor; zero rows stay zero."""
    import numpy as np
    import torch

    rows = embeddings if isinstance(embeddings, torch.Tensor) else torch.from_numpy(np.asarray(embeddings))
    rows = rows.to(torch.float32)
    return rows / rows.norm(dim=-1, keepdim=True).clamp_min(1e-12)


class SentEvalAdapter:
    """The two functions that the SentEval toolkit (facebookresearch/SentEval) wants, over one encoder.

        adapter = SentEvalAdapter(harness.load_encoder("minilm"))
        engine = senteval.engine.SE({"task_path": DATA, **COMPARABLE}, adapter.batcher, adapter.prepare)
        engine.eval(["MR", "CR", "SUBJ", "MPQA", "SST5", "TREC"])

    As published the toolkit runs on Python up to 3.10 (it calls `inspect.getargspec`).

    Args:
        encoder: any encoder; it is asked batch by batch and caches nothing.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    def prepare(self, params: Any, samples: Sequence[Sequence[str]]) -> None:
        """Do nothing: a frozen encoder learns no vocabulary from the samples."""

    def batcher(self, params: Any, batch: Sequence[Sequence[str] | str]) -> NDArray[np.float32]:
        """Encode a batch.

        Args:
            params: the toolkit's parameters; not used.
            batch: token lists, which are joined with blanks; plain strings stay as they are. Empty sentences are
                encoded as the empty text, as by our own tasks; the toolkit's examples take a full stop for them.

        Returns:
            float32 (len(batch), dimensions).
        """
        texts = [sentence if isinstance(sentence, str) else " ".join(sentence) for sentence in batch]
        return encode_checked(self.encoder, texts)
