"""Tokenisers of published checkpoints.

A `tokenizer.json` is read by the Rust library `tokenizers`, whatever else is read by the transformers library, which
knows every setting that a checkpoint may declare. A tokeniser may carry truncation and padding of its own (MiniLM's
pads every text to 128 tokens); both are switched off: the one place that cuts texts is `encode_ids`.
"""

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from harness.errors import ExtraMissing, WeightsInvalid, first_line

T = TypeVar("T")

#: Characters of a text, for each token of its limit, after which it is cut before it is tokenised: tokenisers take
#: some hundred bytes of memory a character, and no text of people has tokens so long.
CHARACTERS_PER_TOKEN = 1000

#: Where neither configuration nor tokeniser says how long a text may be.
DEFAULT_LENGTH = 512

#: Larger limits are what libraries write where no limit is known.
_NO_LIMIT = 1_000_000


def load_tokenizer(files: Sequence[Path], *, lower_case: bool | None = None) -> Tokenizer:
    """Build the tokeniser of a BERT-, RoBERTa- or MPNet-shaped checkpoint.

    From one `tokenizer.json`; or one `vocab.txt` (BERT's WordPiece), lower-cased as its directory declares or as is
    said here; or `vocab.json` and `merges.txt` (RoBERTa's byte-level BPE), with what lies beside them.

    Raises:
        WeightsInvalid: a file is damaged.
    """

    def read() -> Any:
        if files[0].name == "tokenizer.json":
            return Tokenizer.from_file(str(files[0]))
        import transformers

        kind: Any = getattr(transformers, f"{'Bert' if files[0].name == 'vocab.txt' else 'Roberta'}TokenizerFast")
        options = {} if lower_case is None else {"do_lower_case": lower_case}
        return kind.from_pretrained(files[0].parent, local_files_only=True, **options).backend_tokenizer

    tokenizer: Tokenizer = _safely(read, ", ".join(map(str, files)))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def library_tokenizer(directory: Path, *, trust_remote_code: bool = False) -> Any:
    """The tokeniser of the transformers library for a directory, with every setting that is declared there.

    Raises:
        ExtraMissing: it needs sentencepiece, which is not installed.
        WeightsInvalid: the library cannot read it, or makes one without a vocabulary, as it does where there is none.
    """
    from transformers import AutoTokenizer

    # Without that package the library passes over such a file, or asks for another package.
    models = {path.name for path in directory.glob("*.model")} - {"tiktoken.model"}
    if models and not (directory / "tokenizer.json").is_file() and importlib.util.find_spec("sentencepiece") is None:
        raise ExtraMissing(f"{directory}: its tokeniser needs a package: pip install sentencepiece")

    options = {"local_files_only": True, "trust_remote_code": trust_remote_code, "truncation_side": "right"}

    def read() -> Any:
        found = AutoTokenizer.from_pretrained(directory, **options)
        if found("calm rain and so on")["input_ids"] == found("loud wind but no sun")["input_ids"]:
            names = " or ".join(getattr(found, "vocab_files_names", {}).values())
            raise ValueError(f"it knows no word of English; it is read from {names or 'tokenizer.json'}")
        return found

    return _safely(read, str(directory))


def _safely(read: Callable[[], T], origin: str) -> T:
    try:
        return read()
    # The Rust library panics where a file is damaged in some ways: no Exception, but no reason to stop the program.
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise WeightsInvalid(
            f"{origin}: no usable vocabulary ({first_line(error)}); fetch the tokeniser's files, or name their "
            "directory by --tokenizer-dir"
        ) from error


def encode_ids(tokenizer: Any, texts: Sequence[str], max_length: int) -> list[NDArray[np.int32]]:
    """Token ids of each text, int32 (tokens,) of at least one token.

    Texts longer than `max_length` tokens, special tokens included, are cut with the special tokens kept; lone
    surrogates, which UTF-8 cannot hold, become U+FFFD.
    """
    clean = [encodable(text[: max_length * CHARACTERS_PER_TOKEN]) for text in texts]
    rust: Any = getattr(tokenizer, "backend_tokenizer", tokenizer)
    rows: list[Any] = []
    if hasattr(rust, "encode_batch_fast"):
        rust.no_padding()
        rust.enable_truncation(max_length)
        try:
            rows = [row.ids for row in _safely(lambda: rust.encode_batch_fast(clean), "the tokeniser")]
        finally:
            rust.no_truncation()
    elif clean:
        rows = tokenizer(clean, truncation=True, max_length=max_length, padding=False)["input_ids"]
    # Tokenisers without special tokens leave nothing of an empty text.
    named = (getattr(tokenizer, f"{kind}_token_id", None) for kind in ("eos", "bos", "pad"))
    stand_in = next((token for token in named if token is not None), 0)
    return [np.asarray(row or [stand_in], dtype=np.int32) for row in rows]


def shortest(*limits: Any) -> int | None:
    """The smallest of the limits of tokens that are declared; None where none is.

    >>> shortest(None, 512, 10**30, 384.0), shortest(10**30)
    (384, None)
    """
    declared = (int(one) for one in limits if isinstance(one, int | float) and 1 < one < _NO_LIMIT)
    return min(declared, default=None)


def vocabulary_rows(tokenizer: Any) -> int:
    """Rows that a table of word vectors needs: the highest id and one."""
    return 1 + int(max(tokenizer.get_vocab().values()))


def piece_ids(tokenizer: Tokenizer, words: Sequence[str]) -> dict[str, list[int]]:
    """Ids of each word's pieces, without special tokens and never cut; for models whose input is a word list."""
    rows = tokenizer.encode_batch_fast([encodable(word) for word in words], add_special_tokens=False)
    return {word: row.ids for word, row in zip(words, rows, strict=True)}


def encodable(text: str) -> str:
    r"""The text with lone surrogates, which UTF-8 cannot hold, replaced by U+FFFD.

    >>> encodable("half a pair \ud83d") == "half a pair \ufffd"
    True
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
