r"""Turn the raw sentence-polarity bytes into SentEval's form, as its download script does.

SentEval (`data/downstream/get_transfer_data.bash`) pipes the raw files through `cat -v`, which writes every
byte outside ASCII as a printable code, and then through R. MacIntyre's Penn Treebank tokeniser, a list of
substitutions that are applied to each line in turn. Both are re-implemented here: neither tool is needed.

>>> visible("clich\xe9".encode("latin-1"))
'clichM-i'
>>> treebank("it's a joy, I can't complain.")
"it 's a joy , I ca n't complain . "
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_Rule = tuple[re.Pattern[str], str]

#: Two words that are written as one: first letter in either case, rest of the first word, second word.
_FUSED = (
    ("c", "an", "not"),
    ("d", "'", "ye"),
    ("g", "im", "me"),
    ("g", "on", "na"),
    ("g", "ot", "ta"),
    ("l", "em", "me"),
    ("m", "ore", "'n"),
    ("'t", "", "is"),
    ("'t", "", "was"),
    ("w", "an", "na"),
)


def visible(raw: bytes) -> str:
    r"""Write bytes as `cat -v` does: `M-` before the lower seven bits, `^` for control codes.

    Line feeds and tabs stay.
    """

    def code(byte: int) -> str:
        if byte in (0x09, 0x0A):
            return chr(byte)
        prefix, low = ("M-", byte - 0x80) if byte >= 0x80 else ("", byte)
        if low == 0x7F:
            return f"{prefix}^?"
        return f"{prefix}^{chr(low + 0x40)}" if low < 0x20 else f"{prefix}{chr(low)}"

    table = [code(byte) for byte in range(256)]
    return "".join([table[byte] for byte in raw])


@cache
def _rules() -> tuple[_Rule, ...]:
    rules = [
        # Opening quotation marks: at the start, and after a blank or a bracket.
        (r'^"', "`` "),
        (r'([ (\[{<])"', r"\1 `` "),
        # Signs that always stand alone; a full stop only where it ends the line.
        (r"\.\.\.", " ... "),
        (r"[,;:@#$%&]", r" \g<0> "),
        (r"([^.])(\.)([\])}>\"']*) *$", r"\1 \2\3 "),
        (r"[?!]", r" \g<0> "),
        (r"[\]\[(){}<>]", r" \g<0> "),
        (r"--", " -- "),
        # A blank at either end saves the rules below from minding the ends.
        (r"$", " "),
        (r"^", " "),
        # Closing quotation marks, apostrophes and contractions.
        (r'"', " '' "),
        (r"([^'])' ", r"\1 ' "),
        (r"'([sSmMdD]) ", r" '\1 "),
    ]
    for change in (str, str.upper):
        rules += [(f"{end} ", f" {end} ") for end in map(change, ("'ll", "'re", "'ve", "n't"))]
    for first, rest, second in _FUSED:
        letter = f"{first[:-1]}([{first[-1].upper()}{first[-1]}])"
        rules.append((f" {letter}{rest}{second} ", rf" {first[:-1]}\1{rest} {second} "))
    rules += [(r" +", " "), (r"^ *", "")]
    return tuple((re.compile(pattern), replacement) for pattern, replacement in rules)


def treebank(line: str) -> str:
    """Tokenise one line; tokens are separated by, and the line ends with, one blank."""
    for pattern, replacement in _rules():
        line = pattern.sub(replacement, line)
    return line


def senteval_form(raw: Path) -> bytes:
    """Rebuild SentEval's file from the raw one.

    Args:
        raw: one sentence a line, in any 8-bit encoding.
    """
    lines = visible(raw.read_bytes()).split("\n")
    last = lines.pop()
    tokenised = "".join([treebank(line) + "\n" for line in lines])
    return (tokenised + (treebank(last) if last else "")).encode("ascii")
