"""The corpora of dialogues: MELD's, EmoryNLP's and IEMOCAP's layouts, with made-up utterances."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.corpora import emorynlp, iemocap_dialogues, meld
from harness.corpora.base import Examples
from harness.corpora.shelves import Library
from harness.corpora.sources import CorpusFiles
from harness.errors import DataInvalid, DataMissing

CARDS = (meld.CARD, emorynlp.CARD, iemocap_dialogues.CARD)


def read(kind: Any, root: Path, split: str, rows: int, classes: dict[str, int] | None = None) -> Examples:
    """Read a split of files below a folder, held to as many rows as the test made."""
    card = replace(kind().card, rows={split: rows}, classes={split: classes or {}})
    files = CorpusFiles(card=card, data_dir=root, cache_dir=root / "none", offline=True)
    examples: Examples = kind(card).read(split, files)
    return examples


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode())


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_published_classes_add_up_to_the_published_rows(card: Any) -> None:
    assert {split: sum(counts.values()) for split, counts in card.classes.items()} == dict(card.rows)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_what_is_missing_names_its_page_and_both_folders(card: Any, tmp_path: Path) -> None:
    library = Library(tmp_path, tmp_path / "cache", offline=True)
    with pytest.raises(DataMissing) as raised:
        library.load(card.name, "test")
    assert card.homepage in str(raised.value)
    assert all(form[0].path.rpartition("/")[0] in str(raised.value) for form in card.forms)
    assert library.status(card.name).place == "nowhere"


MELD_HEADER = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime"


def meld_lines(*rows: tuple[str, str, int, int]) -> str:
    lines = [
        f'{i},"{text}",Ann,{emotion},neutral,{dialogue},{utterance},1,2,"00:00:01,100","00:00:02,200"'
        for i, (text, emotion, dialogue, utterance) in enumerate(rows, start=1)
    ]
    return "\n".join([MELD_HEADER, *lines]) + "\n"


MELD = meld_lines(
    ("Where\u0092s the boat?", "surprise", 1, 0),
    ('It ""sank"", I fear\u0085', "fear", 0, 1),
    ("Good morning, all.", "joy", 0, 0),
)


@pytest.mark.parametrize("folder", ["meld", "MELD.Raw"])
def test_meld_is_read_by_dialogue_and_utterance_and_mended(folder: str, tmp_path: Path) -> None:
    write(tmp_path / folder / "dev_sent_emo.csv", MELD)
    examples = read(meld.Meld, tmp_path, "dev", 3, {"joy": 1, "anger": 0})
    assert examples.texts == ("Good morning, all.", 'It "sank", I fear…', "Where’s the boat?")
    assert examples.ids == ("dia0_utt0", "dia0_utt1", "dia1_utt0")
    assert examples.groups == ("dia0", "dia0", "dia1")
    assert [meld.CLASSES[i] for i in examples.labels["label"]] == ["joy", "fear", "surprise"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",fear,", ",dread,", r"dev_sent_emo.csv, line 3, column Emotion: expected one of anger.*found 'dread'"),
        ("neutral,1,0,", "neutral,one,0,", r"line 2, column Dialogue_ID: expected a number from 0, found 'one'"),
        ("neutral,0,1,", "neutral,0,-1,", r"line 3, column Utterance_ID: expected a number from 0, found '-1'"),
        ("neutral,0,1,", "neutral,0,0,", r"dia0_utt0 stands there twice, at 3 and at 4"),
        ("Utterance,Speaker", "Speaker,Utterance", r"line 1: expected the header 'Sr No.,Utterance"),
        (",1,2,", ",", r"line 2: expected 11 fields, found 9"),
    ],
)
def test_meld_faults_are_named(old: str, new: str, message: str, tmp_path: Path) -> None:
    write(tmp_path / "meld/dev_sent_emo.csv", MELD.replace(old, new, 1))
    with pytest.raises(DataInvalid, match=message):
        read(meld.Meld, tmp_path, "dev", 3)


def test_meld_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "meld/dev_sent_emo.csv"
    write(path, MELD)
    path.write_bytes(MELD.encode("latin-1"))
    with pytest.raises(DataInvalid, match=r"line 2, column 9: byte 0x92 is not UTF-8"):
        read(meld.Meld, tmp_path, "dev", 3)


def test_rows_and_classes_are_held_to_the_published_numbers(tmp_path: Path) -> None:
    write(tmp_path / "meld/dev_sent_emo.csv", MELD)
    with pytest.raises(DataInvalid, match=r"expected 1,109 rows of meld/dev, found 3"):
        Library(tmp_path, tmp_path / "cache", offline=True).load("meld", "dev")
    with pytest.raises(DataInvalid, match=r"expected 2 utterances with joy in meld/dev, found 1: labels were edited"):
        read(meld.Meld, tmp_path, "dev", 3, {"joy": 2, "fear": 1})


def emory(*scenes: Sequence[tuple[str, str]]) -> str:
    made = [
        {
            "scene_id": f"s01_e15_c{c:02d}",
            "utterances": [
                {
                    "utterance_id": f"s01_e15_c{c:02d}_u{u:03d}",
                    "speakers": ["Ann"],
                    "transcript": text,
                    "tokens": [text.split()],
                    "emotion": emotion,
                }
                for u, (text, emotion) in enumerate(scene, start=1)
            ],
        }
        for c, scene in enumerate(scenes, start=1)
    ]
    return json.dumps({"episodes": [{"episode_id": "s01_e15", "scenes": made}]}, indent=2)


EMORY = emory([("Is it warm?", "Neutral"), ("It burns!", "Mad")], [("We won.", "Joyful")])


@pytest.mark.parametrize("folder", ["emorynlp", "emotion-detection/json"])
def test_emorynlp_is_read_by_scene(folder: str, tmp_path: Path) -> None:
    write(tmp_path / folder / "emotion-detection-tst.json", EMORY)
    examples = read(emorynlp.EmoryNlp, tmp_path, "test", 3, {"mad": 1})
    assert examples.texts == ("Is it warm?", "It burns!", "We won.")
    assert examples.groups == ("s01_e15_c01", "s01_e15_c01", "s01_e15_c02")
    assert examples.ids[1] == "s01_e15_c01_u002"
    assert [emorynlp.CLASSES[i] for i in examples.labels["label"]] == ["neutral", "mad", "joyful"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"emotion": "Mad"', '"emotion": "Cross"', r"line {}, column emotion: expected one of .*found 'cross'"),
        ('"transcript": "It', '"said": "It', r"line {}, column transcript: expected a string"),
        ('"scene_id": "s01_e15_c02"', '"id": 2', r"line {}, column scene_id: expected a string .*found 'None'"),
        ('"utterances": [', '"lines": [', r"line 1, column utterances: expected a list of utterances"),
    ],
)
def test_emorynlp_faults_are_named(old: str, new: str, message: str, tmp_path: Path) -> None:
    line = next(i for i, text in enumerate(EMORY.splitlines(), start=1) if "c01_u002" in text)
    write(tmp_path / "emorynlp/emotion-detection-tst.json", EMORY.replace(old, new))
    with pytest.raises(DataInvalid, match=message.format(line)):
        read(emorynlp.EmoryNlp, tmp_path, "test", 3)


def test_emorynlp_that_is_cut_off_is_named(tmp_path: Path) -> None:
    write(tmp_path / "emorynlp/emotion-detection-tst.json", EMORY.rpartition("}")[0].rstrip())
    with pytest.raises(DataInvalid, match=rf"line {EMORY.count(chr(10))}, column \d+: no JSON here"):
        read(emorynlp.EmoryNlp, tmp_path, "test", 3)


#: Turn, seconds, emotion and text, as the release orders them: by speaker.
TURNS = (
    ("F000", "1.0000", "2.0000", "neu", "Did you knock?"),
    ("F001", "5.5000", "6.0000", "xxx", "[LAUGHTER]"),
    ("M000", "3.2500", "4.0000", "exc", "I did!"),
)


def session(root: Path, number: int, turns: Sequence[tuple[str, str, str, str, str]] = TURNS) -> Path:
    """Write one dialogue of a session; the folder of its two files."""
    name = f"Ses0{number}F_impro01"
    folder = root / f"Session{number}" / "dialog"
    spoken = "".join(f"{name}_{turn} [{start}-{end}]: {text}\nF: hm\n" for turn, start, end, _, text in turns)
    rated = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n" + "".join(
        f"[{start} - {end}]\t{name}_{turn}\t{emotion}\t[2.5000, 3.5000, 2.0000]\nC-E2:\tNeutral;\t()\n\n"
        for turn, start, end, emotion, _ in turns
    )
    write(folder / "transcriptions" / f"{name}.txt", spoken)
    write(folder / "EmoEvaluation" / f"{name}.txt", rated)
    write(folder / "EmoEvaluation" / f"._{name}.txt", "\0\5")
    return folder


@pytest.mark.parametrize("folder", ["iemocap", "IEMOCAP_full_release"])
def test_iemocap_is_read_by_dialogue_and_time(folder: str, tmp_path: Path) -> None:
    for number in range(1, 6):
        session(tmp_path / folder, number)
    test = read(iemocap_dialogues.IemocapDialogues, tmp_path, "test", 3, {"excited": 1, "no agreement": 1})
    assert test.texts == ("Did you knock?", "I did!", "[LAUGHTER]")
    assert test.ids == ("Ses05F_impro01_F000", "Ses05F_impro01_M000", "Ses05F_impro01_F001")
    assert [test.classes[i] for i in test.labels["label"]] == ["neutral", "excited", "no agreement"]
    train = read(iemocap_dialogues.IemocapDialogues, tmp_path, "train", 12)
    assert train.groups is not None
    assert list(dict.fromkeys(train.groups)) == [f"Session{n}/Ses0{n}F_impro01" for n in range(1, 5)]


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("EmoEvaluation", "\texc\t", "\tjoy\t", r"line 9, column EMOTION: expected one of fru.*found 'joy'"),
        ("EmoEvaluation", "[3.2500 - 4", "[3.2500 to 4", r"line 9, column 1: expected \[START - END\]"),
        (
            "transcriptions",
            "Ses05F_impro01_M000",
            "M",
            r"line 9: the turn Ses05F_impro01_M000 has no",
        ),
        ("EmoEvaluation", "[3.2500 - 4", "(3.2500 - 4", r"expected 3 rows of iemocap/test, found 2"),
    ],
)
def test_iemocap_faults_are_named(file: str, old: str, new: str, message: str, tmp_path: Path) -> None:
    path = session(tmp_path / "iemocap", 5) / file / "Ses05F_impro01.txt"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DataInvalid, match=message):
        read(iemocap_dialogues.IemocapDialogues, tmp_path, "test", 3)
