"""Models of other libraries as encoders of this one: anything with an `encode`."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Sequence
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
        UsageError: the object has no `encode`, or the name is not allowed.
    """
    if not callable(getattr(model, "encode", None)):
        raise UsageError(f"{type(model).__name__} has no method `encode`: it cannot be presented as an encoder")
    if isinstance(training_data, str):
        raise UsageError(f"training_data is the string {training_data[:40]!r}; pass a sequence of names: ('mr',)")
    card = EncoderCard(
        name=name,
        title=title,
        family=family,
        base=base,
        training_data=None if training_data is None else tuple(training_data),
        notes=f"a {type(model).__module__}.{type(model).__qualname__} object, wrapped",
    )
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
        self.mteb_protocol = "task_metadata" in _parameters(model.encode)

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
        return self.model.encode(
            _Batches(texts, int(options["batch_size"])),
            task_metadata=_task_metadata(),
            hf_split="test",
            hf_subset="default",
            **options,
        )


class _Batches:
    """What mteb gives as a `DataLoader`: batches of texts, and the whole as `dataset`."""

    def __init__(self, texts: list[str], batch_size: int) -> None:
        self.dataset = {"text": texts}
        self.batch_size = batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.dataset["text"]) / self.batch_size)

    def __iter__(self) -> Iterator[dict[str, list[str]]]:
        texts = self.dataset["text"]
        for start in range(0, len(texts), self.batch_size):
            yield {"text": texts[start : start + self.batch_size]}


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


def _parameters(function: Any) -> set[str]:
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # built in another language
        return set()
