"""Names find plugins; what goes wrong names the culprit and the way out."""

import os
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from harness import registry
from harness.contamination import judge
from harness.encoder import EncoderCard
from harness.errors import EncoderFault, UsageError


class Good:
    card = EncoderCard(name="good", family="floor", pooling="cls", poolings=("cls", "mean"), training_data=())

    def __init__(self, *, pooling=None):
        self.pooling = pooling

    def encode(self, texts):
        return texts


class Bare:
    card = EncoderCard(name="bare", family="floor")

    def encode(self, texts):
        return texts


class NoEncoder:
    card = EncoderCard(name="no-encoder", family="floor")


@pytest.fixture
def declared(monkeypatch):
    """Replace the installed entry points."""

    def declare(**values):
        points = {
            name: tuple(EntryPoint(name, value, registry.ENCODERS) for value in ([v] if isinstance(v, str) else v))
            for name, v in values.items()
        }
        monkeypatch.setattr(registry, "_points", lambda group: points if group == registry.ENCODERS else {})

    import sys
    import types

    module = types.ModuleType("registry_test_plugins")
    module.Good, module.Bare, module.NoEncoder, module.five = Good, Bare, NoEncoder, 5
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return declare


def test_an_unknown_name_suggests_near_ones(declared):
    declared(good="registry_test_plugins:Good", bare="registry_test_plugins:Bare")
    with pytest.raises(UsageError, match=r"unknown model 'god'; did you mean good\?"):
        registry.find_encoder("god")


def test_a_collision_names_both_origins(declared):
    declared(good=["registry_test_plugins:Good", "registry_test_plugins:Bare"])
    with pytest.raises(UsageError, match=r"registry_test_plugins:Good.*and.*registry_test_plugins:Bare"):
        registry.find_encoder("good")


def test_a_broken_plugin_is_one_warning_and_the_others_are_listed(declared):
    declared(broken="no_such_module:X", good="registry_test_plugins:Good", five="registry_test_plugins:five")
    with pytest.warns(UserWarning) as warned:
        names = [plugin.name for plugin in registry.encoder_plugins()]
    assert {"good", "five", "broken"} & set(names) == {"good"}
    assert ["no_such_module" in str(w.message) or "five" in str(w.message) for w in warned] == [True, True]


def test_a_pooling_is_a_row_of_its_own(declared):
    declared(good="registry_test_plugins:Good")
    plugin = registry.find_encoder("good@mean")
    assert (plugin.name, plugin.card.pooling, plugin.card.title) == ("good@mean", "mean", "good (mean)")
    assert plugin.create().pooling == "mean"
    assert registry.find_encoder("good@cls").name == "good"


def test_a_reduction_is_a_row_of_its_own():
    plugin = registry.find_encoder("minilm@mean@128d@int8")
    assert (plugin.name, plugin.card.dimensions) == ("minilm@mean@128d@int8", 128)
    assert plugin.card.title == "MiniLM-L6 128d int8 (mean)"
    texts = ["I am glad", "what a loss"]
    vectors, whole = (registry.load_encoder(f"lexicon{end}").encode(texts) for end in ("@int8", ""))
    np.testing.assert_allclose(vectors, whole, atol=np.abs(whole).max() / 250)
    assert registry.load_encoder("lexicon@4d@binary").encode(texts).tolist()[0][0] in (0.5, -0.5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("minilm@384d", "this one has 384"),
        ("good@max", "unknown suffix 'max'"),
        ("good@pooler", "no pooling 'pooler'; it has cls, mean"),
        ("bare@mean", "no token vectors"),
        ("nowhere/x.py:Y", "no file nowhere/x.py"),
        ("./nowhere", "no directory ./nowhere"),
    ],
)
def test_what_cannot_be_is_said(declared, name, message):
    registry_names = {"good": "registry_test_plugins:Good", "bare": "registry_test_plugins:Bare"}
    declared(**registry_names, minilm="baselines.packaged:MiniLM")
    with pytest.raises(UsageError, match=message):
        registry.find_encoder(name)


