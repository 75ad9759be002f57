"""Texts without labels, from small shards."""

import json

import numpy as np
import pytest

from carl.configurations import configuration
from carl.sources import read_sources
from carl.unlabelled import read_unlabelled
from harness.errors import DataMissing, UsageError


@pytest.fixture
def folder(tmp_path):
    rows = [{"text": f"post {number}. " * 9, "source": "reddit-self"} for number in range(60)]
    rows += [{"text": f"title {number}", "source": "reddit-title"} for number in range(40)]
    rows += [{"text": "fine", "source": "steam", "rating": 1}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return tmp_path


def test_one_excerpt_of_every_text(folder):
    posts, titles = read_unlabelled(folder, ["reddit-self", "reddit-title"], limit=1000, max_length=10)
    assert (posts.name, posts.licence, titles.name) == ("reddit-self", "PDDL 1.0", "reddit-title")
    assert len(posts) in range(55, 61)  # one in 400 is held out
    assert all(len(text) <= 40 and text.startswith("post") for text in posts.texts)
    assert np.isnan(posts.labels).all()
    assert posts.labels.shape == (len(posts), 2)
    assert not posts.labelled


def test_the_choice_is_limited_and_depends_on_the_seed(folder):
    def drawn(seed):
        return [text for part in read_unlabelled(folder, ["reddit-title"], limit=12, seed=seed) for text in part.texts]

    assert len(drawn(0)) <= 12
    assert drawn(0) == drawn(0) != drawn(1)


def test_none_of_the_wanted_sources(folder):
    with pytest.raises(DataMissing, match="eltec-novels"):
        read_unlabelled(folder, ["eltec-novels"], limit=5)


def test_the_folder_is_asked_for():
    config = configuration("carl-minilm-taught").changed(["sources=unlabelled"])
    with pytest.raises(UsageError, match="--corpus-dir"):
        read_sources(config, None)
