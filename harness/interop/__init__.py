"""Between this benchmark and its neighbours: mteb, sentence-transformers and the SentEval toolkit, in both directions.

    from harness.interop import MtebEncoder, SentEvalAdapter, as_encoder, read_mteb

    mteb.evaluate(MtebEncoder("carl-minilm"), tasks)          # our encoder in mteb
    adapter = SentEvalAdapter(harness.load_encoder("minilm"))
    senteval.engine.SE(params, adapter.batcher, adapter.prepare)   # our encoder in the official toolkit
    harness.run(as_encoder(SentenceTransformer("org/model"), name="mine"), "paper")   # their model here
    read_mteb(["results/"])                                    # their result files

None of the neighbours is imported before it is needed, and none is needed for anything else.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.interop.foreign_models import ForeignEncoder, as_encoder
    from harness.interop.mteb_model import MtebEncoder
    from harness.interop.mteb_results import ForeignScore, read_mteb
    from harness.interop.senteval_toolkit import SentEvalAdapter

_HOMES = {
    "ForeignEncoder": "harness.interop.foreign_models",
    "ForeignScore": "harness.interop.mteb_results",
    "MtebEncoder": "harness.interop.mteb_model",
    "SentEvalAdapter": "harness.interop.senteval_toolkit",
    "as_encoder": "harness.interop.foreign_models",
    "read_mteb": "harness.interop.mteb_results",
}

__all__ = ["ForeignEncoder", "ForeignScore", "MtebEncoder", "SentEvalAdapter", "as_encoder", "read_mteb"]


def __getattr__(name: str) -> object:
    """Import a name when it is first asked for."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
