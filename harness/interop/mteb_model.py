"""Our encoders in mteb: `mteb.evaluate(MtebEncoder("minilm"), tasks)`.

Follows `mteb.models.EncoderProtocol` of mteb 2 (tried with 2.26.24, whose `mteb.mock_run` it passes). mteb is imported
only for the model's metadata.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from harness.errors import ExtraMissing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.encoder import Encoder


class MtebEncoder:
    """An encoder of this library with mteb's interface.

    No prompts and no instructions: mteb's task metadata are ignored, as the encoders here know no tasks. Titles are not
    joined here; mteb has joined them in the batches' `text`.

    Args:
        model_name: an encoder's name here, or an encoder.
        revision: recorded by mteb; the card's own when None.
        device: see `harness.load_encoder`; ignored for an encoder that is made already.
        options: further options of `harness.load_encoder`.

    Raises:
        UsageError: no such encoder or option.
    """

    def __init__(
        self, model_name: str | Encoder, revision: str | None = None, *, device: str | None = None, **options: Any
    ) -> None:
        if isinstance(model_name, str):
            from harness.registry import load_encoder

            self.encoder: Encoder = load_encoder(model_name, device=device, **options)
        else:
            self.encoder = model_name
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
        """Encode batches.

        Args:
            inputs: batches with a list of texts under `text`, as mteb's data loaders give them.
            task_metadata: not used, as are the other arguments; batch sizes are the encoder's own business.
            hf_split: not used.
            hf_subset: not used.
            prompt_type: not used.

        Returns:
            float32 (texts, dimensions).
        """
        from harness.conformance import checked_vectors

        texts = [text for batch in inputs for text in batch["text"]]
        return checked_vectors(self.encoder.encode(texts), len(texts), self.encoder.card.name)

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
        training = card.training_data
        return ModelMeta(
            loader=None,
            name=f"affectbench/{card.name}",
            revision=self.revision or card.revision or "no_revision_available",
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
            training_datasets=None if training is None else set(training),
            adapted_from=card.base,
        )


def _unit(embeddings: Any) -> Any:
    """Rows of length 1, as a float32 tensor; zero rows stay zero."""
    import numpy as np
    import torch

    rows = embeddings if isinstance(embeddings, torch.Tensor) else torch.from_numpy(np.asarray(embeddings))
    rows = rows.to(torch.float32)
    return rows / rows.norm(dim=-1, keepdim=True).clamp_min(1e-12)
