from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.corpora.senteval_tokenizer import senteval_form, treebank, visible
from harness.corpora.shelves import Library


def test_visible_writes_every_byte_as_cat_v_does() -> None:
    assert visible(b"plain\ttext\n") == "plain\ttext\n"
    assert visible("cliché – naïve…".encode("cp1252")) == "clichM-i M-^V naM-ove M-^E".replace(" M-^E", "M-^E")
    assert visible(b"\x00\x07\x1b\x7f\r") == "^@^G^[^?^M"
    assert visible(b"\x80\x89\x8a\x9f\xa0\xfe\xff") == "M-^@M-^IM-^JM-^_M- M-~M-^?"


@given(st.binary())
def test_visible_is_ascii_and_keeps_lines(raw: bytes) -> None:
    shown = visible(raw)
    assert shown.isascii()
    assert shown.count("\n") == raw.count(b"\n")
    assert all(sign.isprintable() or sign in "\n\t" for sign in shown)


@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        ('"Go," she said', "`` Go , '' she said"),
        ('she said ("go")', "she said ( `` go '' )"),
        ("It cost $5.50, i.e. 10%.", "It cost $ 5.50 , i.e. 10 % ."),
        ("Ends. Here.", "Ends. Here ."),
        ('It ended (badly.)"', "It ended ( badly . ) ''"),
        ("What?! No...", "What ? ! No ..."),
        ("five-star--almost", "five-star -- almost"),
        ("she'd say it's they're we'll I've I'm", "she 'd say it 's they 're we 'll I 've I 'm"),
        ("DON'T SAY YOU'LL, WE'RE, I'VE", "DO N'T SAY YOU 'LL , WE 'RE , I 'VE"),
        ("don't can't cannot Cannot", "do n't ca n't can not Cannot"),
        ("gimme Gonna gotta lemme wanna", "gim me Gon na got ta lem me wan na"),
        ("'tis 'Twas more'n d'ye", "'t is 'T was more 'n d' ye"),
        ("the boys' and 'quoted' words", "the boys ' and 'quoted ' words"),
        ("M-^Vdash", "M-^Vdash"),
        ("a [b] {c} <d>", "a [ b ] { c } < d >"),
        ("  many    blanks ", "many blanks"),
    ],
)
def test_treebank_rules(line: str, tokens: str) -> None:
    assert treebank(line) == f"{tokens} "


def test_a_fused_word_twice_in_a_row_is_split_once() -> None:
    """The substitution takes the blank that the second match would need, as in the script."""
    assert treebank("gonna gonna gonna") == "gon na gonna gon na "
    assert treebank("gonna wanna") == "gon na wan na "


def test_an_empty_line_stays_empty() -> None:
    assert treebank("") == treebank("   ") == ""


def test_a_file_is_rebuilt_line_by_line(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.write_bytes("It's a café.\n\nno end".encode("latin-1"))
    assert senteval_form(raw) == b"It 's a cafM-i . \n\nno end "


@pytest.mark.parametrize("kind", ["pos", "neg"])
def test_the_published_mr_files_are_rebuilt_byte_for_byte(published: Library, kind: str) -> None:
    assert published.data_dir is not None
    raw = published.data_dir / "mr-raw" / f"rt-polarity.{kind}"
    if not raw.is_file():
        pytest.skip("the raw MR files are not there")
    derived = published.data_dir / "senteval" / "downstream" / "MR" / f"rt-polarity.{kind}"
    assert senteval_form(raw) == derived.read_bytes()
