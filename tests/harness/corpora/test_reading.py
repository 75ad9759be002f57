from __future__ import annotations

from pathlib import Path

import pytest

from harness.corpora.base import CorpusCard, Source
from harness.corpora.reading import SourceFile, require_split
from harness.errors import DataInvalid, DataMissing, UsageError

CARD = CorpusCard(
    name="toy", title="Toy", rows={"train": 1, "dev": 1}, labels="", licence="", citation="", homepage="https://toy.org"
)
SOURCE = Source(path="toy.csv", sha256="0" * 64, size=1, url="https://toy.org/toy.csv")


def opened(tmp_path: Path, content: bytes) -> SourceFile:
    path = tmp_path / "toy.csv"
    path.write_bytes(content)
    return SourceFile(CARD, SOURCE, path)


def test_line_ends_byte_order_mark_and_missing_last_line_end_are_not_content(tmp_path: Path) -> None:
    plain = opened(tmp_path, "a,b\nné,2\n\n".encode()).lines()
    assert plain == ["a,b", "né,2", ""]
    assert opened(tmp_path, "a,b\r\nné,2\r\n\r\n".encode()).lines() == plain
    assert opened(tmp_path, b"\xef\xbb\xbf" + "a,b\nné,2\n\n".encode()).lines() == plain
    assert opened(tmp_path, b"x\ny").lines() == opened(tmp_path, b"x\ny\n").lines() == ["x", "y"]
    assert opened(tmp_path, b"").lines() == []


def test_other_line_separators_of_unicode_do_not_split_lines(tmp_path: Path) -> None:
    text = "one\x85still one\u2028still\x0bone\nsecond\n"
    assert len(opened(tmp_path, text.encode()).lines()) == 2


def test_a_wrong_byte_names_line_and_column(tmp_path: Path) -> None:
    file = opened(tmp_path, b"fine\nso is caf\xe9\nmore\n")
    with pytest.raises(DataInvalid, match=r"toy\.csv, line 2, column 10: byte 0xe9 is not UTF-8.*1252") as error:
        file.text()
    assert "https://toy.org/toy.csv" in str(error.value)
    assert "remove it" in str(error.value)


def test_utf16_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="the file is UTF-16"):
        opened(tmp_path, "a,b\n".encode("utf-16")).text()


def test_an_unreadable_file_is_missing_data(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"cannot read .*nothing"):
        SourceFile(CARD, SOURCE, tmp_path / "nothing").text()


def test_records_give_lines_and_keep_every_text_as_it_is(tmp_path: Path) -> None:
    content = b'a,b\nNone,NA\n"two\nlines",""\n nan ,"say ""hi"""\n'
    assert list(opened(tmp_path, content).records(("a", "b"))) == [
        (2, ["None", "NA"]),
        (3, ["two\nlines", ""]),
        (5, [" nan ", 'say "hi"']),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"a,c\n1,2\n", "line 1: expected the header 'a,b', found 'a,c'"),
        (b"a,b\n1,2\n1,2,3\n1,2\n", "line 3: expected 2 fields, found 3"),
        (b"a,b\n1,2\n1\n", r"line 3: expected 2 fields, found 1 \(this is the last line: the file may be cut short\)"),
        (b'a,b\n1,2\n1,"open\n3,4\n', "line 3: broken quoting"),
        (b'a,b\n"x"y,2\n3,4\n', "line 2: broken quoting"),
    ],
)
def test_malformed_records_are_placed(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataInvalid, match=message):
        list(opened(tmp_path, content).records(("a", "b")))


@pytest.mark.parametrize("field", ["", "5.01", "0.99", "nan", "inf", "three", "1,5"])
def test_a_rating_outside_its_scale_is_refused(tmp_path: Path, field: str) -> None:
    with pytest.raises(DataInvalid, match="line 4, column V: expected a number from 1 to 5"):
        opened(tmp_path, b"").number(field, 1, 5, line=4, column="V")


def test_an_unknown_split_lists_those_there_are() -> None:
    with pytest.raises(UsageError, match="toy has no split 'all'; there are train, dev"):
        require_split(CARD, "all")
