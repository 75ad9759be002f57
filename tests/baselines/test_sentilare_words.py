import importlib.util
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from baselines.sentilare_annotation import POS_IDS, neutral, part_of_speech

nltk_installed = pytest.mark.skipif(importlib.util.find_spec("nltk") is None, reason="NLTK is not installed")


def test_penn_tags() -> None:
    expected = {
        "v": "VB VBD VBG VBN VBP VBZ",
        "a": "JJ JJR JJS",
        "r": "RB RBR RBS",
        "n": "NN NNS NNP NNPS",
        "u": "DT IN PRP WRB MD . , UH CD",
    }
    for part, tags in expected.items():
        assert {part_of_speech(tag) for tag in tags.split()} == {part}
    assert POS_IDS == {"v": 0, "a": 1, "r": 2, "n": 3, "u": 4}


def test_neutral_words() -> None:
    text = neutral("it's SO fine!! :( 😀👍 café_1")
    assert text.words == ("it", "'", "s", "SO", "fine", "!!", ":(", "😀👍", "café_1")
    assert set(text.pos_ids) == {4}
    assert set(text.senti_ids) == {2}
    assert neutral(" \n ").words == ()


def write_nltk_data(root: Path) -> None:
    """A word splitter without abbreviations, a tagger that knows five words, a WordNet of four lemmas."""
    punkt = root / "tokenizers" / "punkt_tab" / "english"
    punkt.mkdir(parents=True)
    for name in ("collocations.tab", "sent_starters.txt", "abbrev_types.txt", "ortho_context.tab"):
        (punkt / name).touch()
    tagger = root / "taggers" / "averaged_perceptron_tagger_eng"
    tagger.mkdir(parents=True)
    tags = {"The": "DT", "rains": "NNS", "fell": "VBD", "hard": "RB", ".": "."}
    for name, content in (("weights", {}), ("tagdict", tags), ("classes", sorted({*tags.values(), "JJ"}))):
        (tagger / f"averaged_perceptron_tagger_eng.{name}.json").write_text(json.dumps(content))
    wordnet = root / "corpora" / "wordnet"
    wordnet.mkdir(parents=True)
    for part, letter, lemma in (
        ("noun", "n", "rain"),
        ("verb", "v", "fall"),
        ("adv", "r", "hard"),
        ("adj", "a", "fine"),
    ):
        (wordnet / f"index.{part}").write_text(f"{lemma} {letter} 1 0 1 0 00000001\n")
        (wordnet / f"data.{part}").write_text("  1 WordNet 3.0 Copyright 2006\n")
        (wordnet / f"{part}.exc").write_text("fell fall\n" if part == "verb" else "")
    (wordnet / "lexnames").write_text("00\tadj.all\t3\n")
    for name in ("cntlist.rev", "index.sense"):
        (wordnet / name).touch()


@pytest.mark.slow
@nltk_installed
def test_nltk_splits_tags_and_lemmatises(tmp_path: Path) -> None:
    # In a process of its own, since NLTK keeps what it has loaded.
    write_nltk_data(tmp_path)
    code = """
        import nltk
        nltk.data.path[:] = [PATH]
        from baselines.sentilare_annotation import NLTKTagger, part_of_speech
        tagger = NLTKTagger()
        words = [tagger.split(text) for text in ("  The rains fell hard.", "", "don't!")]
        tags = tagger.tag([words[0], words[1]])
        lemmas = [tagger.lemma(w.lower(), part_of_speech(t)) for w, t in zip(words[0][1:4], tags[0][1:4])]
        print(words, tags, lemmas, tagger.fingerprint, sep="|")
    """
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code).replace("PATH", repr(str(tmp_path)))],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert result.returncode == 0, result.stderr
    words, tags, lemmas, fingerprint = result.stdout.strip().split("|")
    assert words == "[['The', 'rains', 'fell', 'hard', '.'], [], ['do', \"n't\", '!']]"
    assert tags == "[['DT', 'NNS', 'VBD', 'RB', '.'], []]"
    assert lemmas == "['rain', 'fall', 'hard']"
    assert fingerprint.startswith("nltk-3.")
