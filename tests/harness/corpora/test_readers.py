"""Every reader on a few made-up rows in the official layout, whole and damaged."""

import io
import json
import random
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.corpora import Examples
from harness.corpora.files import Files
from harness.corpora.ratings import _INNER
from harness.corpora.registry import builtin, read_checked
from harness.errors import BenchError, DataInvalid


@dataclass(frozen=True)
class Layout:
    """Files of one split, and what must be read from them."""

    files: Mapping[str, bytes]
    split: str
    texts: tuple[str, ...]
    labels: Mapping[str, Any]
    groups: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    raters: Mapping[str, Any] | None = None


NAN = float("nan")


def _parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"text": ["Dull.<br />", "I left…", "Lovely café."], "label": [0, 0, 1]}), buffer)
    return buffer.getvalue()


def _packed(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


_REVIEWS = {
    "aclImdb/train/neg/2_1.txt": "I left…".encode(),
    "aclImdb/train/neg/10_4.txt": "Café.".encode(),
    "aclImdb/train/neg/0_3.txt": b"Dull.",
    "aclImdb/train/pos/0_9.txt": b"Lovely.",
    "aclImdb/train/urls_neg.txt": b"no review",
}
_BY_NUMBER = Layout(_REVIEWS, "train", ("Dull.", "I left…", "Café.", "Lovely."), {"label": [0, 0, 0, 1]})

_HUTTO = {
    "tweets_GroundTruth.txt": "1\t1.5\tLow &amp; slow :)\r\n2\t-2\tugh\r\n3\t1\tLOW, slow…\r\n",
    "tweets_anonDataRatings.txt": "\ufeff1\t1.5\t0.5\t[1, 2]\r\n2\t-2\t1\t[-1, -2, -3]\r\n3\t1\t0\t[1, 1]\r\n",
    "nytEditorialSnippets_GroundTruth.txt": "1_1\t0\tOne.\n1_2\t0\tTwo.\n2_1\t0\tThree.\n",
    "nytEditorialSnippets_anonDataRatings.txt": "1_1\t0\t0\t[0]\n1_2\t0\t0\t[0]\n2_1\t0\t0\t[0]\n",
}
_RATINGS = {
    "ratings/vaderSentiment-3.3.2.tar.gz": _packed(
        {_INNER: _packed({f"hutto_ICWSM_2014/{name}": text.encode() for name, text in _HUTTO.items()})}
    )
}


def _emotales() -> bytes:
    ratings = {"0": [7, 8, 6], "1": [], "2": [1, 2, 2]}
    table: dict[str, Any] = {
        "SENTENCE": {"0": "Once a goose, fat and merry.", "1": "Nobody rated this.", "2": "Then the storm came."},
        "ID": {"0": "TheGoose", "1": "TheGoose", "2": "TheStorm"},
        "HUMAN": dict.fromkeys("012", 9.0),  # the published averages are wrong and must not be read
    }
    for rater in range(14):
        for suffix in ("", "_ACT", "_POW"):
            table[f"ANNOTATOR_{rater + 1}{suffix}"] = {
                row: float(own[rater]) if rater < len(own) else NAN for row, own in ratings.items()
            }
    return json.dumps(table).encode()


def _isear() -> bytes:
    def line(emotion: str, text: str) -> str:
        fields = ["1"] * 40
        fields[36] = emotion
        return "|".join([*fields, text, "1", ""])

    rows = [line("joy", "The  letter came and á we danced."), line("guilt", 'I said \\"no\\" and|left.')]
    return "\n".join(["head", *rows, ""]).encode()


_SENTEVAL = "senteval/downstream"
_TWO = {
    name: Layout(
        {
            f"{_SENTEVAL}/{first}": b"a warm , funny clichM-i . \n\nwe  laughed\r\n",
            f"{_SENTEVAL}/{second}": b"dull .\n",
        },
        "all",
        ("a warm , funny clichM-i .", "", "we laughed", "dull ."),
        {"label": [1, 1, 1, 0]},
        ids=("all-0", "all-1", "all-2", "all-3"),
    )
    for name, first, second in (
        ("mr", "MR/rt-polarity.pos", "MR/rt-polarity.neg"),
        ("cr", "CR/custrev.pos", "CR/custrev.neg"),
        ("mpqa", "MPQA/mpqa.pos", "MPQA/mpqa.neg"),
        ("subj", "SUBJ/subj.objective", "SUBJ/subj.subjective"),
    )
}
_YEARS = [source.path for source in builtin()["semeval2017-task4a"].card.sources]

#: `name` or `name:form` → layout.
LAYOUTS: Mapping[str, Layout] = {
    **_TWO,
    "emobank": Layout(
        {
            "emobank/emobank.csv": (
                'id,split,V,A,D,text\ndoc_a_0_10,train,3.0,2.5,3.2,"She said ""hello"" — twice."\n'
                "doc_a_11_20,test,1.2,4.4,4.2,x\ndoc_b_1_7,train,1.2,4.4,4.2,None\n"
                'doc_b_8_15,train,2.0,2.0,2.0,"first line\nsecond line"\n'
            ).encode(),
            "emobank/reader.csv": b"id,V,A,D,stdV,stdA,stdD,N\ndoc_a_0_10,3,2,3,0,0,0,5\n",
            "emobank/writer.csv": b"id,V,A,D,stdV,stdA,stdD,N\ndoc_a_0_10,2,3,4,0,0,0,4\ndoc_b_1_7,1,4,4,0,0,0,5\n",
        },
        "train",
        ('She said "hello" — twice.', "None", "first line\nsecond line"),
        {"valence": [3.0, 1.2, 2.0], "arousal": [2.5, 4.4, 2.0], "dominance": [3.2, 4.2, 2.0]},
        groups=("doc_a", "doc_b", "doc_b"),
        ids=("doc_a_0_10", "doc_b_1_7", "doc_b_8_15"),
        raters={"valence": [[3, 2], [NAN, 1], [NAN, NAN]]},
    ),
    "emotales": Layout(
        {"emotales/emotales_data.json": _emotales()},
        "all",
        ("Once a goose, fat and merry.", "Then the storm came."),
        {name: [7.0, 5 / 3] for name in ("valence", "arousal", "dominance")},
        groups=("TheGoose", "TheStorm"),
        ids=("TheGoose-0", "TheStorm-2"),
        raters={"arousal": [[7, 8, 6, *[NAN] * 11], [1, 2, 2, *[NAN] * 11]]},
    ),
    "facebook": Layout(
        {
            "facebook-va/dataset-fb-valence-arousal-anon.csv": (
                "Anonymized Message,Valence1,Valence2,Arousal1,Arousal2\r\n"
                'off to the <LOCATION> :),9,8,7,8\r\n,6,6,3,1\r\n"well… ""hm""",4,5,1,2\r\n'
            ).encode()
        },
        "all",
        ("off to the <LOCATION> :)", "", 'well… "hm"'),
        {"valence": [8.5, 6.0, 4.5], "arousal": [7.5, 2.0, 1.5]},
        raters={"valence": [[9, 8], [6, 6], [4, 5]], "arousal": [[7, 8], [3, 1], [1, 2]]},
    ),
    "goemotions": Layout(
        {
            "goemotions/dev.tsv": (
                b'Is it *really* you, [NAME]??\t27\ta1\n"He said ""no"", again"\t4,27\ta3\n a "quote" stays\t0\ta4\n'
            )
        },
        "dev",
        ("Is it *really* you, [NAME]??", 'He said "no", again', ' a "quote" stays'),
        {"emotions": [[i in row for i in range(28)] for row in ({27}, {4, 27}, {0})]},
        ids=("a1", "a3", "a4"),
    ),
    "imdb": Layout(
        {"imdb/train.parquet": _parquet()},
        "train",
        ("Dull.<br />", "I left…", "Lovely café."),
        {"label": [0, 0, 1]},
    ),
    "imdb:tree": _BY_NUMBER,
    "imdb:archive": replace(_BY_NUMBER, files={"aclImdb_v1.tar.gz": _packed(_REVIEWS)}),
    "isear": Layout(
        {"isear/isear.csv": _isear()},
        "all",
        ("The letter came and we danced.", 'I said "no" and left.'),
        {"label": [0, 6]},
    ),
    "ratings-tweets": Layout(
        _RATINGS,
        "all",
        ("Low & slow :)", "ugh", "LOW, slow…"),
        {"valence": [1.5, -2.0, 1.0]},
        groups=("1", "2", "1"),
        ids=("1", "2", "3"),
        raters={"valence": [[1, 2, NAN], [-1, -2, -3], [1, 1, NAN]]},
    ),
    "ratings-editorials": Layout(
        _RATINGS, "all", ("One.", "Two.", "Three."), {"valence": [0.0, 0.0, 0.0]}, groups=("1", "1", "2")
    ),
    "sst5": Layout(
        {f"{_SENTEVAL}/SST/fine/sentiment-dev": "4 a moving film .\n0 2\xa01\\/2 hours of  crème .\n".encode()},
        "dev",
        ("a moving film .", "2 1\\/2 hours of crème ."),
        {"label": [4, 0]},
    ),
    "sst2": Layout(
        {f"{_SENTEVAL}/SST/binary/sentiment-train": "a lovely façade \t1\nflat \t0\n".encode()},
        "train",
        ("a lovely façade", "flat"),
        {"label": [1, 0]},
    ),
    "trec": Layout(
        {f"{_SENTEVAL}/TREC/TREC_10.label": b"NUM:dist How far is the caf\xe9 ?\nLOC:city  Which city is it ?\n"},
        "test",
        ("How far is the café ?", "Which city is it ?"),
        {"label": [5, 4]},
    ),
    "semeval2017-task4a": Layout(
        {
            _YEARS[9]: b"3\tnegative\tIt\\u2019s late\\u002c again\t\n",
            _YEARS[10]: b"4\tpositive\tsee you soon",
        },
        "dev",
        ("It’s late, again", "see you soon"),
        {"label": [0, 2]},
        ids=("dev-0", "dev-1"),
    ),
    "tweeteval-irony": Layout(
        {
            "tweeteval/datasets/irony/val_text.txt": "@user so glad 😊\nmonday \n".encode(),
            "tweeteval/datasets/irony/val_labels.txt": b"1\n0\n",
        },
        "dev",
        ("@user so glad 😊", "monday"),
        {"label": [1, 0]},
    ),
    "isarcasmeval": Layout(
        {"isarcasmeval/test/task_A_En_test.csv": b'text,sarcastic\n"two\n\nlines",0\nsuch fun,1\n'},
        "test",
        ("two\n\nlines", "such fun"),
        {"label": [0, 1]},
    ),
    "isarcasmeval:train": Layout(
        {
            "isarcasmeval/train/train.En.csv": (
                b",tweet,sarcastic,rephrase,sarcasm,irony,satire,understatement,overstatement,rhetorical_question\n"
                b'0,"oh, great",1,bad,1.0,0.0,0.0,0.0,0.0,0.0\n1,,0,,,,,,,\n'
            )
        },
        "train",
        ("oh, great", ""),
        {"label": [1, 0]},
    ),
}


def _read(name: str, root: Path, **facts: Any) -> Examples:
    """Read a layout, held to as many rows as it has."""
    layout = LAYOUTS[name]
    real = builtin()[name.partition(":")[0]]
    known = {"rows": {layout.split: len(layout.texts)}, "checksums": {}, **facts}
    card = replace(real.card, **known)

    class Own:
        read = staticmethod(real.read)

        def __init__(self) -> None:
            self.card = card

    files = Files(card=card, data_dir=root, cache_dir=root / "none", offline=True)
    return read_checked(Own(), layout.split, files)


def _write(name: str, root: Path) -> None:
    for path, content in LAYOUTS[name].files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


@pytest.mark.parametrize("name", LAYOUTS)
def test_rows_are_read(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    _write(name, tmp_path)
    examples = _read(name, tmp_path)
    assert examples.texts == layout.texts
    assert set(examples.labels) == set(layout.labels)
    for label, expected in layout.labels.items():
        assert examples.labels[label].tolist() == expected
        assert examples.labels[label].dtype in (np.int64, np.float64, np.bool_)
    if layout.groups is not None:
        assert examples.groups == layout.groups
    if layout.ids is not None:
        assert examples.ids == layout.ids
    for label, marks in (layout.raters or {}).items():
        assert examples.raters is not None
        np.testing.assert_array_equal(examples.raters[label], marks)


def test_every_corpus_has_a_layout() -> None:
    covered = {name.partition(":")[0] for name in LAYOUTS}
    alike = {"tweeteval-sentiment", "ratings-products", "ratings-films"}
    assert set(builtin()) - covered == alike


@pytest.mark.parametrize("prefix", ["", "data/"])
def test_sentevals_own_folder_is_a_data_directory(prefix: str, tmp_path: Path) -> None:
    for name, content in LAYOUTS["mr"].files.items():
        path = tmp_path / (prefix + name.removeprefix("senteval/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert len(_read("mr", tmp_path)) == 4


def test_crlf_and_a_byte_order_mark_are_the_same_data(tmp_path: Path) -> None:
    _write("emobank", tmp_path)
    truth = _read("emobank", tmp_path)
    path = tmp_path / "emobank/emobank.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert _read("emobank", tmp_path, checksums={"train": truth.fingerprint}).texts == truth.texts


@pytest.mark.parametrize(
    ("name", "facts", "message"),
    [
        ("sst2", {"rows": {"train": 3}}, "expected 3 rows, found 2"),
        ("mr", {"checksums": {"all": "0"}}, "edited, reordered or re-encoded"),
    ],
)
def test_what_is_not_as_published_is_refused(name: str, facts: Any, message: str, tmp_path: Path) -> None:
    _write(name, tmp_path)
    with pytest.raises(DataInvalid, match=f"^{name}: .*{message}.*{tmp_path}.*bench data --fetch {name}"):
        _read(name, tmp_path, **facts)


def test_the_authors_reviews_are_accepted_where_a_copy_has_others() -> None:
    from harness.corpora.imdb import _VARYING, _digest_of_others

    texts = tuple(map(str, range(25_000)))
    examples = Examples(texts=texts, ids=texts, labels={})
    varied, edited = list(texts), list(texts)
    varied[_VARYING["train"][1]] = edited[0] = "another review"
    digest = _digest_of_others(examples, "train")
    assert _digest_of_others(replace(examples, texts=tuple(varied)), "train") == digest
    assert _digest_of_others(replace(examples, texts=tuple(edited)), "train") != digest


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_damaged_file_is_rows_or_an_error_of_our_own(name: str, tmp_path: Path) -> None:
    """Whatever bytes are cut, changed or added: no other exception reaches the user."""
    _write(name, tmp_path)
    files = list(LAYOUTS[name].files.items())
    for seed in range(40):
        draw = random.Random(seed)
        path, content = files[seed % len(files)]
        start = draw.randrange(len(content))
        junk = draw.choice([b"", b"\0", b"\xff", b'"', b"\t", b",", b"|", b"NaN", b"1" * 5000, b"[" * 2000, b"{}"])
        (tmp_path / path).write_bytes(content[:start] + junk + content[start + draw.choice([0, 1, 20]) :])
        try:
            _read(name, tmp_path).fingerprint  # noqa: B018 (a digest of every text and label)
        except BenchError as error:
            assert str(error).startswith(f"{name.partition(':')[0]}: ")
        (tmp_path / path).write_bytes(content)
