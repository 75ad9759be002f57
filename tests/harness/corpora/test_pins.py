from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.corpora.base import Examples, Source
from harness.corpora.pins import BLOCK, Part, Pin, PinnedCard, check, pin_of, row_digests
from harness.corpora.reading import SourceFile
from harness.errors import DataInvalid

SOURCE = Source(path="toy.txt", sha256="0" * 64, size=10_000, url="https://toy.org/toy.txt")


def examples_of(texts: list[str], labels: list[int] | None = None, ids: list[str] | None = None) -> Examples:
    return Examples(
        texts=tuple(texts),
        ids=tuple(ids or map(str, range(len(texts)))),
        labels={"label": np.array(labels if labels is not None else [len(t) % 2 for t in texts], dtype=np.int64)},
    )


def card_of(pin: Pin, rows: int) -> PinnedCard:
    return PinnedCard(
        name="toy", title="Toy", rows={"all": rows}, labels="", licence="", citation="", pins={"all": pin}
    )


TEXTS = [f"sentence number {i} of the toy corpus" for i in range(3 * BLOCK + 40)]
TRUTH = examples_of(TEXTS)
CARD = card_of(pin_of(TRUTH, [len(TEXTS)]), len(TEXTS))


def verdict(examples: Examples, card: PinnedCard = CARD, path: str = "toy.txt") -> str:
    """What is said of examples; empty when they pass."""
    part = Part(SourceFile(card, SOURCE, Path(path)), range(1, len(examples) + 1))
    try:
        assert check(examples, "all", card, [part]) is examples
    except DataInvalid as error:
        return str(error)
    return ""


def test_the_published_rows_pass() -> None:
    assert verdict(TRUTH) == ""


def test_cut_rows_are_counted_and_placed(tmp_path: Path) -> None:
    (tmp_path / "toy.txt").write_text("short")
    said = verdict(examples_of(TEXTS[:-100]), path=str(tmp_path / "toy.txt"))
    assert "expected 1,540 rows of toy/all, found 1,440: 100 missing" in said
    assert "right up to line 1000 at least" in said
    assert "it has 5 bytes, the published one 10,000" in said
    assert "https://toy.org/toy.txt" in said


def test_a_row_lost_in_the_middle_is_placed() -> None:
    said = verdict(examples_of(TEXTS[:700] + TEXTS[701:]))
    assert "1 missing" in said
    assert "right up to line 500 at least" in said


def test_added_rows_are_counted() -> None:
    assert "2 too many, rows were added or files joined" in verdict(examples_of([*TEXTS, "one", "two"]))


@pytest.mark.parametrize("row", [0, BLOCK - 1, BLOCK, 3 * BLOCK + 39])
def test_an_edited_row_is_placed_within_its_block(row: int) -> None:
    texts = list(TEXTS)
    texts[row] = texts[row].title()
    said = verdict(examples_of(texts))
    first = row // BLOCK * BLOCK + 1
    assert f"between line {first} and line {min(first + BLOCK - 1, len(TEXTS))}" in said
    assert "edited" in said


def test_a_changed_label_is_an_edit() -> None:
    labels = [len(text) % 2 for text in TEXTS]
    labels[600] = 1 - labels[600]
    assert "between line 501 and line 1000" in verdict(examples_of(TEXTS, labels))


def test_edits_in_several_stretches_are_counted() -> None:
    texts = [text.upper() if i % BLOCK == 3 else text for i, text in enumerate(TEXTS)]
    assert "and in 3 other stretches of 500 rows" in verdict(examples_of(texts))


def test_only_wrong_ids_are_named_as_such() -> None:
    ids = [f"x{i}" for i in range(len(TEXTS))]
    assert "texts and labels of all are right, but the ids are not" in verdict(examples_of(TEXTS, ids=ids))


@settings(max_examples=25)
@given(st.integers(0, 2**32))
def test_every_other_order_is_called_an_order(seed: int) -> None:
    texts = list(TEXTS)
    random.Random(seed).shuffle(texts)
    said = verdict(examples_of(texts))
    assert "the right rows of all in another order" in said
    assert "line" in said


def test_swapping_two_neighbours_is_an_order_and_is_placed() -> None:
    texts = list(TEXTS)
    texts[1200], texts[1201] = texts[1201], texts[1200]
    assert "another order (first difference between line 1001 and line 1500)" in verdict(examples_of(texts))


