"""A BERT that was never trained: what architecture and word identity alone are worth."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import normalizers, pre_tokenizers

from harness.encoder import EncoderCard
from harness.transformer import Layout, Shape, TransformerEncoder
from harness.transformer.encoder import Loaded
from harness.transformer.tokenization import encodable

#: The dimensions of MiniLM-L6, so that both cost the same.
SHAPE = Shape(
    architecture="bert",
    hidden=384,
    layers=6,
    heads=12,
    intermediate=1536,
    vocabulary=30_522,
    positions=512,
    types=2,
    epsilon=1e-12,
    activation="gelu",
    padding=0,
)

SEED = 20_240_229
DEVIATION = 0.02

#: Ids of the tokens that begin and end a text, and the first id of a piece; 0 to 2 are special.
_FIRST, _LAST, _PIECES = 1, 2, 3

#: Characters of a piece. English words then have 1.2 pieces on average, as with WordPiece.
_PIECE_LENGTH = 6


class RandomBERT(TransformerEncoder):
    """An untrained BERT of MiniLM's dimensions with hashed word pieces; a floor for every trained encoder.

    Weights and embeddings are drawn from N(0, 0.02) by NumPy's PCG64 with a fixed seed in the order of their names,
    biases are 0 and normalisation gains 1: BERT's own initialisation. Texts are lower-cased, stripped of accents and
    split at blanks and punctuation as BERT does; words are cut into pieces of six characters, and each piece's id is
    its hash, so that no vocabulary is needed.

    Options are those of `TransformerEncoder`; there are no files to name.
    """

    card = EncoderCard(
        name="random-bert",
        family="floor",
        title="Random BERT",
        weights="none: drawn from a fixed seed",
        pooling="cls",
        poolings=("cls", "mean", "last"),
        max_length=512,
        dimensions=SHAPE.hidden,
        parameters=22_565_376,
        training_data=(),
        training_notes="Not trained.",
        licence="MIT",
        citation="Wieting and Kiela 2019. No Training Required: Exploring Random Encoders for Sentence Classification. "
        "ICLR. arXiv:1901.10444 (the idea of the floor)",
        notes="6 layers, 384 wide, 12 heads, as MiniLM-L6; word pieces of six characters by hash. Whatever beats "
        "this by little owes little to its training.",
    )
    layout = Layout(architecture="bert")

    def check_ready(self) -> None:
        """Nothing is needed."""

    def fingerprint_parts(self) -> list[str]:
        """The recipe; nothing is read."""
        return [repr(SHAPE), f"seed:{SEED}", f"deviation:{DEVIATION}", f"piece:{_PIECE_LENGTH}"]

    def shape(self) -> Shape:
        """The fixed sizes."""
        return SHAPE

    def load(self) -> Loaded:
        """Draw the weights once."""
        if self._loaded is None:
            import torch

            from harness.transformer.packed import PackedEncoder, choose_device

            tensors = {name: torch.from_numpy(array) for name, array in _drawn().items()}
            engine = PackedEncoder(tensors, SHAPE, device=choose_device(self.device), dtype=getattr(torch, self.dtype))
            self._loaded = Loaded(
                engine=engine,
                tokenizer=None,
                max_length=self.effective_max_length(),
                parameters=sum(tensor.numel() for tensor in tensors.values()),
            )
        return self._loaded

    def inputs(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Hashed ids of each text, (tokens,), cut with the special tokens kept."""
        normalizer, splitter = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
        room = self.effective_max_length() - 2
        known: dict[str, list[int]] = {}
        rows = []
        for text in texts:
            ids = [_FIRST]
            for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(encodable(text))):
                if word not in known:
                    known[word] = _hashed(word)
                ids += known[word]
                if len(ids) > room:
                    break
            rows.append(np.array([*ids[: room + 1], _LAST], dtype=np.int32))
        return rows


def _drawn() -> dict[str, NDArray[np.float32]]:
    """All weights, by name. PCG64 and the ziggurat give the same bits on every machine, unlike torch's generator."""
    generator = np.random.Generator(np.random.PCG64(SEED))
    tensors: dict[str, NDArray[np.float32]] = {}
    for name, size in SHAPE.tensors().items():
        if name.endswith(".bias"):
            tensors[name] = np.zeros(size, np.float32)
        elif "LayerNorm" in name:
            tensors[name] = np.ones(size, np.float32)
        else:
            tensors[name] = generator.standard_normal(size, dtype=np.float32) * np.float32(DEVIATION)
    return tensors


def _hashed(word: str) -> list[int]:
    """Ids of a word's pieces; a continuation hashes differently from a beginning, as WordPiece's `##` does."""
    ids = []
    for start in range(0, len(word), _PIECE_LENGTH):
        piece = ("##" if start else "") + word[start : start + _PIECE_LENGTH]
        digest = hashlib.blake2b(piece.encode(), digest_size=8).digest()
        ids.append(_PIECES + int.from_bytes(digest, "little") % (SHAPE.vocabulary - _PIECES))
    return ids
