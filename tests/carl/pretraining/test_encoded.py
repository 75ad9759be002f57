"""The corpus on the disk: pieces spell the texts, and the teacher reads the same characters."""

import hashlib
import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carl.normal_form import text_hash
from carl.pretraining.corpus import read_corpus
from carl.pretraining.encoded import HASHES, cut, encode_corpus
from harness.errors import DataInvalid


def piece(ragged, number):
    return ragged.flat[ragged.starts[number] : ragged.starts[number + 1]].tolist()


@settings(deadline=None)
@given(ids=st.lists(st.integers(0, 9), max_size=40), room=st.integers(4, 9))
def test_parts_make_the_whole_and_fit(ids, room):
    begins = [token < 4 for token in range(10)]
    parts = [list(part) for part in cut(ids, room, begins)]
    assert [token for part in parts for token in part] == ids
    assert all(0 < len(part) <= room for part in parts)
    for part, following in pairwise(parts):
        assert begins[following[0]] or len(part) == room


def test_pieces_spell_the_texts(corpus, corpus_dir, config, tokenizer):
    spelled = [
        tokenizer.decode(piece(corpus.pieces, number)[1:-1], skip_special_tokens=False)
        for number in range(len(corpus.ratings))
    ]
    texts = list(read_corpus(corpus_dir))
    assert "".join(spelled) == "".join(text.text for text in texts)
    assert len(spelled) > len(texts)
    assert corpus.pieces.lengths.max() <= config.max_length
    for number in range(len(spelled)):
        ids = piece(corpus.pieces, number)
        assert (ids[0], ids[-1]) == (0, 2)


def test_the_teacher_reads_the_same_characters(corpus, tokenizer, bert):
    for number in range(0, len(corpus.ratings), 37):
        text = tokenizer.decode(piece(corpus.pieces, number)[1:-1], skip_special_tokens=False)
        assert piece(corpus.teacher, number) == bert.tokenizer.encode(text).ids


def test_counts_ratings_and_hashes(corpus, corpus_dir):
    texts = list(read_corpus(corpus_dir))
    rated = [text for text in texts if text.source == "steam"]
    counts = corpus.sources["steam"]
    assert (counts["texts"], counts["rated"]) == (len(rated), len(rated))
    assert counts["held_out"] == sum(text.held_out for text in rated) > 0
    assert sum(source["tokens"] for source in corpus.sources.values()) == corpus.pieces.lengths.sum()
    assert corpus.rated_hashes == tuple(sorted({text_hash(text.text) for text in rated if not text.held_out}))
    assert np.isnan(corpus.ratings).any()
    assert set(np.unique(corpus.ratings[~np.isnan(corpus.ratings)])) == {0.0, 0.25, 0.5, 0.75, 1.0}


def test_an_earlier_result_is_read_again(corpus_dir, config, tokenizer, tmp_path, monkeypatch):
    first = encode_corpus(corpus_dir, config, tokenizer, tmp_path)
    hashes = (tmp_path / HASHES).read_bytes()
    assert hashlib.sha256(hashes).hexdigest() == first.hashes_sha256
    expected = sorted({text_hash(text.text) for text in read_corpus(corpus_dir)})
    assert [hashes[at : at + 8].hex() for at in range(0, len(hashes), 8)] == expected
    monkeypatch.setattr("carl.pretraining.encoded.read_corpus", None)
    again = encode_corpus(corpus_dir, config, tokenizer, tmp_path)
    assert np.array_equal(first.pieces.flat, again.pieces.flat)
    assert (again.teacher, again.digest, again.sources) == (None, first.digest, first.sources)


def test_other_settings_write_anew(corpus_dir, config, tokenizer, bert, tmp_path):
    first = encode_corpus(corpus_dir, config, tokenizer, tmp_path)
    shorter = encode_corpus(corpus_dir, config.changed(["max_length=20"]), tokenizer, tmp_path)
    assert shorter.pieces.lengths.max() <= 20 < first.pieces.lengths.max()
    assert encode_corpus(corpus_dir, config, tokenizer, tmp_path, teacher=bert.tokenizer).teacher is not None
    (tmp_path / "corpus.json").write_text("damaged")
    assert encode_corpus(corpus_dir, config, tokenizer, tmp_path).digest == first.digest


def test_a_cut_off_file_is_named(corpus_dir, config, tokenizer, tmp_path):
    encode_corpus(corpus_dir, config, tokenizer, tmp_path)
    flat = tmp_path / "pieces.u16"
    flat.write_bytes(flat.read_bytes()[:-2])
    with pytest.raises(DataInvalid, match=r"pieces\.u16 holds"):
        encode_corpus(corpus_dir, config, tokenizer, tmp_path)


def test_special_tokens_in_a_text_are_text(config, tokenizer, tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    rows = [{"text": f"so <mask> it was </s> number {number}", "source": "abc"} for number in range(3)]
    (folder / "a.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    encoded = encode_corpus(folder, config, tokenizer, tmp_path / "work")
    ids = piece(encoded.pieces, 0)
    assert 4 not in ids
    assert ids.count(2) == 1
    assert tokenizer.decode(ids[1:-1], skip_special_tokens=False) == rows[0]["text"]
