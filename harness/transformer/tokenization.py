"""Tokenisers of published checkpoints.

A `tokenizer.json` is read by the Rust library `tokenizers`, whatever else is read by the transformers library, which
knows every setting that a checkpoint may declare. A tokeniser may carry truncation and padding of its own (MiniLM's
pads every text to 128 tokens); both are switched off: the one place that cuts texts is `encode_ids`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from harness.errors import WeightsInvalid, first_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

T = TypeVar("T")

#: Characters of a text, for each token of its limit, after which it is cut before it is tokenised: tokenisers take
#: some hundred bytes of memory a character, and no text of people has tokens so long.
CHARACTERS_PER_TOKEN = 1000


def load_tokenizer(files: Sequence[Path], *, lower_case: bool | None = None) -> Tokenizer:
    """Build the tokeniser of a BERT-, RoBERTa- or MPNet-shaped checkpoint.

    Args:
        files: one `tokenizer.json`; or one `vocab.txt` (BERT's WordPiece); or `vocab.json` and `merges.txt`
            (RoBERTa's byte-level BPE), with what lies beside them.
        lower_case: for `vocab.txt` only: whether to lower-case, in place of what its directory declares.

    Raises:
        WeightsInvalid: a file is damaged or lacks its special tokens.
    """

    def read() -> Tokenizer:
        if files[0].name == "tokenizer.json":
            from tokenizers import Tokenizer

            return Tokenizer.from_file(str(files[0]))
        import transformers

        kind = getattr(transformers, "BertTokenizerFast" if len(files) == 1 else "RobertaTokenizerFast")
        options = {} if lower_case is None else {"do_lower_case": lower_case}
        found: Tokenizer = kind.from_pretrained(files[0].parent, local_files_only=True, **options).backend_tokenizer
        known = found.get_vocab(with_added_tokens=False)
        lacking = [token for token in _SPECIAL[len(files) == 1] if token not in known]
        if lacking:
            raise ValueError(f"it lacks the token {lacking[0]}")
        return found

    tokenizer = _safely(read, ", ".join(map(str, files)))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


#: Special tokens that a vocabulary must hold, of RoBERTa and of BERT.
_SPECIAL = (("<s>", "</s>", "<pad>", "<unk>"), ("[UNK]", "[CLS]", "[SEP]", "[PAD]"))


def library_tokenizer(directory: Path, *, trust_remote_code: bool = False) -> Any:
    """The tokeniser of the transformers library for a directory, with every setting that is declared there.

    Raises:
        WeightsInvalid: the library cannot read it.
    """
    from transformers import AutoTokenizer

    def read() -> Any:
        return AutoTokenizer.from_pretrained(
            directory, local_files_only=True, trust_remote_code=trust_remote_code, truncation_side="right"
        )

    return _safely(read, str(directory))


def _safely(read: Callable[[], T], origin: str) -> T:
    try:
        return read()
    # The Rust library panics where a file is damaged in some ways: no Exception, but no reason to stop the program.
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise WeightsInvalid(
            f"{origin}: no usable vocabulary ({first_line(error)}); fetch the checkpoint again"
        ) from error


def encode_ids(tokenizer: Any, texts: Sequence[str], max_length: int) -> list[NDArray[np.int32]]:
    """Token ids of each text, special tokens included, over-long texts cut with the special tokens kept.

    Args:
        tokenizer: from `load_tokenizer` or `library_tokenizer`.
        texts: any strings; lone surrogates, which UTF-8 cannot hold, become U+FFFD.
        max_length: most tokens a text may have, special tokens included.

    Returns:
        One int32 array (tokens,) per text, of at least one token.
    """
    import numpy as np

    clean = [encodable(text[: max_length * CHARACTERS_PER_TOKEN]) for text in texts]
    rust: Any = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if hasattr(rust, "encode_batch_fast"):
        rust.no_padding()
        rust.enable_truncation(max_length)
        try:
            rows = [row.ids for row in _safely(lambda: rust.encode_batch_fast(clean), "the tokeniser")]
        finally:
            rust.no_truncation()
    else:
        rows = tokenizer(clean, truncation=True, max_length=max_length, padding=False)["input_ids"] if clean else []
    # Tokenisers without special tokens leave nothing of an empty text.
    named = (getattr(tokenizer, f"{kind}_token_id", None) for kind in ("eos", "bos", "pad"))
    stand_in = next((token for token in named if token is not None), 0)
    return [np.asarray(row or [stand_in], dtype=np.int32) for row in rows]


def vocabulary_rows(tokenizer: Any) -> int:
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
