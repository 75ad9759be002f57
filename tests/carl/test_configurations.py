"""Named configurations and their fields."""

import pytest

from carl.config import ALL_RATED, Config
from carl.configurations import ARMS, configuration, configuration_names
from carl.rated import KNOWN
from harness.errors import UsageError


def test_paper_has_what_is_printed():
    paper = configuration("paper")
    assert (paper.epochs, paper.batch, paper.learning_rate, paper.warmup) == (2, 128, 2e-5, 0.1)
    assert (paper.temperature, paper.max_length, paper.momentum, paper.share) == (0.05, 128, 0.9996, 0.1)
    assert (paper.epsilon, paper.alpha, paper.relative) == (5e-9, 5, False)
    assert (paper.lambda_mccl, paper.lambda_ptd, paper.evaluate_every) == (0.8, 0.2, 10)


@pytest.mark.parametrize("base", configuration_names())
def test_every_configuration_has_every_arm(base):
    for arm, changes in ARMS.items():
        config = configuration(f"{base}-{arm}")
        assert config.name == f"{base}-{arm}"
        assert all(getattr(config, field) == value for field, value in changes.items())


@pytest.mark.parametrize("arm", ["no-ptd", "no-mccl", "random-tokens", "polarity-labels", "no-target"])
def test_an_arm_differs_from_the_full_method_in_one_thing(arm):
    full, other = configuration("carl-minilm").as_dict(), configuration(f"carl-minilm-{arm}").as_dict()
    assert len([name for name in full if name != "name" and full[name] != other[name]]) == 1


def test_survives_json():
    import json

    config = configuration("carl-minilm-plus")
    assert Config.from_dict(json.loads(json.dumps(config.as_dict()))) == config


def test_settings_are_typed():
    config = configuration("carl-minilm").changed(
        ["batch=8", "learning_rate=1e-4", "relative=false", "steps=5", "sources=emobank,rated"]
    )
    assert (config.batch, config.learning_rate, config.relative, config.steps) == (8, 1e-4, False, 5)
    assert config.sources == ("emobank", "rated")
    assert config.changed(["steps=none"]).steps is None


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("batch", "FIELD=VALUE"),
        ("size=3", "FIELD=VALUE"),
        ("batch=many", "int"),
        ("relative=maybe", "bool"),
        ("batch=1", "between 2"),
        ("temperature=0", "temperature"),
        ("similarity=manhattan", "cosine, euclidean, polarity"),
        ("sources=imdb", "emobank, facebook"),
        ("sources=", "label sources"),
    ],
)
def test_wrong_settings_say_what_fits(setting, message):
    with pytest.raises(UsageError, match=message):
        configuration("carl-minilm").changed([setting])


def test_unknown_names_list_the_known_ones():
    with pytest.raises(UsageError, match=r"carl-minilm-plus.*no-ptd"):
        configuration("carl-mini")


def test_something_must_be_learnt():
    with pytest.raises(UsageError, match="both 0"):
        configuration("carl-minilm").changed(["lambda_mccl=0", "lambda_ptd=0"])


def test_all_rated_sources_have_a_title_and_a_licence():
    assert set(ALL_RATED) == set(KNOWN)
    assert configuration("carl-minilm-cpu").rated_sources == ALL_RATED
