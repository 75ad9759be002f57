"""A byte-level vocabulary trained on a corpus (Sennrich et al. 2016; Radford et al. 2019, as RoBERTa has it).

Every text can be spelled: an entry is a string of bytes. The first word of a text has no leading blank.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import DataInvalid, WeightsInvalid
from harness.files import write_text

if TYPE_CHECKING:
    from tokenizers import Tokenizer

#: Special tokens in the order of their ids; RoBERTa's, its mask besides, which there is the last entry.
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")

PADDING = SPECIAL.index("<pad>")
MASK = SPECIAL.index("<mask>")

_MINIMUM_COUNT = 2


def train_tokenizer(texts: Iterable[str], size: int) -> Tokenizer:
    """Train a byte-level vocabulary by the `tokenizers` library.

    Args:
        texts: of the corpus.
        size: entries, special tokens included; at least 261.

    Raises:
        DataInvalid: the texts do not yield so many entries.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    from harness.transformer.tokenization import encodable

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=_MINIMUM_COUNT,
        special_tokens=[*SPECIAL[:-1], AddedToken(SPECIAL[-1], lstrip=True, special=True)],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator((encodable(text) for text in texts), trainer)
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", SPECIAL.index("</s>")), ("<s>", SPECIAL.index("<s>")), trim_offsets=True, add_prefix_space=False
    )
    if (found := tokenizer.get_vocab_size()) < size:
        raise DataInvalid(
            f"the texts yield a vocabulary of {found:,} entries, {size:,} are asked for: read more texts, or pass "
            f"`--set vocabulary={found}`"
        )
    return tokenizer


def write_tokenizer(tokenizer: Tokenizer, path: Path) -> None:
    """Write a vocabulary as `tokenizer.json`."""
    write_text(path, tokenizer.to_str(pretty=True), "the tokeniser")


def read_tokenizer(path: Path) -> Tokenizer:
    """Read a vocabulary that `train_tokenizer` made.

    Raises:
        WeightsInvalid: it is damaged, or its special tokens are others.
    """
    from harness.transformer.tokenization import load_tokenizer

    if not path.is_file():
        raise WeightsInvalid(f"{path} is no file; pass the tokenizer.json of an earlier pretraining")
    if path.name != "tokenizer.json":
        raise WeightsInvalid(f"{path}: the file must be called tokenizer.json")
    tokenizer = load_tokenizer((path,))
    if [tokenizer.token_to_id(token) for token in SPECIAL] != list(range(len(SPECIAL))):
        raise WeightsInvalid(f"{path}: its first entries are not {', '.join(SPECIAL)}; pass one that `carl` trained")
    try:
        byte_strings(tokenizer)
    except KeyError as error:
        raise WeightsInvalid(
            f"{path}: an entry is missing or no string of bytes ({error}); pass one that `carl` trained"
        ) from error
    return tokenizer


def byte_strings(tokenizer: Tokenizer) -> list[bytes]:
    """What each entry spells, by id; special tokens spell their names."""
    table = _bytes_of_characters()
    entries = {index: token for token, index in tokenizer.get_vocab().items()}
    return [
        entries[index].encode() if index < len(SPECIAL) else bytes(table[character] for character in entries[index])
        for index in range(len(entries))
    ]


def _bytes_of_characters() -> dict[str, int]:
    """The byte that each character of an entry stands for: printable bytes themselves, the others from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + place): byte for place, byte in enumerate(others)}
