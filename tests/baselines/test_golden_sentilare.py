import json

import numpy as np
import pytest

from baselines.sentilare import SentiLARE, SentiLARENeutral
from baselines.sentilare_annotation import POS_IDS, SentiWordNet, neutral, part_of_speech

TOLERANCE = 1e-5


def encoder(data, kind=SentiLARE, **options):
    return kind(
        weights_dir=data.directory / "checkpoint", max_length=data.inputs["max_length"], device="cpu", **options
    )


@pytest.mark.parametrize("kind", [SentiLARE, SentiLARENeutral])
@pytest.mark.parametrize(("form", "separators"), [("single_sep", 1), ("official", 2)])
def test_tagged_texts(golden, kind, form: str, separators: int) -> None:
    data = golden("sentilare")
    sentilare, items = encoder(data, kind), data.inputs["items"]
    inputs = sentilare.tagged_inputs(items, separators=separators)
    for channel, name in enumerate(("input_ids", "senti_ids", "pos_ids", "polarity_ids")):
        assert [row[channel].tolist() for row in inputs] == [row.tolist() for row in data.rows(f"{form}.{name}")]
    vectors = sentilare.encode_tagged(items, separators=separators)
    np.testing.assert_allclose(vectors, np.stack(data.rows(f"{form}.cls")), atol=TOLERANCE, rtol=0)
    states = sentilare.load().engine.states(inputs, 1024)
    for state, expected in zip(states, data.rows(f"{form}.hidden"), strict=True):
        np.testing.assert_allclose(state.numpy(), expected, atol=TOLERANCE, rtol=0)


def test_the_plain_call_takes_the_form_of_the_pre_training(golden) -> None:
    data = golden("sentilare")
    vectors = encoder(data).encode_tagged(data.inputs["items"])
    np.testing.assert_allclose(vectors, np.stack(data.rows("single_sep.cls")), atol=TOLERANCE, rtol=0)


def test_neutral(golden) -> None:
    data = golden("sentilare")
    texts = [item["text"] for item in data.inputs["items"]]
    assert [list(neutral(text).words) for text in texts] == [item["words"] for item in data.inputs["items"]]
    vectors = encoder(data, SentiLARENeutral).encode(texts)
    np.testing.assert_allclose(vectors, np.stack(data.rows("neutral.cls")), atol=TOLERANCE, rtol=0)


def test_review_ratings(golden) -> None:
    data = golden("sentilare")
    sentilare = encoder(data)
    for stars in range(6):
        inputs = sentilare.tagged_inputs(data.inputs["items"][:1], stars=stars)
        (states,) = sentilare.load().engine.states(inputs, 1024)
        expected = data.expected[f"early_fusion.{stars}.hidden.0"]
        np.testing.assert_allclose(states.numpy(), expected, atol=TOLERANCE, rtol=0)


def test_leaving_the_tables_out_is_another_vector(golden) -> None:
    data = golden("sentilare")
    wrong = data.expected["wrong.no_extra_embeddings.cls.0"]
    item = data.inputs["items"][0]
    assert np.abs(encoder(data).encode_tagged([item])[0] - wrong).max() > 1
    assert np.abs(encoder(data, SentiLARENeutral).encode([item["text"]])[0] - wrong).max() > 1


def test_polarities(golden) -> None:
    directory = golden("sentilare").directory / "polarity"
    items = json.loads((directory / "expected.json").read_text("utf-8"))["items"]
    sentences = {item["text"].strip(): item["sentence_embedding"] for item in items}
    lines = (directory / "sentiwordnet_tiny.txt").read_text("utf-8").splitlines()
    entries = [line.split("\t")[5] for line in lines if line.strip() and not line.startswith("#")]
    known = list(zip(entries, np.load(directory / "gloss_embedding.npy"), strict=True))

    def vector(text):
        return sentences[text] if text in sentences else next(v for gloss, v in known if gloss.startswith(text))

    def vectors(texts):
        return np.array([vector(text) for text in texts])

    rule = SentiWordNet(directory / "sentiwordnet_tiny.txt", vectors)
    parts = [[part_of_speech(tag) for tag in item["penn_tags"]] for item in items]
    assert [[POS_IDS[part] for part in row] for row in parts] == [item["pos_ids"] for item in items]
    arguments = [item["text"] for item in items], [item["lemmas"] for item in items], parts
    assert rule.polarities(*arguments) == [item["senti_ids"] for item in items]
    for item, scores in zip(items, rule.scores(*arguments), strict=True):
        # The file pairs the words of its last item with the sentence vector of the empty text that was dropped
        # before it, so that only the signs can be compared there.
        if item["text"]:
            np.testing.assert_allclose(scores, item["scores"], atol=1e-7, rtol=0)
