"""Pretraining configurations: values, names, starts."""

import json

import pytest

from carl.pretraining.config import PretrainingConfig
from carl.pretraining.configurations import pretraining, pretraining_names
from harness.errors import UsageError


@pytest.mark.parametrize("name", pretraining_names())
@pytest.mark.parametrize("start", ["transfer", "scratch"])
def test_every_configuration_survives_json(name, start):
    config = pretraining(name, start)
    assert config.start == start
    assert config.distils == (start == "transfer")
    assert PretrainingConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config
    sentiment = name.endswith("-sentiment")
    assert (config.rating_weight > 0, config.affect_weight > 1) == (sentiment, sentiment)
    assert config.name == ("roberta-small-sentiment" if sentiment else "roberta-small")


def test_scratch_stays_below_24_million_parameters():
    config = pretraining("roberta-small-gpu", "scratch")
    layer = 4 * config.hidden**2 + 2 * config.hidden * config.intermediate + 9 * config.hidden + config.intermediate
    embeddings = (config.vocabulary + config.positions + 2 + 1 + 2) * config.hidden
    assert 15e6 < config.layers * layer + embeddings < 24e6


def test_rows_are_shared_between_distillation_and_masking():
    config = pretraining("roberta-small").changed(["rows=10", "distil_share=0.3"])
    assert (config.distilled_rows, config.masks) == (3, True)
    assert not config.changed(["distil_share=1"]).masks
    assert config.changed(["distil_weight=0"]).distilled_rows == 0
    assert config.changed(["distil_share=0.001"]).distilled_rows == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["start=warm"], "there are transfer, scratch"),
        (["masked=0"], "masked is 0"),
        (["vocabulary=260"], "vocabulary is 260"),
        (["vocabulary=65537"], "vocabulary is 65537"),
        (["hidden=100", "heads=7"], "no multiple of heads"),
        (["distil_layers=-1"], "counted back from the last"),
        (["distil_layers="], "counted back from the last"),
        (["mlm_weight=0", "distil_weight=0"], "nothing to learn"),
        (["name=RoBERTa_base"], "which others published"),
    ],
)
def test_what_makes_no_sense_is_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        pretraining("roberta-small").changed(settings)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(UsageError, match="there are roberta-small, roberta-small-sentiment"):
        pretraining("roberta-base")
