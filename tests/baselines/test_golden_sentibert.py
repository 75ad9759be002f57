import numpy as np
import pytest

from baselines.sentibert import SentiBERT, SentiBERTTree
from baselines.sentibert_trees import WIDTH, read_tree

TOLERANCE = 1e-5


def encoder(data, kind):
    return kind(weights_dir=data.directory / "checkpoint", max_length=data.inputs["max_length"], device="cpu")


@pytest.mark.parametrize("name", ["sstphrase.safetensors", "sstphrase.bin"])
def test_the_encoder_alone(golden, tmp_path, name: str) -> None:
    data = golden("sentibert")
    for path in (data.directory / "checkpoint").iterdir():
        if path.suffix not in (".safetensors", ".bin") or path.name == name:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    texts = [item["text"] for item in data.inputs["items"]]
    sentibert = SentiBERT(weights_dir=tmp_path, max_length=data.inputs["max_length"], device="cpu")
    assert sentibert.files().weights.name == name
    assert [ids.tolist() for ids in sentibert.inputs(texts)] == [ids.tolist() for ids in data.rows("input_ids")]
    np.testing.assert_allclose(sentibert.encode(texts), np.stack(data.rows("cls")), atol=TOLERANCE, rtol=0)


def test_roots_and_nodes(golden) -> None:
    data = golden("sentibert")
    tree = encoder(data, SentiBERTTree)
    trees = [item["tree"] for item in data.inputs["items"]]
    np.testing.assert_allclose(tree.encode_trees(trees), np.stack(data.rows("root")), atol=TOLERANCE, rtol=0)
    for nodes, expected in zip(tree.tree_nodes(trees), data.rows("nodes"), strict=True):
        np.testing.assert_allclose(nodes, expected, atol=2 * TOLERANCE, rtol=0)
    assert tree.fallbacks == 0


def test_spans(golden) -> None:
    data = golden("sentibert")
    trees = [read_tree(item["tree"]) for item in data.inputs["items"]]
    ids, found = encoder(data, SentiBERTTree).prepared([(tree.text, tree) for tree in trees])
    assert [row.tolist() for row in ids] == [row.tolist() for row in data.rows("input_ids")]
    for i, part in enumerate(found):
        first = sorted((node, column) for node, columns in enumerate(part.pieces) for column in columns)
        assert first == sorted(map(tuple, data.expected[f"span.{i}"].tolist()))
        second = [(node, column) for node, columns in enumerate(part.context_pieces) for column in columns]
        second += [(node, WIDTH + other) for node, others in enumerate(part.context_nodes) for other in others]
        assert sorted(second) == sorted(map(tuple, data.expected[f"span_3.{i}"].tolist()))
        assert len(part.pieces) == data.inputs["items"][i]["n_nodes"]
