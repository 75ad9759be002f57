"""The list of training texts beside a checkpoint's weights."""

import pytest

from harness.errors import WeightsInvalid
from harness.transformer.training_texts import TRAINING_TEXTS, read_training_texts


def test_no_list_says_nothing_and_an_empty_one_says_none(tmp_path):
    assert read_training_texts(tmp_path) is None
    (tmp_path / TRAINING_TEXTS).write_text("")
    assert read_training_texts(tmp_path) == frozenset()


@pytest.mark.parametrize("end", ["", "\n"])
def test_one_hash_a_line(tmp_path, end):
    (tmp_path / TRAINING_TEXTS).write_text(f"{'0' * 16}\n{'9f' * 8}{end}")
    assert read_training_texts(tmp_path) == {"0" * 16, "9f" * 8}


@pytest.mark.parametrize("line", ["", "0" * 15, "0" * 17, "G" * 16, "A" * 16, "a sentence in plain words", "é" * 16])
def test_damaged_lines_are_named(tmp_path, line):
    (tmp_path / TRAINING_TEXTS).write_text(f"{'0' * 16}\n{line}\n{'1' * 16}\n")
    with pytest.raises(WeightsInvalid, match=r"training_texts\.txt, line 2: expected 16 hexadecimal digits"):
        read_training_texts(tmp_path)
