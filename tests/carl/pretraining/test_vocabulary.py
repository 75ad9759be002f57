"""The byte-level vocabulary spells every text and is what RoBERTa's loaders expect."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers.pre_tokenizers import ByteLevel

from carl.pretraining.vocabulary import SPECIAL, byte_strings, read_tokenizer, train_tokenizer, write_tokenizer
from harness.errors import DataInvalid, WeightsInvalid


@settings(deadline=None)
@given(text=st.text(max_size=40))
def test_every_text_can_be_spelled(tokenizer, text):
    encoding = tokenizer.encode(text, add_special_tokens=False)
    assert tokenizer.decode(encoding.ids, skip_special_tokens=False) == text
    spelled = byte_strings(tokenizer)
    if not any(token in text for token in SPECIAL):
        assert b"".join(spelled[index] for index in encoding.ids) == text.encode()


def test_special_tokens_come_first_and_stand_around_a_text(tokenizer):
    assert tokenizer.get_vocab_size() == 300
    assert [tokenizer.token_to_id(token) for token in SPECIAL] == [0, 1, 2, 3, 4]
    ids = tokenizer.encode("the rain").ids
    assert (ids[0], ids[-1]) == (0, 2)
    assert tokenizer.encode("the rain").tokens[1:-1] != tokenizer.encode(" the rain").tokens[1:-1]
    assert tokenizer.encode("so <mask> it was").ids.count(4) == 1


def test_bytes_of_entries_are_those_of_the_library(tokenizer):
    assert len(set(byte_strings(tokenizer))) == 300
    single = [entry for entry in byte_strings(tokenizer)[len(SPECIAL) :] if len(entry) == 1]
    assert sorted(single) == [bytes([value]) for value in range(256)]
    assert len(ByteLevel.alphabet()) == 256


def test_written_and_read(tokenizer, tmp_path):
    path = tmp_path / "tokenizer.json"
    write_tokenizer(tokenizer, path)
    again = read_tokenizer(path)
    assert again.encode("wonderful rain, 😀").ids == tokenizer.encode("wonderful rain, 😀").ids


def test_foreign_and_missing_files_are_refused(roberta_directory, roberta, tmp_path):
    with pytest.raises(WeightsInvalid, match="is no file"):
        read_tokenizer(tmp_path / "tokenizer.json")
    other = tmp_path / "tokenizer.json"
    other.write_text(roberta.tokenizer.to_str())
    with pytest.raises(WeightsInvalid, match="first entries are not"):
        read_tokenizer(other)
    named = tmp_path / "vocab.json"
    named.write_text(other.read_text())
    with pytest.raises(WeightsInvalid, match="must be called"):
        read_tokenizer(named)


def test_too_little_text_for_the_size():
    with pytest.raises(DataInvalid, match=r"vocabulary of 2\d\d entries, 5,000 are asked for"):
        train_tokenizer(["so it was", "so it was"], 5000)
