"""Transformer encoders: from a published checkpoint to vectors.

`TransformerEncoder` is the base of every wrapper: a card and a `Layout` (file names, tensor names) are all that
a BERT- or RoBERTa-shaped model needs. Nothing here imports torch before the first text is encoded.
"""

from harness.transformer.checkpoint import Layout, Shape
from harness.transformer.encoder import TransformerEncoder

__all__ = ["Layout", "Shape", "TransformerEncoder"]