def test_a_row_in_place_of_another_is_not_an_order() -> None:
    texts = list(TEXTS)
    texts[3] = texts[4]
    assert "another order" not in verdict(examples_of(texts))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("a caf\N{REPLACEMENT CHARACTER} in town", "U\\+FFFD"),
        ("a café in town".encode().decode("cp1252"), "UTF-8 was read as Windows-1252"),
        ("a\u0080 café in town".encode().decode("latin-1"), "UTF-8 was read as Windows-1252"),
    ],
)
def test_mis_encoded_rows_are_named(wrong: str, reason: str) -> None:
    truth = examples_of(["a café in town", *TEXTS])
    card = card_of(pin_of(truth, [len(truth)]), len(truth))
    with pytest.raises(AssertionError, match=f"line 1 is mis-encoded: .*{reason}"):
        assert not verdict(examples_of([wrong, *TEXTS], [0, *(len(t) % 2 for t in TEXTS)]), card)


def test_published_rows_that_look_mis_encoded_are_not_blamed() -> None:
    odd = "naïve".encode().decode("cp1252")
    truth = examples_of([odd, *TEXTS])
    assert pin_of(truth, [len(truth)]).odd == 1
    card = card_of(pin_of(truth, [len(truth)]), len(truth))
    said = verdict(examples_of([odd, TEXTS[0].upper(), *TEXTS[1:]]), card)
    assert "mis-encoded" not in said
    assert "edited" in said


def test_a_sign_outside_ascii_is_named_where_there_are_none() -> None:
    texts = list(TEXTS)
    texts[7] = "a café"
    assert "line 8 is mis-encoded: it holds 'é' (U+00E9), the published texts are pure ASCII" in verdict(
        examples_of(texts)
    )


def test_varying_rows_may_hold_anything_and_the_others_may_not() -> None:
    card = card_of(pin_of(TRUTH, [len(TEXTS)], varying=(2, 900)), len(TEXTS))
    texts = list(TEXTS)
    texts[2], texts[900] = "the authors' sentence", "another of theirs"
    assert verdict(examples_of(texts, TRUTH.labels["label"].tolist()), card) == ""
    texts[3] = "not allowed"
    assert "between line 1 and line 500" in verdict(examples_of(texts, TRUTH.labels["label"].tolist()), card)


def test_faults_name_the_file_that_has_them() -> None:
    card = card_of(pin_of(TRUTH, [600, 940]), len(TEXTS))

    def parts(first: int, second: int) -> list[Part]:
        return [
            Part(SourceFile(card, SOURCE, Path("a.pos")), range(1, first + 1)),
            Part(SourceFile(card, SOURCE, Path("b.neg")), range(1, second + 1)),
        ]

    with pytest.raises(DataInvalid, match=r"b\.neg: expected 940 rows of toy/all, found 939"):
        check(examples_of(TEXTS[:-1]), "all", card, parts(600, 939))
    texts = list(TEXTS)
    texts[1110] = "changed"
    with pytest.raises(DataInvalid, match=r"b\.neg: .*between line 501 and line 940"):
        check(examples_of(texts), "all", card, parts(600, 940))
    with pytest.raises(DataInvalid, match=r"a\.pos: expected 600 .*right up to line 500 at least"):
        check(examples_of(TEXTS[:599] + TEXTS[600:]), "all", card, parts(599, 940))
    with pytest.raises(DataInvalid, match=r"b\.neg: expected 940 .*right up to line 500 at least"):
        check(examples_of(TEXTS[:1200] + TEXTS[1201:]), "all", card, parts(600, 939))
    texts = [*TEXTS[:600], *reversed(TEXTS[600:])]
    with pytest.raises(DataInvalid, match=r"toy: b\.neg: the right rows of all in another order"):
        check(examples_of(texts), "all", card, parts(600, 940))


def test_a_card_without_pins_still_counts_rows() -> None:
    card = replace(CARD, pins={})
    assert verdict(TRUTH, card) == ""
    assert "expected 1,540 rows of toy/all, found 1,539" in verdict(examples_of(TEXTS[1:]), card)


def test_row_digests_tell_text_from_label_and_take_any_labels() -> None:
    mixed = Examples(
        texts=("a", "b"),
        ids=("0", "1"),
        labels={"valence": np.array([1.0, 2.0]), "emotions": np.array([[True, False], [False, True]])},
    )
    one, two = row_digests(mixed)
    assert one != two
    assert row_digests(replace(mixed, labels={}))[0] != one
    flipped = replace(mixed, labels={**mixed.labels, "emotions": np.array([[True, True], [False, True]])})
    assert row_digests(flipped)[0] != one
    assert row_digests(flipped)[1] == two
    assert row_digests(examples_of([])) == []
