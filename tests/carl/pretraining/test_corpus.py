"""Shards are read as they are, and what is wrong in them is named."""

import json

import pytest

from carl.pretraining.corpus import CorpusText, licence, read_corpus
from harness.errors import DataInvalid, DataMissing


def write(directory, *rows, name="a.jsonl"):
    (directory / name).write_text("".join(row if isinstance(row, str) else f"{json.dumps(row)}\n" for row in rows))
    return directory


def test_all_texts_in_order(corpus_dir):
    texts = list(read_corpus(corpus_dir))
    assert len(texts) == 700
    first = json.loads((corpus_dir / "a.jsonl").read_text().splitlines()[0])
    assert texts[0] == CorpusText(first["text"], "steam", first["rating"])
    assert {text.source for text in texts} == {"steam", "abc"}
    assert all((text.rating is None) == (text.source == "abc") for text in texts)


def test_some_sources_and_a_random_choice(corpus_dir):
    everything = list(read_corpus(corpus_dir))
    rated = list(read_corpus(corpus_dir, sources=["steam"]))
    assert rated == [text for text in everything if text.source == "steam"]
    some = list(read_corpus(corpus_dir, limit=50, seed=3))
    places = [everything.index(text) for text in some]
    assert len(some) == 50
    assert places == sorted(places)
    assert some == list(read_corpus(corpus_dir, limit=50, seed=3))
    assert some != list(read_corpus(corpus_dir, limit=50, seed=4))
    assert len(list(read_corpus(corpus_dir, sources=["steam"], limit=50))) == 50
    assert list(read_corpus(corpus_dir, limit=10_000)) == everything


def test_a_share_is_held_out_by_the_text_alone():
    texts = [CorpusText(f"text number {number}", "abc", None) for number in range(20_000)]
    rated = [CorpusText(f"text number {number}", "steam", 1.0) for number in range(4000)]
    assert 25 <= sum(text.held_out for text in texts) <= 80
    assert 150 <= sum(text.held_out for text in rated) <= 250
    assert CorpusText("Very good!", "steam", 1.0).held_out == CorpusText("very good", "steam", 0.0).held_out


def test_nothing_there(tmp_path):
    with pytest.raises(DataMissing, match="holds no"):
        list(read_corpus(tmp_path))
    write(tmp_path, {"text": "a", "source": "abc"})
    with pytest.raises(DataMissing, match="no texts of steam"):
        list(read_corpus(tmp_path, sources=["steam"]))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("no json\n", "line 2: expected an object"),
        ({"text": "a"}, "line 2: expected an object"),
        ([1], "line 2: expected an object"),
        ({"text": 1, "source": "abc"}, "must be strings"),
        ({"text": "a", "source": "abc", "rating": 1.5}, "`rating` is 1.5"),
        ({"text": "a", "source": "abc", "rating": True}, "`rating` is True"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, row, message):
    write(tmp_path, {"text": "a", "source": "abc"}, row)
    with pytest.raises(DataInvalid, match=message):
        list(read_corpus(tmp_path))


def test_a_damaged_shard_is_named(corpus_dir, tmp_path):
    (tmp_path / "b.jsonl.zst").write_bytes((corpus_dir / "b.jsonl.zst").read_bytes()[:-40])
    with pytest.raises(DataInvalid, match="is damaged"):
        list(read_corpus(tmp_path))


def test_licences_are_named():
    assert licence("reddit-self")[1] == "PDDL 1.0"
    assert licence("my-texts") == ("my-texts", "not known here")
