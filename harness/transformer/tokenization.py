"""Tokenisers of published checkpoints, through the Rust `tokenizers` library.

A `tokenizer.json` may carry truncation and padding of its own (MiniLM's pads every text to 128 tokens); both are
switched off here: the one place that cuts texts is `encode_ids`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import WeightsInvalid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer


def load_tokenizer(files: Sequence[Path], *, lower_case: bool = True) -> Tokenizer:
    """Build the tokeniser of a checkpoint.

    Args:
        files: one `tokenizer.json`; or one `vocab.txt` (BERT's WordPiece); or `vocab.json` and `merges.txt`
            (RoBERTa's byte-level BPE, first word without a leading blank).
        lower_case: for `vocab.txt` only: lower-case and strip accents, as the uncased models do.

    Raises:
        WeightsInvalid: a file is damaged or lacks its special tokens.
    """
    try:
        names = {file.name: file for file in files}
        if "tokenizer.json" in names:
            from tokenizers import Tokenizer

            tokenizer = Tokenizer.from_file(str(names["tokenizer.json"]))
        elif "vocab.txt" in names:
            tokenizer = _wordpiece(names["vocab.txt"], lower_case)
        else:
            tokenizer = _byte_level_bpe(names["vocab.json"], names["merges.txt"])
    except WeightsInvalid:
        raise
    except Exception as error:  # the Rust library raises bare Exception
        shown = ", ".join(str(file) for file in files)
        raise WeightsInvalid(f"{shown}: no readable vocabulary ({error}); fetch the checkpoint again") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _wordpiece(path: Path, lower_case: bool) -> Tokenizer:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    # Split at "\n" alone: the published vocabularies hold characters that `splitlines` takes for line ends.
    lines = path.read_text("utf-8").split("\n")
    vocabulary = {line.rstrip("\r"): i for i, line in enumerate(lines) if line or i < len(lines) - 1}
    for token in ("[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"):
        if token not in vocabulary:
            raise WeightsInvalid(f"{path} lacks the token {token}: not a BERT vocabulary")
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower_case)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(["[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    return tokenizer


def _byte_level_bpe(vocabulary_path: Path, merges_path: Path) -> Tokenizer:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    vocabulary: dict[str, int] = json.loads(vocabulary_path.read_text("utf-8"))
    for token in ("<s>", "</s>", "<pad>", "<unk>"):
        if token not in vocabulary:
            raise WeightsInvalid(f"{vocabulary_path} lacks the token {token}: not a RoBERTa vocabulary")
    merges = [
        (pair[0], pair[1])
        for line in merges_path.read_text("utf-8").split("\n")
        if not line.startswith("#version") and len(pair := line.split(" ")) == 2
    ]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special: list[Any] = ["<s>", "</s>", "<unk>", "<pad>"]
    if "<mask>" in vocabulary:
        special.append(AddedToken("<mask>", lstrip=True, special=True))
    tokenizer.add_special_tokens(special)
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", vocabulary["</s>"]), ("<s>", vocabulary["<s>"]), trim_offsets=True, add_prefix_space=False
    )
    return tokenizer


def encode_ids(tokenizer: Tokenizer, texts: Sequence[str], max_length: int) -> list[NDArray[np.int32]]:
    """Token ids of each text, special tokens included, over-long texts cut with the special tokens kept.

    Args:
        tokenizer: from `load_tokenizer`.
        texts: any strings; lone surrogates, which UTF-8 cannot hold, become U+FFFD.
        max_length: most tokens a text may have, special tokens included.

    Returns:
        One int32 array (tokens,) per text.
    """
    import numpy as np

    clean = [encodable(text) for text in texts]
    tokenizer.enable_truncation(max_length)
    try:
        return [np.asarray(row.ids, dtype=np.int32) for row in tokenizer.encode_batch_fast(clean)]
    finally:
        tokenizer.no_truncation()


def vocabulary_rows(tokenizer: Tokenizer) -> int:
    """Rows that a table of word vectors needs: the highest id and one."""
    return 1 + int(max(tokenizer.get_vocab().values()))


def piece_ids(tokenizer: Tokenizer, words: Sequence[str]) -> dict[str, list[int]]:
    """Ids of each word's pieces, without special tokens and never cut; for models whose input is a word list."""
    clean = [encodable(word) for word in words]
    rows = tokenizer.encode_batch_fast(clean, add_special_tokens=False)
    return {word: row.ids for word, row in zip(words, rows, strict=True)}


def encodable(text: str) -> str:
    r"""The text with lone surrogates, which UTF-8 cannot hold, replaced by U+FFFD.

    >>> encodable("half a pair \ud83d") == "half a pair \ufffd"
    True
    """
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
