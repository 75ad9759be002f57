"""Models of other libraries as encoders of this one: anything with an `encode`."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.encoder import EncoderCard
from harness.errors import EncoderFault, ExtraMissing, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Texts that a model of the mteb protocol gets in one batch.
BATCH = 32


def as_encoder(
    model: Any,
    *,
    name: str,
    title: str = "",
    family: str = "other",
    base: str | None = None,
    training_data: Sequence[str] | None = None,
    **options: Any,
) -> ForeignEncoder:
    """Present a model to the harness.

    Args:
        model: an object with `encode`: either `encode(texts)` as in sentence-transformers, or
            `encode(inputs, *, task_metadata, hf_split, hf_subset, …)` as in mteb 2 (`EncoderProtocol`).
        name: how records call it; no blanks, no commas.
        title: how tables call it; the name when empty.
        family: which block of a table it stands in.
        base: the model that it was made from, by name here or hub id.
        training_data: names of the sets that trained it; None is not declared, and is marked unknown.
        options: passed on to the model's `encode` (`normalize_embeddings=True`, `prompt_name=…`); they belong to
            what is measured, so give models that differ in them different names.

    Raises:
        UsageError: the object has no `encode`, or the card takes no such value.
    """
    if not callable(getattr(model, "encode", None)):
        raise UsageError(f"{type(model).__name__} has no method `encode`: it cannot be presented as an encoder")
    try:
        card = EncoderCard(
            name=name,
            title=title,
            family=family,
            base=base,
            training_data=training_data,  # type: ignore[arg-type]  # a list becomes a tuple
            notes=f"a {type(model).__module__}.{type(model).__qualname__} object, wrapped",
        )
    except ValueError as error:
        raise UsageError(f"no card can be made of these arguments: {error}") from error
    return ForeignEncoder(model, card, options)


class ForeignEncoder:
    """A model of another library behind this one's contract.

    It has no fingerprint of its own: the harness derives one from the card and from the vectors of a few sentences, so
    that other weights under the same name are noticed.

    Args:
        model: the model.
        card: what records say of it.
        options: for its `encode`.
    """

    def __init__(self, model: Any, card: EncoderCard, options: dict[str, Any] | None = None) -> None:
        self.model = model
        self.card = card
        self.options = dict(options or {})
        try:
            self.mteb_protocol = "task_metadata" in inspect.signature(model.encode).parameters
        except (TypeError, ValueError):  # built in another language
            self.mteb_protocol = False

    def describe(self) -> dict[str, Any]:
        """Facts for the record."""
        kind = type(self.model)
        return {
            "backend": f"{kind.__module__.partition('.')[0]}: {kind.__qualname__}",
            "dtype": "float32",
            "encode_options": {option: repr(value) for option, value in sorted(self.options.items())},
        }

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts; see `harness.encoder.Encoder`.

        Raises:
            EncoderFault: what the model gives are no vectors.
        """
        import numpy as np

        rows = list(texts)
        if not rows:
            # Of an empty list many libraries give an array of no width.
            return self.encode([""])[:0]
        given = self._by_mteb(rows) if self.mteb_protocol else self.model.encode(rows, **self.options)
        for step in ("detach", "cpu", "float", "numpy"):  # a tensor, on any device and of any dtype
            if callable(getattr(given, step, None)):
                given = getattr(given, step)()
        try:
            vectors = np.asarray(given, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise EncoderFault(f"{self.card.name}.encode gave no matrix of numbers: {error}") from error
        if vectors.ndim != 2:
            raise EncoderFault(f"{self.card.name}.encode gave an array of shape {vectors.shape}, not one row a text")
        return np.ascontiguousarray(vectors)

    def _by_mteb(self, texts: list[str]) -> Any:
        options = {"batch_size": BATCH, **self.options}
        size = int(options["batch_size"])
        batches = _Batches({"text": texts[start : start + size]} for start in range(0, len(texts), size))
        batches.dataset = {"text": texts}
        return self.model.encode(
            batches, task_metadata=_task_metadata(), hf_split="test", hf_subset="default", **options
        )


class _Batches(list[dict[str, list[str]]]):
    """What mteb gives as a `DataLoader`: batches of texts, and the whole as `dataset`."""

    dataset: dict[str, list[str]]


def _task_metadata() -> Any:
    """Metadata of a classification task without a prompt, for models that ask what they encode for.

    Raises:
        ExtraMissing: mteb is not installed.
    """
    try:
        from mteb.abstasks.task_metadata import TaskMetadata
    except ImportError as error:
        raise ExtraMissing("models of mteb's protocol need mteb itself: pip install 'affectbench[mteb]'") from error
    return TaskMetadata(
        name="affectbench",
        description="Frozen vectors for linear probes.",
        type="Classification",
        dataset={"path": "affectbench", "revision": "1"},
        eval_langs=["eng-Latn"],
        main_score="accuracy",
    )
