"""Transformer encoders: from a published checkpoint to vectors.

`TransformerEncoder` is the base of every wrapper: a card and a `Layout` (file names, tensor names) are all that
a BERT- or RoBERTa-shaped model needs. Nothing here imports torch before the first text is encoded.
"""

import os

from harness.transformer.checkpoint import Layout, Shape
from harness.transformer.encoder import TransformerEncoder

# The library prints names out of a checkpoint as they are; what matters of its account is an error here.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

__all__ = ["Layout", "Shape", "TransformerEncoder"]
