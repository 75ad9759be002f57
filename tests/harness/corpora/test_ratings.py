import io
import tarfile
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest

from harness.corpora import ratings
from harness.corpora.shelves import Library
from harness.errors import DataInvalid, DataMissing

MEMBERS = {
    "tweets_GroundTruth.txt": "1\t1.5\tLow &amp; slow :)\r\n2\t-2\tugh\r\n3\t1\tLOW, slow…\r\n",
    "tweets_anonDataRatings.txt": "\ufeff1\t1.5\t0.5\t[1, 2]\r\n2\t-2\t1\t[-1, -2, -3]\r\n3\t1\t0\t[1, 1]\r\n",
    "nytEditorialSnippets_GroundTruth.txt": "1_1\t0\tOne.\n1_2\t0\tTwo.\n2_1\t0\tThree.\n",
    "nytEditorialSnippets_anonDataRatings.txt": "1_1\t0\t0\t[0]\n1_2\t0\t0\t[0]\n2_1\t0\t0\t[0]\n",
}


def packed(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def library(tmp_path, monkeypatch):
    inner = packed({f"hutto_ICWSM_2014/{name}": text.encode() for name, text in MEMBERS.items()})
    raw = packed({ratings._INNER: inner})
    monkeypatch.setattr(ratings, "_ARCHIVE", replace(ratings._ARCHIVE, sha256=sha256(raw).hexdigest()))
    path = tmp_path / ratings._ARCHIVE.path
    path.parent.mkdir()
    path.write_bytes(raw)
    return Library(tmp_path, tmp_path / "cache", offline=True)


def test_tweets_with_marks_and_repeats_in_one_group(library):
    examples = library.load("ratings-tweets", "all")
    assert examples.texts == ("Low & slow :)", "ugh", "LOW, slow…")
    assert examples.ids == ("1", "2", "3")
    assert examples.groups == ("1", "2", "1")
    assert examples.labels["valence"].tolist() == [1.5, -2, 1]
    assert examples.scales == {"valence": (-4, 4)}
    np.testing.assert_array_equal(examples.raters["valence"], [[1, 2, np.nan], [-1, -2, -3], [1, 1, np.nan]])


def test_editorials_are_grouped_by_document(library):
    assert library.load("ratings-editorials", "all").groups == ("1", "1", "2")


def test_another_archive_is_refused(library, tmp_path):
    (tmp_path / ratings._ARCHIVE.path).write_bytes(b"not it")
    ratings._members.cache_clear()
    with pytest.raises(DataInvalid, match="bench data --fetch ratings"):
        library.load("ratings-tweets", "all")


def test_offline_the_error_names_the_command(tmp_path):
    with pytest.raises(DataMissing, match="bench data --fetch ratings"):
        Library(None, tmp_path, offline=True).load("ratings-films", "all")


@pytest.mark.parametrize(
    ("name", "rows", "groups", "fewest", "mean"),
    [
        ("tweets", 4_200, 4_045, 20, 0.5054),
        ("editorials", 5_190, 498, 20, -0.1412),
        ("products", 3_708, 300, 20, 0.3823),
        ("films", 10_605, 10_603, 15, 0.0048),
    ],
)
def test_published(published, name, rows, groups, fewest, mean):
    try:
        examples = published.load(f"ratings-{name}", "all")
    except DataMissing:
        pytest.skip("the archive is not below AFFECTBENCH_DATA/ratings")
    marks = examples.raters["valence"]
    assert (len(examples), len(set(examples.groups))) == (rows, groups)
    assert (~np.isnan(marks)).sum(axis=1).min() == fewest
    assert np.nanmin(marks) == -4
    assert np.nanmax(marks) == 4
    assert examples.labels["valence"].mean() == pytest.approx(mean, abs=1e-4)
