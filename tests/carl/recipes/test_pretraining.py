"""What is carried over from a teacher, and the run that makes `roberta-small`."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from transformers import AutoModel, AutoTokenizer

from carl.commands import pretrain
from carl.pretraining import SPECIAL, relative_distance, train_tokenizer, transferred, transferred_embeddings
from carl.provenance import read_record
from harness.errors import DataInvalid, UsageError

TEXTS = ["a warm kind train unkindly", "a warm kind train unkindly", "so kind 😀", "so kind 😀"]
TOKENIZER = train_tokenizer(TEXTS, 283)


def test_special_tokens_come_first_and_stand_around_a_text() -> None:
    assert TOKENIZER.convert_tokens_to_ids(list(SPECIAL)) == [0, 1, 2, 3, 4]
    ids = TOKENIZER("so <mask> it was")["input_ids"]
    assert (ids[0], ids[-1], ids.count(4)) == (0, 2, 1)
    with pytest.raises(DataInvalid):
        train_tokenizer(TEXTS, 5000)


def test_layers_positions_and_types(checkpoints: dict[str, Path]) -> None:
    bert, roberta = (AutoModel.from_pretrained(checkpoints[kind]) for kind in ("bert", "roberta"))
    theirs = AutoTokenizer.from_pretrained(checkpoints["bert"])
    old, new = bert.state_dict(), transferred(bert, theirs, TOKENIZER).state_dict()
    for name in new:
        if name.startswith("encoder.") or "LayerNorm" in name:
            assert torch.equal(new[name], old[name]), name
    assert torch.equal(new["embeddings.position_embeddings.weight"][2:], old["embeddings.position_embeddings.weight"])
    assert torch.equal(
        new["embeddings.token_type_embeddings.weight"], old["embeddings.token_type_embeddings.weight"][:1]
    )
    with pytest.raises(UsageError, match="not of BERT's shape"):
        transferred(roberta, theirs, TOKENIZER)


def test_embeddings_of_entries(checkpoints: dict[str, Path]) -> None:
    theirs = AutoTokenizer.from_pretrained(checkpoints["bert"])
    words = AutoModel.from_pretrained(checkpoints["bert"]).get_input_embeddings().weight.detach()
    ids = theirs.get_vocab()
    found = transferred_embeddings(words, theirs, TOKENIZER)

    def row(*names: str) -> torch.Tensor:
        return torch.stack([words[ids[name]] for name in names]).double().mean(0)

    expected = {
        **{token: row(other) for token, other in SPECIAL.items()},
        **{" warm": row("warm"), " kind": row("kind"), "!": row("!"), " ": words.double().mean(0)},
        **{"ly": (row("l", "##y") + row("##ly")) / 2, "kind": (row("kind") + row("##kind")) / 2},
        **{"z": (row("z") + row("##z")) / 2, "Z": (row("z") + row("##z")) / 2, "\ufffd": row("[UNK]")},
    }
    place = {TOKENIZER.convert_tokens_to_string([entry]): index for entry, index in TOKENIZER.get_vocab().items()}
    checked = expected.keys() & place.keys()
    assert len(checked) >= 12
    for entry in checked:
        np.testing.assert_allclose(found[place[entry]].numpy(), expected[entry].numpy(), atol=1e-6, err_msg=entry)


def test_relative_distance() -> None:
    teacher = torch.tensor([[3.0, 4.0], [1.0, 0.0], [9.0, 9.0]])
    student = torch.tensor([[3.0, 4.0], [0.0, 0.0], [0.0, 0.0]])
    assert float(relative_distance(student, teacher, torch.tensor([True, True, False]))) == 0.5


def test_one_command_makes_the_backbone(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    rows = [{"text": f"{text} {number}", "source": "webtext"} for number in range(30) for text in TEXTS]
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    line = ["--corpus-dir", tmp_path / "corpus", "--output", tmp_path / "run", "--teacher-dir", checkpoints["bert"]]
    done = CliRunner().invoke(pretrain, list(map(str, [*line, "--vocabulary", 283, "--steps", 4])))
    assert done.exit_code == 0, (done.output, done.exception)
    record = read_record(tmp_path / "run")
    assert (record.step, record.backbone, record.teacher is not None) == (4, None, True)
    model, tokenizer = (kind.from_pretrained(tmp_path / "run") for kind in (AutoModel, AutoTokenizer))
    assert model.config.model_type == "roberta"
    assert tokenizer("so kind")["input_ids"] == TOKENIZER("so kind")["input_ids"]
