"""A made-up corpus in shards, its vocabulary, and runs of a few cheap steps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from carl.pretraining.config import PretrainingConfig
from carl.pretraining.configurations import pretraining
from carl.pretraining.encoded import EncodedCorpus, encode_corpus
from carl.pretraining.vocabulary import train_tokenizer

WORDS = (
    *("the", "rain", "was", "warm", "and", "we", "are", "glad", "never", "again", "very", "so", "fine", "awful"),
    *("kind", "late", "train", "cold", "you", "not", "happy", "sad", "terrible", "wonderful", "morning", "evening"),
    *("people", "walked", "home", "slowly", "under", "grey", "clouds"),
)


def sentences(n: int, seed: int) -> list[str]:
    generator = np.random.default_rng(seed)
    lengths = generator.choice([2, 5, 9, 14, 60], size=n)
    return [" ".join(generator.choice(WORDS, size=length)) for length in lengths]


@pytest.fixture(scope="session")
def corpus_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """700 texts in two shards, one of them compressed, every third text rated."""
    import pyarrow as pa

    directory = tmp_path_factory.mktemp("corpus")
    rows = [
        {"text": text, "source": "steam", "rating": number % 5 / 4}
        if number % 3 == 0
        else {"text": text, "source": "abc"}
        for number, text in enumerate(sentences(700, seed=0))
    ]
    lines = [f"{json.dumps(row)}\n" for row in rows]
    (directory / "a.jsonl").write_text("".join(lines[:300]))
    with pa.output_stream(str(directory / "b.jsonl.zst"), compression="zstd") as stream:
        stream.write("".join(lines[300:]).encode())
    return directory


@pytest.fixture(scope="session")
def config() -> PretrainingConfig:
    return pretraining("roberta-small").changed(
        [
            *("vocabulary=300", "tokenizer_texts=500", "max_length=48", "rows=6", "steps=6", "held_out_rows=4"),
            *(
                "learning_rate=2e-3",
                "embedding_rate=1",
                "distil_share=0.5",
                "distil_weight=10",
                "log_every=1",
                "evaluate_every=3",
                "save_every=2",
            ),
            *("layers=1", "hidden=32", "heads=4", "intermediate=64", "positions=64"),
        ]
    )


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return train_tokenizer(sentences(400, seed=1), 300)


@pytest.fixture(scope="session")
def corpus(corpus_dir, config, tokenizer, bert, tmp_path_factory) -> EncodedCorpus:
    folder = tmp_path_factory.mktemp("encoded")
    return encode_corpus(corpus_dir, config, tokenizer, folder, teacher=bert.tokenizer)
