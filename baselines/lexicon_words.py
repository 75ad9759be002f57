"""The word tables of the `lexicon` encoder: affect words with their inflected forms, modifiers, marks.

The affect words and their values, in `data/affect_words.tsv`, were written for this project from general
knowledge of English; no published list was copied or consulted. So were the strengths of the modifiers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness", "surprise")

NEGATORS = frozenset(
    {
        *("not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "nowhere", "without", "cannot"),
        *("hardly", "barely", "scarcely", "rarely", "seldom", "isn't", "aren't", "wasn't", "weren't", "don't"),
        *("doesn't", "didn't", "won't", "wouldn't", "can't", "couldn't", "shouldn't", "hasn't", "haven't"),
        *("hadn't", "ain't", "mustn't", "needn't", "isnt", "wasnt", "dont", "doesnt", "didnt", "cant", "wont"),
    }
)

#: Factor on the affect of the next word.
DEGREES = {
    **dict.fromkeys(("absolutely", "completely", "entirely", "utterly", "totally", "perfectly"), 1.4),
    **dict.fromkeys(("extremely", "incredibly", "exceptionally", "insanely", "awfully", "terribly"), 1.5),
    **dict.fromkeys(("very", "really", "truly", "deeply", "highly", "so", "such", "remarkably", "super"), 1.3),
    **dict.fromkeys(("too", "especially", "particularly", "dreadfully", "most", "more", "greatly"), 1.2),
    **dict.fromkeys(("quite", "pretty", "rather", "fairly", "enough", "reasonably", "mostly"), 0.9),
    **dict.fromkeys(("somewhat", "kinda", "sorta", "moderately", "relatively", "almost", "less"), 0.65),
    **dict.fromkeys(("slightly", "mildly", "little", "bit", "marginally", "least"), 0.5),
}

CONTRASTS = frozenset(
    {"but", "however", "although", "though", "yet", "still", "nevertheless", "nonetheless", "despite"}
)
CONDITIONS = frozenset({"if", "unless", "would", "could", "should", "might", "wish", "would've", "could've"})
QUESTIONS = frozenset({"why", "how", "what", "when", "where", "who", "which"})
FIRST_PERSON = frozenset({"i", "me", "my", "mine", "myself", "i'm", "i've", "i'd", "i'll", "we", "us", "our", "ours"})
SECOND_PERSON = frozenset({"you", "your", "yours", "yourself", "you're", "you've", "u", "ur"})
THIRD_PERSON = frozenset({"he", "she", "him", "her", "his", "hers", "they", "them", "their", "theirs", "he's", "she's"})
BOUNDARIES = frozenset(".,;:!?…")

#: Emoji and emoticons (in lower case): valence, arousal, dominance in hundredths, emotions.
MARKS = """
:) 60 20 30 joy      :-) 60 20 30 joy     =) 60 20 30 joy      ;) 45 25 35 joy      ;-) 45 25 35 joy
:d 75 55 35 joy      :-d 75 55 35 joy     :p 45 35 30 joy      <3 75 35 20 joy      :* 60 35 20 joy
:( -60 -10 -40 sadness   :-( -60 -10 -40 sadness   =( -60 -10 -40 sadness   :'( -70 20 -55 sadness
:/ -35 10 -20 sadness    :| -20 -20 -15 -          :o 5 60 -20 surprise
😀 70 45 35 joy  😁 70 50 40 joy  😂 65 65 30 joy  🤣 70 70 30 joy  😃 70 45 35 joy  😄 75 45 35 joy  😅 30 35 5 joy
😆 65 55 35 joy  😇 55 -10 30 joy  😉 45 25 35 joy  😊 65 20 30 joy  😋 60 35 30 joy  😍 85 55 20 joy  😎 55 25 50 joy
😘 70 35 25 joy  🙂 40 5 30 joy  🤗 65 30 30 joy  🥰 80 35 25 joy  🥳 80 70 40 joy  🎉 75 70 35 joy  👍 55 15 40 joy
👏 60 40 35 joy  🙏 45 5 5 joy  💕 75 35 20 joy  💖 75 40 20 joy  💙 65 15 20 joy  💜 65 15 20 joy  ❤ 80 35 25 joy
♥ 75 30 25 joy  ✨ 50 35 25 joy  🔥 45 60 35 joy  💪 50 45 60 joy  😌 50 -45 35 joy  🌟 55 30 30 joy
😐 -15 -25 -10 -  😑 -30 -20 -10 anger  🙄 -45 15 10 anger  😒 -50 5 -5 anger  😠 -60 60 5 anger  😡 -75 75 10 anger
🤬 -80 80 10 anger  😤 -45 60 15 anger  👎 -55 20 5 anger  🖕 -65 60 15 anger
😞 -60 -20 -40 sadness  😔 -50 -35 -40 sadness  😟 -45 25 -40 fear  😢 -65 10 -50 sadness  😭 -60 50 -50 sadness
😩 -50 30 -45 sadness  😫 -55 35 -45 sadness  😓 -40 15 -40 sadness  😥 -45 25 -45 sadness  💔 -75 20 -60 sadness
🥺 -15 10 -50 sadness  😣 -45 30 -40 sadness  😖 -50 40 -40 sadness  ☹ -60 -10 -40 sadness  🙁 -45 -10 -35 sadness
😨 -60 65 -60 fear  😰 -55 60 -55 fear  😱 -50 85 -55 fear,surprise  😧 -50 50 -50 fear  😬 -30 45 -30 fear
🤢 -70 30 -35 disgust  🤮 -80 45 -35 disgust  🤧 -30 15 -25 disgust  💩 -45 20 -5 disgust
😮 10 60 -15 surprise  😯 5 50 -15 surprise  😲 15 70 -20 surprise  😳 -15 55 -40 surprise  🤯 20 80 -25 surprise
🙀 -30 75 -45 surprise,fear
"""

#: Forms that the rules would make but that are other words.
_NOT_FORMS = frozenset(
    {
        *("contents", "ewing", "fairs", "fined", "finely", "fines", "firing", "freely", "goods", "grossed"),
        *("grossing", "gunner", "harding", "hardness", "hardly", "heller", "ideals", "interests", "kinds", "likely"),
        *("likeness", "meaning", "means", "number", "odds", "originally", "originals", "patients", "practically"),
        *("purely", "resting", "rests", "simply", "solids", "stranger", "thriller", "treasurer", "undead", "unlike"),
        *("unrest", "untouched"),
    }
)

#: What "un-" leaves of a pleasant word's valence.
_UN = -0.6

_TOKEN_WORD = r"[^\W\d_]+(?:'[^\W\d_]+)?"


@dataclass(frozen=True, slots=True)
class Words:
    """The tables, indexed by token id; id 0 is any word that is not listed."""

    ids: dict[str, int]
    affect: NDArray[np.float64]
    """(ids, 3): valence, arousal, dominance."""
    emotions: NDArray[np.float64]
    """(ids, 6): 1 where the word names that emotion."""
    listed: NDArray[np.bool_]
    degree: NDArray[np.float64]
    """Factor on the next word, 1 for most."""
    negator: NDArray[np.bool_]
    boundary: NDArray[np.bool_]
    mark: NDArray[np.bool_]
    word: NDArray[np.bool_]
    classes: dict[str, NDArray[np.bool_]]
    """Word classes that are only counted."""


def affect_file() -> bytes:
    """The bytes of the affect word list."""
    return files("baselines").joinpath("data", "affect_words.tsv").read_bytes()


def forms(word: str) -> list[str]:
    """Inflected and derived forms of a word, by rule.

    >>> forms("hug")[:5]
    ['hugs', 'hugged', 'hugging', 'hugly', 'hugger']
    >>> forms("happy")[2:]
    ['happying', 'happily', 'happier', 'happiest', 'happiness']
    """
    stem = word
    if re.search(r"[^aeiou]y$", word):
        stem = f"{word[:-1]}i"
        bases = (f"{stem}ed", f"{word}ing", f"{stem}ly", f"{stem}er", f"{stem}est", f"{stem}ness")
        return [f"{stem}es", *bases]
    if word.endswith("e"):
        adverb = f"{word[:-1]}y" if word.endswith("le") else f"{word}ly"
        return [f"{word}s", f"{word}d", f"{word[:-1]}ing", adverb, f"{word}r", f"{word}st", f"{word}ness"]
    if re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", word):
        stem = word + word[-1]
    plural = f"{word}es" if re.search(r"(s|x|z|ch|sh)$", word) else f"{word}s"
    adverb = f"{word}ally" if word.endswith("ic") else f"{word}ly"
    found = [plural, f"{stem}ed", f"{stem}ing", adverb, f"{stem}er", f"{stem}est", f"{word}ness"]
    if stem == word and re.search(r"[^aeiou][aeiou][^aeiouwxy]$", word):
        # Whether longer words double their last letter depends on the stress: regretted, bothered.
        found += [f"{word}{word[-1]}ed", f"{word}{word[-1]}ing"]
    return found


def _listed() -> dict[str, tuple[float, float, float, str]]:
    rows = {}
    for line in affect_file().decode("utf-8").splitlines():
        if not line.startswith("#") and not line.startswith("word\t"):
            word, v, a, d, emotions = line.split("\t")
            rows[word] = (float(v), float(a), float(d), emotions)
    return rows


def _marks() -> dict[str, tuple[float, float, float, str]]:
    items = MARKS.split()
    return {
        items[i]: (int(items[i + 1]) / 100, int(items[i + 2]) / 100, int(items[i + 3]) / 100, items[i + 4])
        for i in range(0, len(items), 5)
    }


def _with_forms(listed: dict[str, tuple[float, float, float, str]]) -> dict[str, tuple[float, float, float, str]]:
    grown = dict(listed)
    for word, row in listed.items():
        for form in forms(word):
            if form not in _NOT_FORMS and len(word) > 2:
                grown.setdefault(form, row)
    for word, (v, a, d, _) in listed.items():
        if v > 0:
            grown.setdefault(f"un{word}", (_UN * v, 0.5 * a, _UN * d, "-"))
    return grown


def listed_words() -> frozenset[str]:
    """Every word form that the encoder gives an affect."""
    return frozenset(_with_forms(_listed()))


@cache
def tokens() -> re.Pattern[str]:
    """What counts as a token: words, emoticons, the listed emoji, punctuation."""
    emoji = "".join(mark for mark in _marks() if len(mark) == 1)
    return re.compile(rf"{_TOKEN_WORD}|[:;=][-'^]?[()dpo/|*](?!\w)|<3|[{emoji}]|\.\.\.|[.,;:!?…]")


@cache
def words() -> Words:
    """Read the word list and build the tables (a few hundredths of a second, once per process)."""
    import numpy as np

    affect = _with_forms(_listed())
    marks = _marks()
    counted = {
        "contrast": CONTRASTS,
        "condition": CONDITIONS,
        "question_word": QUESTIONS,
        "first_person": FIRST_PERSON,
        "second_person": SECOND_PERSON,
        "third_person": THIRD_PERSON,
        "exclamation": frozenset("!"),
        "question": frozenset("?"),
        "ellipsis": frozenset({"…", "..."}),
        "comma": frozenset(","),
    }
    modifiers = NEGATORS | frozenset(DEGREES)
    rows = {word: row for word, row in (affect | marks).items() if word not in modifiers}
    others = sorted(modifiers.union(BOUNDARIES, *counted.values()) - rows.keys())
    names = ["", *sorted(rows), *others]
    ids = {name: i for i, name in enumerate(names)}

    def members(group: frozenset[str]) -> NDArray[np.bool_]:
        return np.array([name in group for name in names])

    none = (0.0, 0.0, 0.0, "-")
    return Words(
        ids=ids,
        affect=np.array([rows.get(name, none)[:3] for name in names], dtype=np.float64),
        emotions=np.array(
            [[emotion in rows.get(name, none)[3].split(",") for emotion in EMOTIONS] for name in names],
            dtype=np.float64,
        ),
        listed=members(frozenset(rows)),
        degree=np.array([DEGREES.get(name, 1.0) for name in names], dtype=np.float64),
        negator=members(NEGATORS),
        boundary=members(BOUNDARIES | counted["ellipsis"] | CONTRASTS),
        mark=members(frozenset(marks)),
        word=np.array([not name or name[0].isalpha() for name in names]),
        classes={name: members(group) for name, group in counted.items()},
    )
