"""SentiX: BERT trained on Amazon and Yelp reviews with their stars (Zhou et al. 2020)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from baselines.published import BERT
from harness.encoder import EncoderCard
from harness.errors import WeightsInvalid
from harness.transformer import TransformerEncoder
from harness.transformer.checkpoint import (
    CheckpointFiles,
    cached_snapshot,
    fetch_from_hub,
    find_files,
    read_config,
)
from harness.transformer.encoder import EncoderOptions
from harness.transformer.tokenization import encode_ids, vocabulary_rows

#: Size of BERT's uncased vocabulary and the ids of its special tokens, by which a wrong vocabulary is found out.
_BERT_TOKENS = 30_522
_BERT_SPECIALS = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103}

#: Tokens to which the authors' evaluation pads every text.
_RELEASED_LENGTH = 256


class SentiX(TransformerEncoder):
    """SentiX with a normal tokenisation and an attention mask.

    The archive holds a bare encoder without vocabulary, and its configuration may lack a `model_type`; a BERT is built
    whatever it says, and the vocabulary is that of BERT-base uncased. The 25 emoticons that the authors map to
    `[unusedN]` are left alone: their tokeniser split those names at the brackets, so that the model never saw the ids.

    Args:
        as_released: give the vectors of the authors' own evaluation instead, for comparison (see
            `encode_as_released`); the pooler is then the default.
        options: see `TransformerEncoder`.
    """

    card = EncoderCard(
        name="sentix",
        family="bert",
        title="SentiX",
        base="bert",
        weights="drive.google.com/file/d/1aURbb0d5n-eFn2QxAWX64gA8X7b9xC2n",
        pooling="cls",
        poolings=("cls", "mean", "pooler", "last"),
        recommended="pooler",
        max_length=512,
        dimensions=768,
        parameters=108_891_648,
        training_data=("wikipedia", "bookcorpus", "amazon-reviews", "yelp-reviews"),
        training_notes="From BERT; masked words, emoticons and star ratings of Amazon 2018 reviews (29 categories) "
        "and Yelp reviews. One-star reviews gave no rating loss in the released code.",
        citation="Zhou, Tian, Wang, Wu, Xiao and He 2020. SentiX: A Sentiment-Aware Pre-Trained Model for Cross-Domain "
        "Sentiment Analysis. COLING, 568-579",
        url="https://github.com/12190143/SentiX",
        notes="First token, normal tokenisation, attention mask on. The authors' vector is the tanh pooler "
        "(`sentix@pooler`), computed without a mask on texts tokenised twice, so that it depends on the padding; "
        "`SentiX(as_released=True)` reproduces it. The archive has no vocabulary: BERT's is taken from the hub's "
        "cache, or from a directory named with `--tokenizer-dir`.",
    )
    layout = replace(BERT.layout, vocabulary=(("vocab.txt",),), lower_case=True)

    def __init__(self, *, as_released: bool = False, **options: Unpack[EncoderOptions]) -> None:
        if as_released and not options.get("pooling"):
            options["pooling"] = "pooler"
        super().__init__(**options)
        self.as_released = as_released

    def _find(self, directory: Path, *, fetch: bool) -> CheckpointFiles:
        """The checkpoint's files; the vocabulary is the one given, its own when it has one, else BERT's of the hub."""
        place = self.tokenizer_dir
        if place is None and not (directory / "vocab.txt").is_file():
            cached = [cached_snapshot(hub_id, BERT.card.revision) for hub_id in (BERT.hub, *BERT.hub_aliases)]
            place = next((path for path in cached if path is not None and (path / "vocab.txt").is_file()), None)
            if place is None and fetch:
                place = fetch_from_hub(BERT.hub, BERT.card.revision, patterns=("vocab.txt",))
        return find_files(directory, self.layout, place)

    def _advice(self) -> str:
        return (
            f"{super()._advice()}; the archive has no vocabulary: pass also `--tokenizer-dir sentix=DIR`, a "
            f"directory with the vocab.txt of BERT-base uncased ({BERT.hub})"
        )

    def tokenizer(self, files: CheckpointFiles) -> Any:
        """BERT's tokeniser, checked against the number of word vectors and BERT's special tokens.

        Raises:
            WeightsInvalid: it is another vocabulary.
        """
        tokenizer = super().tokenizer(files)
        path, tokens = files.vocabulary[0], vocabulary_rows(tokenizer)
        rows = read_config(files.config).get("vocab_size")
        specials = {name: tokenizer.token_to_id(name) for name in _BERT_SPECIALS}
        if tokens != rows or (rows == _BERT_TOKENS and specials != _BERT_SPECIALS):
            raise WeightsInvalid(
                f"{path} has {tokens} tokens and {files.config} {rows}: SentiX needs the vocabulary of BERT-base "
                f"uncased ({_BERT_TOKENS} tokens, [CLS] {_BERT_SPECIALS['[CLS]']})"
            )
        return tokenizer

    def fingerprint_parts(self) -> list[str]:
        """Digests of the checkpoint, and the form of its vectors."""
        return [*super().fingerprint_parts(), *(["as-released"] if self.as_released else [])]

    def describe(self) -> dict[str, Any]:
        """What a record should say, with the form of the vectors."""
        return {**super().describe(), "form": "as released" if self.as_released else "masked"}

    def inputs(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Token ids of each text; padded, and tokenised twice, in the authors' form."""
        if self.as_released:
            return self.released_inputs(texts, length=self.max_length or _RELEASED_LENGTH)
        return super().inputs(texts)

    def released_inputs(self, texts: Sequence[str], *, length: int, twice: bool = True) -> list[NDArray[np.int32]]:
        """Token ids as the authors' evaluation makes them (`data_utils.py`).

        Args:
            texts: any strings.
            length: every row is padded with id 0, which nothing masks, or cut to this many tokens.
            twice: join the word pieces by blanks and tokenise them again, so that `##x` becomes `#`, `#`, `x`; without
                it the missing mask is the only difference to the normal form.

        Returns:
            int32 (length,) per text.
        """
        tokenizer = self.load().tokenizer
        ids = encode_ids(tokenizer, texts, length)
        if twice:
            joined = []
            for row in ids:
                pieces = [tokenizer.id_to_token(int(piece)) for piece in row[1:-1]]
                joined.append(" ".join(["[CLS]", *pieces, "[SEP]"]))
            encoded = tokenizer.encode_batch_fast(joined, add_special_tokens=False)
            ids = [np.asarray(row.ids[:length], dtype=np.int32) for row in encoded]
        return [np.pad(row, (0, length - len(row))) for row in ids]
