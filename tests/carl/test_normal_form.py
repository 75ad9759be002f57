"""The normal form of texts and its hash."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from carl.normal_form import normal_form, text_hash


def test_brackets_case_and_everything_but_letters_and_digits_go():
    assert normal_form("a -LRB- café -RRB- , 2nd") == "acaf2nd"
    assert normal_form("a -lrbx-") == "alrbx"


@given(st.text())
def test_the_normal_form_is_its_own(text):
    form = normal_form(text)
    assert normal_form(form) == form
    assert text_hash(text) == hashlib.sha256(form.encode()).hexdigest()[:16]
