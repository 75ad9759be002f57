"""Ids as the transformers library gives them, from the same vocabulary files."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import WeightsInvalid
from harness.transformer.tokenization import encodable, encode_ids, load_tokenizer, piece_ids

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


@pytest.fixture(scope="module")
def places(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    places = {name: tmp_path_factory.mktemp(name) for name in ("bert", "roberta")}
    tiny.write_wordpiece(places["bert"])
    tiny.write_bpe(places["roberta"])
    return places


@pytest.fixture(scope="module")
def pairs(places: dict[str, Path]):
    """Ours and the library's, for both kinds of vocabulary."""
    from transformers import BertTokenizerFast, RobertaTokenizerFast

    files = [places["bert"] / "vocab.txt"], [places["roberta"] / name for name in ("vocab.json", "merges.txt")]
    return [
        (load_tokenizer(files[0]), BertTokenizerFast.from_pretrained(places["bert"])),
        (load_tokenizer(files[1]), RobertaTokenizerFast.from_pretrained(places["roberta"])),
    ]


def test_the_librarys_ids(tiny: ModuleType, pairs) -> None:
    for ours, theirs in pairs:
        for text, ids in zip(tiny.TEXTS, encode_ids(ours, tiny.TEXTS, 20), strict=True):
            assert ids.tolist() == theirs(text, truncation=True, max_length=20)["input_ids"], text


@settings(max_examples=150, deadline=None)
@given(text=TEXT)
def test_the_librarys_ids_for_any_text(pairs, text: str) -> None:
    for ours, theirs in pairs:
        assert encode_ids(ours, [text], 64)[0].tolist() == theirs(text, truncation=True, max_length=64)["input_ids"]


def test_special_tokens_stay_when_a_text_is_cut(pairs) -> None:
    for ours, theirs in pairs:
        (ids,) = encode_ids(ours, ["rain " * 50], 7)
        assert len(ids) == 7
        assert (ids[0], ids[-1]) == (theirs.cls_token_id, theirs.sep_token_id)
        # The limit of one call is not that of the next.
        assert len(encode_ids(ours, ["rain " * 50], 100)[0]) > 7


def test_an_empty_text_has_its_two_special_tokens(pairs) -> None:
    for ours, _ in pairs:
        assert len(encode_ids(ours, [""], 8)[0]) == 2


def test_lone_surrogates_become_the_replacement_character(pairs) -> None:
    for ours, _ in pairs:
        broken, repaired = encode_ids(ours, ["rain \ud83d", "rain \ufffd"], 16)
        assert broken.tolist() == repaired.tolist()
        assert piece_ids(ours, ["\udc00"])["\udc00"] == piece_ids(ours, ["\ufffd"])["\ufffd"]


def test_whole_pairs_of_surrogates_are_one_character() -> None:
    assert encodable("\ud83d\ude00!") == "😀!"


def test_pieces_have_no_special_tokens_and_are_never_cut(pairs) -> None:
    for ours, theirs in pairs:
        encode_ids(ours, ["rain"], 5)
        word = "unkind" * 100
        assert piece_ids(ours, [word, ""]) == {word: theirs(word, add_special_tokens=False)["input_ids"], "": []}


def test_casing_is_kept_when_asked(places: dict[str, Path]) -> None:
    files = [places["bert"] / "vocab.txt"]
    lower, cased = load_tokenizer(files), load_tokenizer(files, lower_case=False)
    unknown = lower.token_to_id("[UNK]")
    assert encode_ids(lower, ["RAIN"], 8)[0].tolist()[1:-1] == [lower.token_to_id("rain")]
    assert encode_ids(cased, ["RAIN"], 8)[0].tolist()[1:-1] == [unknown]


def test_the_settings_of_a_tokenizer_file_are_switched_off(places: dict[str, Path], tmp_path: Path) -> None:
    tokenizer = load_tokenizer([places["bert"] / "vocab.txt"])
    tokenizer.enable_padding(length=30)
    tokenizer.enable_truncation(4)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    read = load_tokenizer([tmp_path / "tokenizer.json"])
    assert len(encode_ids(read, ["the rain was so cold"], 50)[0]) == 7


def test_a_vocabulary_without_its_special_tokens(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nrain\n")
    with pytest.raises(WeightsInvalid, match=r"lacks the token \[MASK\]"):
        load_tokenizer([tmp_path / "vocab.txt"])
    (tmp_path / "vocab.json").write_text(json.dumps({"<s>": 0, "<pad>": 1}))
    (tmp_path / "merges.txt").write_text("")
    with pytest.raises(WeightsInvalid, match="lacks the token </s>"):
        load_tokenizer([tmp_path / "vocab.json", tmp_path / "merges.txt"])


def test_a_damaged_vocabulary_is_named(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(WeightsInvalid, match=r"tokenizer\.json: no readable vocabulary"):
        load_tokenizer([tmp_path / "tokenizer.json"])
