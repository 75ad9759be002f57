"""Between this benchmark and its neighbours: mteb, sentence-transformers and the SentEval toolkit, in both directions.

    from harness.interop import MtebEncoder, SentEvalAdapter, as_encoder, read_mteb

    mteb.evaluate(MtebEncoder("carl-minilm"), tasks)          # our encoder in mteb
    adapter = SentEvalAdapter(harness.load_encoder("minilm"))
    senteval.engine.SE(params, adapter.batcher, adapter.prepare)   # our encoder in the official toolkit
    harness.run(as_encoder(SentenceTransformer("org/model"), name="mine"), "paper")   # their model here
    read_mteb(["results/"])                                    # their result files

None of the neighbours is imported before it is needed, and none is needed for anything else.
"""

from harness.interop.adapters import MtebEncoder, SentEvalAdapter
from harness.interop.foreign_models import ForeignEncoder, as_encoder
from harness.interop.mteb_results import ForeignScore, read_mteb

__all__ = ["ForeignEncoder", "ForeignScore", "MtebEncoder", "SentEvalAdapter", "as_encoder", "read_mteb"]
