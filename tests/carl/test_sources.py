"""Label sources, from small files and made-up corpora."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carl.config import ALL_RATED, Config, configuration
from carl.sources import equal_shares, read_rated, read_sources, read_unlabelled, training_hashes
from harness.contamination.overlap import text_hash
from harness.corpora.base import Examples
from harness.corpora.registry import CorpusRegistry
from harness.errors import DataInvalid, DataMissing, UsageError

BASE = Config(name="mine", sources=("emobank", "facebook"), rated_sources=ALL_RATED[:3])


def examples(texts, valence, arousal, ends):
    return Examples(
        texts=tuple(texts),
        ids=tuple(map(str, range(len(texts)))),
        labels={"valence": np.array(valence, float), "arousal": np.array(arousal, float)},
        scales={"valence": ends, "arousal": ends},
    )


class MadeUpLibrary:
    """Corpora of a few rows."""

    def __init__(self):
        self.asked = []
        self.parts = {
            ("emobank", "train"): examples(["glad", "Rain , again", "cold", "!!"], [5, 3, 1, 3], [3, 2, 4, 3], (1, 5)),
            ("emobank", "dev"): examples(["rain again!"], [3], [3], (1, 5)),
            ("emobank", "test"): examples(["So late"], [3], [3], (1, 5)),
            ("facebook", "all"): examples(["so late", "warm", ""], [9, 5, 5], [1, 7, 5], (1, 9)),
            ("emotales", "all"): examples(["a train", "no train"], [2, 4], [3, 5], (1, 9)),
        }

    def load(self, name, split):
        self.asked.append((name, split))
        return self.parts[name, split]


def write_lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def test_corpora_are_scaled_from_the_ends_and_never_hold_evaluated_texts():
    emobank, facebook = read_sources(BASE, MadeUpLibrary())
    assert emobank.name == "emobank:train"
    assert emobank.texts == ("glad", "cold")
    assert emobank.labels[:, :2].tolist() == [[1, 0], [-1, 0.5]]
    assert np.isnan(emobank.labels[:, 2]).all()
    assert emobank.left_out == 2
    assert facebook.texts == ("warm",)
    assert facebook.labels[:, :2].tolist() == [[0, 0.5]]
    assert facebook.labels.dtype == np.float32


def test_only_texts_of_emobanks_other_splits_are_read_and_no_evaluated_corpus():
    library = MadeUpLibrary()
    read_sources(configuration("paper"), library)
    assert {name for name, _ in library.asked} == {"emobank", "facebook", "emotales"}


@pytest.fixture
def shards(tmp_path):
    rows = [{"text": f"steam {i}", "source": "steam", "rating": float(i % 10 != 0)} for i in range(50)]
    rows += [{"text": f"scale {i}", "source": "movie-scale", "rating": i / 8} for i in range(9)]
    write_lines(tmp_path / "rated-00.jsonl", [*rows[::2], {"text": "post", "source": "reddit-self"}])
    write_lines(tmp_path / "rated-01.jsonl", [{"text": "none", "source": "steam", "rating": None}, *rows[1::2]])
    return tmp_path


def test_rated_reviews_are_balanced_and_limited(shards):
    everything = read_rated(shards, ["steam", "movie-scale"], limit=1000, balanced=False)
    trained_on = [i for i in range(50) if int(text_hash(f"steam {i}"), 16) % 20]
    assert [len(source) for source in everything] == [len(trained_on), 9]
    steam, scale = read_rated(shards, ["steam", "movie-scale"], limit=1000)
    blamed = sum(i % 10 == 0 for i in trained_on)
    assert sorted(steam.labels[:, 0].tolist()) == [-1] * blamed + [1] * blamed
    assert len(scale) == 9
    limited = read_rated(shards, ["steam", "movie-scale"], limit=7)
    assert sorted(map(len, limited)) == [3, 4]
    assert [s.texts for s in limited] == [s.texts for s in read_rated(shards, ["steam", "movie-scale"], limit=7)]
    other = read_rated(shards, ["steam", "movie-scale"], limit=7, seed=1)
    assert [s.texts for s in limited] != [s.texts for s in other]


def test_one_rated_review_in_twenty_is_held_out(tmp_path):
    texts = [f"review {number}" for number in range(4000)]
    write_lines(tmp_path / "a.jsonl", [{"text": text, "source": "steam", "rating": 1} for text in texts])
    parts = [
        set(read_rated(tmp_path, ["steam"], limit=9999, balanced=False, development=kind)[0].texts)
        for kind in (False, True)
    ]
    assert parts[0] | parts[1] == set(texts)
    assert not parts[0] & parts[1]
    assert len(parts[1]) == sum(int(text_hash(text), 16) % 20 == 0 for text in texts)


def test_long_reviews_give_excerpts_with_their_rating(tmp_path):
    long = " ".join(f"Sentence {number} of it." for number in range(21))
    assert int(text_hash(long), 16) % 20, "held out"
    write_lines(tmp_path / "a.jsonl", [{"text": long, "source": "steam", "rating": 0}])
    (source,) = read_rated(tmp_path, ["steam"], limit=9, balanced=False, excerpt_count=3, max_length=16)
    assert len(source) == 3
    assert all(text in long and len(text) <= 64 for text in source.texts)
    assert source.labels[:, 0].tolist() == [-1] * 3


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6), st.integers(1, 120))
def test_shares_are_equal_where_sources_are_large_enough(sizes, limit):
    quotas = equal_shares(sizes, limit)
    assert sum(quotas) == min(limit, sum(sizes))
    assert all(quota <= size for quota, size in zip(quotas, sizes, strict=True))
    cut = [quota for quota, size in zip(quotas, sizes, strict=True) if quota < size]
    if cut:
        assert max(cut) - min(cut) <= 1
        assert min(cut) >= max(quotas) - 1


def test_unlabelled_texts_are_drawn_as_excerpts(tmp_path):
    rows = [{"text": f"post {i}. " * 30, "source": "reddit-self"} for i in range(40)]
    write_lines(tmp_path / "a.jsonl", [*rows, {"text": "news", "source": "abc"}])
    (source,) = read_unlabelled(tmp_path, ["reddit-self"], limit=9, max_length=10)
    assert (len(source), source.kind) == (9, "unlabelled")
    assert all(len(text) <= 40 for text in source.texts)
    assert np.isnan(source.labels).all()
    with pytest.raises(DataMissing, match="no texts of webtext"):
        read_unlabelled(tmp_path, ["webtext"], limit=9)


def test_damaged_shards_missing_shards_and_unknown_sources(tmp_path):
    with pytest.raises(DataMissing, match="holds no"):
        read_rated(tmp_path, ["steam"], limit=9)
    write_lines(tmp_path / "a.jsonl", [{"text": "post", "source": "reddit-self"}])
    with pytest.raises(DataMissing, match="no rated texts of steam"):
        read_rated(tmp_path, ["steam"], limit=9)
    with pytest.raises(UsageError, match="imdb"):
        read_rated(tmp_path, ["imdb"], limit=9)
    write_lines(tmp_path / "stars.jsonl", [{"text": "post", "source": "steam", "rating": 5}])
    with pytest.raises(DataInvalid, match=r"stars\.jsonl, line 1: rating Input should be less than or equal to 1"):
        read_rated(tmp_path, ["steam"], limit=9)
    (tmp_path / "stars.jsonl").unlink()
    (tmp_path / "b.jsonl.zst").write_bytes(b"no zstd here")
    with pytest.raises(DataInvalid, match=r"b\.jsonl\.zst is damaged"):
        read_rated(tmp_path, ["steam"], limit=9)


def test_the_published_corpora_give_their_rows():
    data = Path(os.environ.get("AFFECTBENCH_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (data / "emobank").is_dir():
        pytest.skip("the published corpora are not on this machine (AFFECTBENCH_DATA)")
    library = CorpusRegistry(data, data / "no-cache", offline=True)
    sources = read_sources(configuration("paper"), library)
    rows = {source.name: (len(source), source.left_out) for source in sources}
    assert rows["emobank:train"] == (7917, 145)
    assert rows["facebook"] == (2883, 12)
    assert sum(rows["emotales"]) == 1395
    held_out = {text_hash(text) for split in ("dev", "test") for text in library.load("emobank", split).texts}
    assert not held_out & set(training_hashes(sources))
    for source in sources:
        assert np.nanmax(np.abs(source.labels)) <= 1
