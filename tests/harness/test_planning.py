"""What a plan costs by its cards, and how several machines divide it without a word to each other."""

from __future__ import annotations

from itertools import pairwise

import pytest

from harness.corpora import CorpusRegistry
from harness.errors import UsageError
from harness.planning import CPU_RATE, Estimator, Shard, share_of
from harness.registry import find_encoder, select_tasks
from harness.units import Unit

MODELS = ["minilm", "bert", "sentilare", "lexicon"]


@pytest.fixture(scope="module")
def tasks():
    return select_tasks("paper", [])


@pytest.fixture(scope="module")
def estimator(tasks, tmp_path_factory):
    cards = {name: find_encoder(name).card for name in MODELS}
    return Estimator(cards, tasks, CorpusRegistry(None, tmp_path_factory.mktemp("cache"), offline=True))


@pytest.fixture(scope="module")
def plan(tasks):
    return {model: tuple(Unit(model, task, 0) for task in tasks) for model in MODELS}


def test_encoding_costs_two_operations_for_each_weight_that_multiplies_and_token(estimator):
    work = estimator.encoding("bert", "mr", None)
    assert work.texts == 10_662
    assert work.tokens == 10_662 * (114 // 5 + 2)
    # 12 layers of 12 × 768² weights, and the positions.
    assert work.flops == pytest.approx(2 * 12 * 12 * 768**2 * work.tokens, rel=0.02)
    assert work.seconds == pytest.approx(work.flops / CPU_RATE)
    assert work.disk > work.texts * 768 * 4


def test_a_cut_off_bounds_the_tokens_of_a_text(estimator):
    assert estimator.encoding("bert", "imdb", 128).tokens == 50_000 * 128
    assert estimator.encoding("bert", "imdb", None).tokens > 50_000 * 200
    assert estimator.encoding("minilm", "imdb", 100_000).tokens <= 50_000 * 512


def test_an_encoder_that_does_not_say_how_large_it_is_has_no_operations_but_takes_time(estimator):
    work = estimator.encoding("lexicon", "mr", None)
    assert work.flops is None
    assert 0 < work.seconds < 60


def test_a_corpus_that_several_units_need_is_encoded_once(estimator):
    one = Unit("bert", "valence-arousal/emobank/official/1", 0)
    two = Unit("bert", "valence-arousal/emobank/document-grouped/1", 0)
    both = estimator.of([one, two])
    assert both < estimator.of([one]) + estimator.of([two])
    assert both > estimator.of([one])


@pytest.mark.parametrize("of", [1, 2, 3, 7, 200])
def test_shards_cover_a_plan_once(plan, estimator, of):
    shares = [share_of(plan, Shard(number, of), estimator) for number in range(1, of + 1)]
    done = [unit for share in shares for units in share.values() for unit in units]
    assert sorted(done, key=str) == sorted((unit for units in plan.values() for unit in units), key=str)
    for share in shares:
        for model, units in share.items():
            places = [plan[model].index(unit) for unit in units]
            assert all(a < b for a, b in pairwise(places))


def test_shards_are_of_like_size_and_keep_together_what_shares_texts(plan, estimator):
    shares = [share_of(plan, Shard(number, 3), estimator) for number in (1, 2, 3)]
    loads = [sum(estimator.of(units) for units in share.values()) for share in shares]
    # One corpus of a large model, IMDB, is the longest piece that stays whole.
    longest = estimator.encoding("bert", "imdb", 128).seconds
    assert max(loads) - min(loads) <= 1.1 * longest
    for share in shares:
        emobank = {unit.task for unit in share.get("bert", ()) if "emobank" in unit.task}
        assert len(emobank) in (0, 2)
    # A small model is one machine's.
    assert sum("lexicon" in share for share in shares) == 1


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "1/0", "a/b", "-1/2", "1/2/3", "½/2"])
def test_what_is_no_shard_is_named(text):
    with pytest.raises(UsageError, match="--shard takes i/n"):
        Shard.parse(text)
