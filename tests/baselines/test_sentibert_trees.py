import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines.sentibert_trees import WIDTH, read_tree, spans
from harness.errors import DataInvalid

WORD = st.text("abcde-'.,", min_size=1, max_size=4)
TREES = st.recursive(WORD.map(lambda w: f"(2 {w})"), lambda t: st.tuples(t, t).map(lambda p: f"(3 {p[0]} {p[1]})"))


def letters(tree) -> list[list[int]]:
    """One piece per letter."""
    return [[ord(letter) for letter in word] for word in tree.words]


def test_words_and_nodes_in_depth_first_order() -> None:
    tree = read_tree("(3 (4 (2 The) (2 movie)) (2 (3 was) (2 (0 great) (3 !))))")
    assert tree.text == "The movie was great !"
    assert [(node.start, node.end, node.children) for node in tree.nodes] == [
        (0, 5, (1, 2)),
        (0, 2, (None, None)),
        (2, 5, (None, 3)),
        (3, 5, (None, None)),
    ]


@pytest.mark.parametrize(
    "brackets",
    [
        "(ROOT (S (NP the) (VP rains)))",
        "( (S (NP the) (VP rains)))",
        "(TOP(S(NP the)(VP rains)))",
        "(ROOT|sentiment=2|prob=0.9 (NP the) (VP rains))",
        "  (3\n(2 the)\n\t(2 rains)\n)  ",
    ],
)
def test_the_brackets_of_parsers(brackets: str) -> None:
    tree = read_tree(brackets)
    assert tree.words == ("the", "rains")
    assert tree.binary
    assert len(tree.nodes) == 1


@pytest.mark.parametrize(
    ("brackets", "message"),
    [
        ("", "column 1: there is no word"),
        ("(3 (2 a) (2 b)", "column 15: 1 brackets are not closed"),
        ("(2 a))", "column 6: this bracket closes nothing"),
        ("(2 a) (2 b)", "column 7: a second tree begins here"),
        ("rain", "column 1: the word 'rain' is not alone"),
        ("(2 a b)", "column 6: the word 'b' is not alone"),
        ("(3 (2 a) b)", "column 10: the word 'b' is not alone"),
        ("(3 (2 ) (2 b))", "column 7: the brackets hold no word"),
        ("()", "column 2: the brackets hold no word"),
    ],
)
def test_broken_brackets_name_the_column(brackets: str, message: str) -> None:
    with pytest.raises(DataInvalid) as caught:
        read_tree(brackets, "tree 7")
    assert f"tree 7, {message}" in str(caught.value)


@given(TREES)
def test_any_binary_tree(brackets: str) -> None:
    tree = read_tree(brackets)
    assert tree.binary
    assert len(tree.nodes) == len(tree.words) - 1
    if tree.nodes:
        assert (tree.nodes[0].start, tree.nodes[0].end) == (0, len(tree.words))
    for node in tree.nodes:
        inner = [tree.nodes[child] for child in node.children if child is not None]
        assert all(node.start <= child.start < child.end <= node.end for child in inner)


@given(TREES)
def test_spans_of_any_binary_tree(brackets: str) -> None:
    tree = read_tree(brackets)
    pieces = letters(tree)
    found = spans(tree, pieces)
    sentence = [piece for word in pieces for piece in word]
    if found is None:
        assert not tree.nodes or len(sentence) > WIDTH - 2 or len(tree.words) > WIDTH - 2
        return
    for node, columns, context, numbers in zip(
        tree.nodes, found.pieces, found.context_pieces, found.context_nodes, strict=True
    ):
        own = [piece for word in pieces[node.start : node.end] for piece in word]
        assert [sentence[column - 1] for column in columns] == own
        before = [piece for word in pieces[: node.start] for piece in word]
        assert columns[0] - 1 <= len(before)  # the first place, never a later one than its own
        inner = [child for child in node.children if child is not None]
        assert list(numbers[1:]) == inner
        if not inner:
            assert context == columns
        elif len(inner) == 2:
            assert context == ()
        else:
            assert set(context) == set(columns) - set(found.pieces[inner[0]])
