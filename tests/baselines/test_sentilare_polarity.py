import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from baselines.sentilare_annotation import SentiWordNet
from harness.errors import DataInvalid

LINES = """\
# a header
# another
a\t00000001\t0.75\t0\tkind#1\tof a warm heart; "a kind host"
a\t00000002\t0\t0.5\tkind#2 soft#1\tof little strength; "soft light"; "kind rain"
n\t00000003\t0.125\t0.125\tkind#1\ta sort
v\t00000004\t0\t0.25\train#1\tto fall as drops
#\t
"""

#: A vector for each gloss and sentence of the tests.
VECTORS = {
    "of a warm heart": [1.0, 0.0],
    "of little strength": [0.0, 1.0],
    "warm": [2.0, 0.0],
    "weak": [0.0, 3.0],
}


class Recorder:
    """Sentence vectors that remember what they were asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return np.array([VECTORS[text] for text in texts], dtype=np.float32)


@pytest.fixture
def lexicon(tmp_path: Path) -> SentiWordNet:
    path = tmp_path / "SentiWordNet_3.0.0.txt"
    path.write_text(LINES, encoding="utf-8")
    return SentiWordNet(path, Recorder())


def test_the_weights_of_the_senses(lexicon: SentiWordNet) -> None:
    for sentence, near in (("warm", (1, 0)), ("weak", (0, 1))):
        weights = [math.exp((cosine + 1) / (2 * rank)) for rank, cosine in zip((1, 2), near, strict=True)]
        expected = (0.75 * weights[0] - 0.5 * weights[1]) / sum(weights)
        ((score,),) = lexicon.scores([sentence], [["kind"]], [["a"]])
        assert score == pytest.approx(expected, abs=1e-12)


def test_signs(lexicon: SentiWordNet) -> None:
    words, parts = ["kind", "rain", "kind", "tree", "kind"], ["a", "v", "n", "n", "u"]
    assert lexicon.polarities(["warm"], [words], [parts]) == [[1, 0, 2, 2, 2]]
    assert lexicon.polarities([], [], []) == []
    assert lexicon.polarities([""], [[]], [[]]) == [[]]


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("a\t1\t0.5\t0\tkind#1", "line 3"),
        ("a\t1\thalf\t0\tkind#1\tgloss", "line 3"),
        ("a\t1\t0.5\t0\tkind\tgloss", "line 3"),
        ("a 1 0.5 0 kind#1 gloss", "line 3"),
    ],
)
def test_a_line_of_another_form_is_named(tmp_path: Path, line: str, where: str) -> None:
    path = tmp_path / "lexicon.txt"
    path.write_text(f"# head\n\n{line}\n")
    with pytest.raises(DataInvalid, match=rf"lexicon\.txt, {where}: not a line of SentiWordNet"):
        SentiWordNet(path, Recorder())
