"""Everything before the first step: vocabulary, tokenised corpus, teacher, starting weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from carl.backbone import Start, read_start
from carl.pretraining.config import PretrainingConfig
from carl.pretraining.corpus import read_corpus
from carl.pretraining.encoded import EncodedCorpus, encode_corpus
from carl.pretraining.starts import random_start, transferred
from carl.pretraining.trainer import WORK
from carl.pretraining.vocabulary import read_tokenizer, train_tokenizer, write_tokenizer
from carl.shards import shards
from harness.errors import UsageError
from harness.files import write_text

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True)
class Prepared:
    """What a run begins with."""

    start: Start
    corpus: EncodedCorpus
    teacher: Start | None
    """What weights or vectors are taken from; None without either."""


def prepare(
    config: PretrainingConfig,
    corpus_dir: Path,
    output: Path,
    *,
    teacher_dir: Path | None = None,
    tokenizer_file: Path | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Prepared:
    """Read what earlier calls left in the output folder, or make it.

    Args:
        config: the run.
        corpus_dir: folder of the corpus.
        output: folder of the run.
        teacher_dir: checkpoint of the teacher, when it is not where its encoder looks by itself.
        tokenizer_file: a vocabulary to use in place of a newly trained one.
        report: gets lines of progress.

    Raises:
        DataMissing: no texts.
        WeightsMissing: no teacher.
    """
    work = output / WORK
    transfers = config.start == "transfer"
    teacher = read_start(config.teacher, weights_dir=teacher_dir) if transfers or config.distils else None
    tokenizer = (
        read_tokenizer(tokenizer_file) if tokenizer_file is not None else _vocabulary(config, corpus_dir, work, report)
    )
    if tokenizer.get_vocab_size() != config.vocabulary:
        raise UsageError(
            f"{tokenizer_file} has {tokenizer.get_vocab_size():,} entries; pass "
            f"`--set vocabulary={tokenizer.get_vocab_size()}`"
        )
    corpus = encode_corpus(
        corpus_dir,
        config,
        tokenizer,
        work,
        teacher=teacher.tokenizer if teacher is not None and config.distils else None,
        report=report,
    )
    if transfers and teacher is not None:
        start = transferred(teacher, tokenizer, config.name)
    else:
        start = random_start(config, tokenizer)
    return Prepared(start, corpus, teacher)


def _vocabulary(config: PretrainingConfig, corpus_dir: Path, work: Path, report: Callable[[str], None]) -> Tokenizer:
    """The vocabulary of these settings: kept in the output folder, or trained."""
    parts = [
        f"{config.sources}:{config.tokenizer_texts}:{config.vocabulary}:{config.seed}",
        *(f"{file.name}:{file.stat().st_size}" for file in shards(corpus_dir)),
    ]
    digest = hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()
    path, made_from = work / "tokenizer.json", work / "tokenizer.digest"
    if path.is_file() and made_from.is_file() and made_from.read_bytes().strip() == digest.encode():
        return read_tokenizer(path)
    report(f"training a vocabulary of {config.vocabulary:,} entries")
    texts = read_corpus(corpus_dir, sources=config.sources, limit=config.tokenizer_texts, seed=config.seed)
    write_tokenizer(train_tokenizer((text.text for text in texts), config.vocabulary), path)
    write_text(made_from, f"{digest}\n", "the digest of the vocabulary's settings")
    return read_tokenizer(path)
