"""Questions with their answers from SQuAD 1.1 (Rajpurkar et al. 2016, arXiv 1606.05250), for BERT-PT's span loss.

The official file is `train-v1.1.json`, by CC BY-SA 4.0. A question and the part of its paragraph around the answer make
one text of the length that all recipes have, as a pair of sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness import strict_json
from harness.errors import DataInvalid, DataMissing

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

#: First and last token of an answer, and the first token of the paragraph, as places in the text.
Answer = tuple[int, int, int]


@dataclass(frozen=True)
class Question:
    """A question, its paragraph, and where the answer stands in it."""

    question: str
    context: str
    start: int
    """Character at which the answer begins."""
    end: int
    """Character behind its last."""

    @property
    def text(self) -> str:
        """Both, for lists of training texts."""
        return f"{self.question} {self.context}"


def read_questions(path: Path) -> list[Question]:
    """Read the official file; the first answer of each question counts.

    Raises:
        DataMissing: it is not there.
        DataInvalid: it is not as published; names the place in it.
    """
    try:
        found = strict_json.loads(path.read_bytes())
    except OSError as error:
        raise DataMissing(
            f"{path} is not there; put train-v1.1.json of rajpurkar.github.io/SQuAD-explorer there, or leave this "
            "recipe out"
        ) from error
    except ValueError as error:
        raise DataInvalid(f"{path} is no JSON ({error}); fetch it again") from error
    if not isinstance(found, dict) or not isinstance(found.get("data"), list):
        raise DataInvalid(f"{path} has no list `data`; it is not SQuAD's file")
    return [
        question
        for number, article in enumerate(found["data"])
        for question in _of_article(article, f"{path}, data[{number}]")
    ]


def _of_article(article: Any, place: str) -> Iterator[Question]:
    try:
        for paragraph in article["paragraphs"]:
            context = paragraph["context"]
            for asked in paragraph["qas"]:
                answer = asked["answers"][0]
                start, text = answer["answer_start"], answer["text"]
                if not text or context[start : start + len(text)] != text or start < 0:
                    raise ValueError(f"the answer {text!r:.40} does not stand at character {start} of its paragraph")
                yield Question(str(asked["question"]), context, start, start + len(text))
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise DataInvalid(f"{place} is not as published ({type(error).__name__}: {error}); fetch it again") from error


def _around(tokenizer: Tokenizer) -> tuple[int, list[int], int]:
    """Tokens before, between and behind a pair of sentences: one between for BERT, two for RoBERTa."""
    first, last = tokenizer.encode("").ids
    pair = tokenizer.encode("a", "a").ids[1:-1]
    return first, [token for token in pair if token == last], last


def question_items(
    questions: Sequence[Question], tokenizer: Tokenizer, max_length: int
) -> tuple[list[NDArray[np.int32]], list[Answer]]:
    """Token ids of question and paragraph as a pair, and the answer's places.

    A question takes at most half of the text; the paragraph is cut around the answer, which stands in the middle of
    what is left where it can, and is cut at its end where it is longer.

    Args:
        questions: any.
        tokenizer: the backbone's.
        max_length: tokens of a text, special ones included; 8 at least.
    """
    first, middle, last = _around(tokenizer)
    items, answers = [], []
    for asked in questions:
        question = tokenizer.encode(asked.question, add_special_tokens=False).ids[: max_length // 2 - 2]
        paragraph = tokenizer.encode(asked.context, add_special_tokens=False)
        inside = [
            place for place, (a, b) in enumerate(paragraph.offsets) if a < asked.end and b > asked.start and a < b
        ] or [0]
        room = max_length - 2 - len(middle) - len(question)
        length = min(inside[-1] - inside[0] + 1, room)
        begin = max(0, min(inside[0] - (room - length) // 2, len(paragraph.ids) - room))
        offset = 1 + len(question) + len(middle)
        window = paragraph.ids[begin : begin + room]
        items.append(np.array([first, *question, *middle, *window, last], dtype=np.int32))
        start = offset + inside[0] - begin
        answers.append((start, start + length - 1, offset))
    return items, answers