def test_a_constructor_that_raises(declared, monkeypatch):
    def refuse(self):
        raise OSError("no such device")

    declared(bare="registry_test_plugins:Bare")
    monkeypatch.setattr(Bare, "__init__", refuse, raising=False)
    with pytest.raises(EncoderFault, match="bare cannot be made: OSError: no such device"):
        registry.find_encoder("bare").create()


def test_a_family_of_encoders_is_one_entry_point(monkeypatch):
    points = [EntryPoint("many", f"registry_test_plugins:{name}", registry.FAMILIES) for name in ("many", "bad")]
    import sys
    import types

    module = types.ModuleType("registry_test_plugins")
    module.many, module.bad = {"many-one": Good, "many-two": Bare}, {"many/three": Good}
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(
        registry, "_points", lambda group: {"many": tuple(points)} if group == registry.FAMILIES else {}
    )
    registry._families.cache_clear()
    with pytest.warns(UserWarning, match="an id of the hub"):
        registry._families()
    assert registry.encoder_names() == ["many-one", "many-two"]
    assert registry.find_encoder("many-one@mean").card.name == "many-one@mean"
    registry._families.cache_clear()


def test_well_known_encoders_resolve_and_say_what_they_saw():
    known = [plugin for plugin in registry.encoder_plugins() if plugin.origin == registry._HUB]
    assert len(known) >= 30 and not {"e5-base-v2"} & {plugin.name for plugin in registry.find_encoders(["all"])}
    for plugin in known:
        status, advice = plugin.availability()
        assert status in ("ready", "weights-missing", "extra-missing") and (status == "ready" or plugin.name in advice)
        assert plugin.card.dimensions and plugin.card.weights.startswith("huggingface.co/")
    e5 = registry.find_encoder("e5-base-v2@256d")
    made = e5.make()
    assert (e5.card.prompt("polarity"), made.own_prompt, made.hub) == ("query: ", False, "intfloat/e5-base-v2")
    expected = {"gist-small": "overlap", "sentiment-roberta-large": "overlap", "e5-base-v2": "unknown"}
    expected |= {"gte-base": "unknown", "all-minilm-l12-v2": "clean"}
    assert expected == {
        name: judge(registry.find_encoder(name).card.training_data, "imdb")["state"] for name in expected
    }


@pytest.mark.parametrize("name", ["a b", "a\nb", "a,b", "", "lexicon"])
def test_a_name_of_the_users_choice_is_one_word_of_its_own(name):
    with pytest.raises(UsageError, match="choose"):
        registry.find_encoders([f"{name}=lexicon"])


def test_an_adapter_of_a_sentence_transformer_is_refused(tmp_path):
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "minilm"}')
    (tmp_path / "modules.json").write_text("[]")
    with pytest.raises(UsageError, match="merge it into that model first"):
        registry.find_encoder(str(tmp_path))


def test_an_adapter_may_name_its_backbone_relative_to_itself(tmp_path):
    (adapter := tmp_path / "adapter").mkdir()
    (adapter / "adapter_config.json").write_text('{"base_model_name_or_path": "../backbone"}')
    (tmp_path / "backbone").mkdir()
    assert registry.find_encoder(str(adapter)).card.base == "dir:backbone"


def test_an_adapter_of_an_adapter_is_refused(tmp_path):
    (tmp_path / "adapter_config.json").write_text(f'{{"base_model_name_or_path": "{tmp_path}"}}')
    with pytest.raises(UsageError, match="adapter of the adapter"):
        registry.find_encoder(str(tmp_path))


@pytest.mark.parametrize("name", ["a@b", "a,b", "a@mean"])
def test_a_directory_may_have_any_name(tmp_path, name):
    from harness.cli.options import split_names

    (tmp_path / name).mkdir()
    path = str(tmp_path / name)
    assert split_names((path, f"hf:{path}")) == [path, f"hf:{path}"]
    assert registry.find_encoder(path).card.pooling == "cls"
    assert registry.find_encoder(f"{path}@mean").card.pooling == "mean"


def test_models_of_one_name_need_names_of_their_own(tmp_path):
    for seed in ("seed1", "seed2"):
        (tmp_path / seed / "checkpoint").mkdir(parents=True)
    one, two = (f"{tmp_path}/{seed}/checkpoint" for seed in ("seed1", "seed2"))
    assert len(registry.find_encoders([one, one])) == 1
    with pytest.raises(UsageError, match="two models are called 'dir:checkpoint'"):
        registry.find_encoders([one, two])
    assert [plugin.name for plugin in registry.find_encoders([one, f"mine={two}"])] == ["dir:checkpoint", "mine"]


