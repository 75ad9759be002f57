"""Our encoders in the official SentEval toolkit (facebookresearch/SentEval).

    adapter = SentEvalAdapter(harness.load_encoder("minilm"))
    engine = senteval.engine.SE({"task_path": DATA, **COMPARABLE}, adapter.batcher, adapter.prepare)
    engine.eval(["MR", "CR", "SUBJ", "MPQA", "SST5", "TREC"])

The toolkit asks for two functions, `prepare(params, samples)` and `batcher(params, batch)` with batches of token lists.
With `LINEAR` its numbers should be those of the protocol `senteval-lr`, up to its solver's tolerance. As published it
runs on Python up to 3.10 (it calls `inspect.getargspec`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.encoder import Encoder

#: The configuration that the toolkit's README calls comparable: our protocol `senteval-compat`.
COMPARABLE: Mapping[str, Any] = {
    "usepytorch": True,
    "kfold": 10,
    "classifier": {"nhid": 0, "optim": "adam", "batch_size": 64, "tenacity": 5, "epoch_size": 4},
}

#: Its scikit-learn mode: our protocol `senteval-lr`.
LINEAR: Mapping[str, Any] = {"usepytorch": False, "kfold": 10, "classifier": {"nhid": 0}}


class SentEvalAdapter:
    """The two functions that the toolkit wants, over one encoder.

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
        from harness.conformance import checked_vectors

        texts = [sentence if isinstance(sentence, str) else " ".join(sentence) for sentence in batch]
        return checked_vectors(self.encoder.encode(texts), len(texts), self.encoder.card.name)
