"""SQuAD's questions: the file, the pairs of sentences, and the span loss on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from carl.backbone import Start
from carl.recipes.objectives.base import Setup, Shown
from carl.recipes.objectives.bert_pt import BertPTSquad
from carl.recipes.questions import Question, question_items, read_questions
from harness.errors import DataInvalid, DataMissing

from .conftest import made_paragraph


def _written(folder: Path, data: object) -> Path:
    path = folder / "train-v1.1.json"
    path.write_text(json.dumps(data), "utf-8")
    return path


def test_questions_of_the_official_layout(tmp_path: Path) -> None:
    path = _written(tmp_path, {"version": "1.1", "data": [{"title": "", "paragraphs": [made_paragraph(1)]}]})
    (found,) = read_questions(path)
    assert found.context[found.start : found.end] == "glad and kind"
    assert found.text.startswith("was the train 1 late it was")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "no list `data`"),
        ({"data": [{"paragraphs": [{"qas": []}]}]}, r"data\[0\] is not as published \(KeyError"),
        ({"data": [{"paragraphs": [{**made_paragraph(0), "context": "so"}]}]}, "does not stand at character"),
        ({"data": [3]}, r"data\[0\]"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, data: object, message: str) -> None:
    with pytest.raises(DataInvalid, match=message):
        read_questions(_written(tmp_path, data))


def test_a_missing_or_damaged_file(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="leave this recipe out"):
        read_questions(tmp_path / "train-v1.1.json")
    (tmp_path / "train-v1.1.json").write_text("{")
    with pytest.raises(DataInvalid, match="is no JSON"):
        read_questions(tmp_path / "train-v1.1.json")


WORDS = ("glad", "cold", "late", "rain", "we", "are")


@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=20),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=40),
    st.data(),
    st.integers(8, 40),
)
def test_the_answer_stands_in_the_text(
    bert: Start, question: list[str], context: list[str], data: st.DataObject, most: int
) -> None:
    first = data.draw(st.integers(0, len(context) - 1))
    last = data.draw(st.integers(first, len(context) - 1))
    before, answer = " ".join(context[:first]), " ".join(context[first : last + 1])
    start = len(before) + bool(before)
    asked = Question(" ".join(question), " ".join(context), start, start + len(answer))
    (item,), ((begin, end, paragraph),) = question_items([asked], bert.tokenizer, most)
    assert len(item) <= most
    assert paragraph <= begin <= end < len(item) - 1
    whole = bert.tokenizer.encode(answer, add_special_tokens=False).ids
    assert item[begin : end + 1].tolist() == whole[: end - begin + 1]
    assert end - begin + 1 == min(len(whole), most - paragraph - 1)


def test_the_loss_is_that_of_both_ends(setup: Callable[..., Setup], shown: Callable[..., Shown]) -> None:
    made = setup()
    objective = BertPTSquad(made).double()
    answers = torch.tensor([[-1, -1, -1], [2, 3, 1], [-1, -1, -1], [4, 4, 2]])
    batch = shown((5, 3, 7, 4), answers=answers)
    losses = objective.losses(made.backbone, batch, torch.Generator().manual_seed(0))
    assert set(losses) == {"mlm", "nsp", "span"}
    total = torch.zeros((), dtype=torch.float64)
    table = made.backbone.embeddings.token_type_embeddings.weight
    for row in (1, 3):
        one = batch.batch.rows(torch.tensor([row]))
        kind = torch.zeros(one.ids.shape, dtype=torch.int64)
        kind[0, int(answers[row, 2]) :] = 1
        kind *= one.real
        states = made.backbone(one, made.backbone.words(one.ids) + table[kind] - table[0])
        logits = objective.spans(states[0, : int(one.real.sum())])
        for column in (0, 1):
            total = total - logits[:, column].log_softmax(0)[int(answers[row, column])] / 4
    torch.testing.assert_close(losses["span"], total)


def test_batches_without_questions_or_without_reviews(setup: Callable[..., Setup], shown: Callable[..., Shown]) -> None:
    made = setup()
    objective = BertPTSquad(made).double()
    generator = torch.Generator().manual_seed(0)
    assert set(objective.losses(made.backbone, shown(), generator)) == {"mlm", "nsp"}
    answers = torch.tensor([[2, 2, 1]] * 4)
    assert set(objective.losses(made.backbone, shown(answers=answers), generator)) == {"span"}