FILE = """
import numpy as np
from harness import EncoderCard

class Mine:
    card = EncoderCard(name="mine", family="floor")
    def encode(self, texts):
        return np.ones((len(texts), 2), dtype=np.float32)
"""


@pytest.mark.parametrize("name", ["mine.py", os.fsdecode(b"m\xff.py")])
def test_an_encoder_in_a_file(tmp_path, name):
    path = tmp_path / name
    path.write_text(FILE)
    assert registry.find_encoder(f"{path}:Mine").name.encode(), "a record can hold it"
    encoder = registry.load_encoder(f"{path}:Mine")
    assert encoder.encode(["a"]).shape == (1, 2)
    with pytest.raises(UsageError, match="no 'Other'; encoders in it: Mine"):
        registry.load_encoder(f"{path}:Other")
    with pytest.raises(UsageError, match=r"needs the name of a class, .*; encoders in it: Mine"):
        registry.load_encoder(str(path))
    path.write_text("1 / 0")
    with pytest.raises(UsageError, match="ZeroDivisionError"):
        registry.load_encoder(f"{path}:Mine")


class TestTasks:
    def test_every_task_has_a_unique_id_and_belongs_to_a_known_suite(self):
        tasks = registry.tasks()
        assert set(tasks) >= {"polarity/mr/senteval-lr/1", "valence-arousal/emobank/official/1"}
        for task in tasks.values():
            assert set(task.suites) <= {*registry.SUITES, "sample"}
            assert task.metrics

    @pytest.mark.parametrize(
        ("suite", "patterns", "expected"),
        [
            ("paper", ["polarity/mr"], ["polarity/mr/senteval-lr/1", "polarity/mr/senteval-compat/1"]),
            (None, ["polarity/*/senteval-lr-512/1"], ["polarity/imdb/senteval-lr-512/1"]),
            ("sample", ["geometry"], ["geometry/sample/ekman6-single/1"]),
        ],
    )
    def test_patterns_narrow_a_suite(self, suite, patterns, expected):
        assert list(registry.select_tasks(suite, patterns)) == expected

    def test_another_distribution_cannot_take_the_id_of_a_task(self, monkeypatch):
        theirs = EntryPoint("irony", "harness.tasks.tweets:variants", registry.TASKS)
        points = {**registry._points(registry.TASKS), theirs.name: (theirs,)}
        monkeypatch.setattr(registry, "_points", lambda group: points)
        with pytest.raises(UsageError, match="declares the task"):
            registry.select_tasks(None, ["irony/tweeteval-irony/tweets-lr/1"])

    def test_unknown_names_suggest(self):
        with pytest.raises(UsageError, match="unknown suite 'papers'; did you mean paper"):
            registry.select_tasks("papers", [])
        with pytest.raises(UsageError, match="unknown task in suite paper 'polarty'"):
            registry.select_tasks("paper", ["polarty"])


def test_an_encoder_object_is_called_by_what_it_was_made_with_and_obeys_a_protocols_cut():
    made = [registry.load_encoder("minilm@mean"), registry.load_encoder("minilm", max_length=16)]
    assert [plugin.name for plugin in registry.find_encoders(made)] == ["minilm@mean", "minilm@cut-16"]
    by_name = registry.find_encoder("minilm@mean")
    assert registry.find_encoders(made)[0].card == by_name.card, "one row, however it was asked for"
    cut = registry.load_encoder("minilm@64d", max_length=16)
    assert registry.find_encoders([cut])[0].name == "minilm@64d@cut-16"
    for encoder in (registry.load_encoder("minilm"), registry.load_encoder("minilm@64d")):
        (plugin,) = registry.find_encoders([encoder])
        assert plugin.name == encoder.card.name
        assert plugin.accepts("max_length")
        assert plugin.make(max_length=8).max_length == 8
        assert encoder.max_length is None
        assert plugin.make() is encoder or plugin.make().encoder is encoder.encoder
