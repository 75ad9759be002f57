"""Every corpus in its official layout, with a few rows of made-up texts."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.corpora import (
    cr,
    emobank,
    emorynlp,
    emotales,
    facebook,
    goemotions,
    iemocap_dialogues,
    imdb,
    isarcasmeval,
    isear,
    meld,
    mpqa,
    mr,
    semeval2017,
    sst,
    subj,
    trec,
    tweeteval,
)


@dataclass(frozen=True)
class Layout:
    """A corpus's files and one split of it."""

    kind: Any
    split: str
    files: Mapping[str, bytes]
    rows: tuple[int, ...]
    """Of each file."""


def _parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    texts, labels = ["Dull.<br />", "I left.", "Lovely café."], [0, 0, 1]
    pq.write_table(pa.table({"text": pa.array(texts), "label": pa.array(labels, pa.int8())}), buffer)
    return buffer.getvalue()


def _ratings() -> bytes:
    ratings = [[7, 8, 6], [1, 2, 2]]
    table: dict[str, Any] = {
        "SENTENCE": {"0": "Once a goose, fat and merry.", "1": "Then the storm came."},
        "ID": {"0": "TheGoose", "1": "TheStorm"},
    }
    for rater in range(14):
        for suffix in ("", "_ACT", "_POW"):
            table[f"ANNOTATOR_{rater + 1}{suffix}"] = {
                str(row): float(own[rater]) if rater < 3 else float("nan") for row, own in enumerate(ratings)
            }
    return json.dumps(table).encode()


def _isear() -> bytes:
    names = [f"c{i}" for i in range(43)]
    names[36], names[40], names[41], names[42] = "Field1", "SIT", "STATE", ""

    def line(emotion: str, text: str) -> str:
        fields = ["1"] * 40
        fields[36] = emotion
        return "|".join([*fields, text, "1", ""])

    rows = [line("joy", "The  letter came and á we danced."), line("guilt", 'I said \\"no\\" and|left.')]
    return "\n".join(["|".join(names), *rows, ""]).encode()


def _emory() -> bytes:
    utterances = [
        {"utterance_id": f"s01_e15_c01_u00{i}", "speakers": ["Ann"], "transcript": text, "emotion": emotion}
        for i, (text, emotion) in enumerate((("Is it warm?", "Neutral"), ("It burns!", "Mad")))
    ]
    scenes = [{"scene_id": "s01_e15_c01", "utterances": utterances}]
    return json.dumps({"episodes": [{"episode_id": "s01_e15", "scenes": scenes}]}, indent=2).encode()


def _iemocap() -> dict[str, bytes]:
    name, folder = "Ses05F_impro01", "iemocap/Session5/dialog"
    turns = (("F000", "1.0000", "2.0000", "neu", "Did you knock?"), ("M000", "3.2500", "4.0000", "exc", "I did!"))
    spoken = "".join(f"{name}_{turn} [{start}-{end}]: {text}\n" for turn, start, end, _, text in turns)
    rated = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n" + "".join(
        f"[{start} - {end}]\t{name}_{turn}\t{emotion}\t[2.5000, 3.5000, 2.0000]\nC-E2:\tNeutral;\t()\n\n"
        for turn, start, end, emotion, _ in turns
    )
    return {
        f"{folder}/transcriptions/{name}.txt": spoken.encode(),
        f"{folder}/EmoEvaluation/{name}.txt": rated.encode(),
    }


_SENTEVAL = "senteval/downstream"
_TWEETS = "tweeteval/datasets"

LAYOUTS: Mapping[str, Layout] = {
    "emobank": Layout(
        emobank.EmoBank,
        "train",
        {
            "emobank/emobank.csv": (
                'id,split,V,A,D,text\ndoc_a_0_10,train,3.0,2.5,3.2,"She said ""hello"" — twice."\n'
                'doc_a_11_20,train,1.2,4.4,4.2,None\ndoc_b_8_15,train,2.0,2.0,2.0,"first line\nsecond line"\n'
            ).encode()
        },
        (3,),
    ),
    "emotales": Layout(emotales.EmoTales, "all", {"emotales/emotales_data.json": _ratings()}, (2,)),
    "emotales-means": Layout(
        emotales.EmoTales,
        "all",
        {
            "emotales/emotales_means.csv": (
                b"tale,text,valence,activation,power,n_annotators\n"
                b'TheGoose,"Once a goose.",5.000000,4.500000,5.000000,2\nTheStorm,Then it came.,1.666667,8.0,2.0,3\n'
            )
        },
        (2,),
    ),
    "facebook": Layout(
        facebook.Facebook,
        "all",
        {
            "facebook-va/dataset-fb-valence-arousal-anon.csv": (
                "Anonymized Message,Valence1,Valence2,Arousal1,Arousal2\r\n"
                'off to the <LOCATION> :),9,8,7,8\r\n"well… ""hm""",4,5,1,2\r\n'
            ).encode()
        },
        (2,),
    ),
    "goemotions": Layout(
        goemotions.GoEmotions,
        "dev",
        {
            "goemotions/dev.tsv": (
                b'Is it *really* you, [NAME]??\t27\teaaaaa1\n"He said ""no"", again"\t4,27\teaaaaa3\n'
            )
        },
        (2,),
    ),
    "imdb": Layout(imdb.Imdb, "train", {"imdb/train.parquet": _parquet()}, (3,)),
    "imdb-tree": Layout(
        imdb.Imdb,
        "train",
        {
            "aclImdb/train/neg/0_3.txt": b"Dull.",
            "aclImdb/train/neg/2_1.txt": "I left…".encode(),
            "aclImdb/train/pos/0_9.txt": b"Lovely.",
        },
        (3,),
    ),
    "isear": Layout(isear.Isear, "all", {"isear/isear.csv": _isear()}, (2,)),
    **{
        name: Layout(
            kind,
            "all",
            {f"{_SENTEVAL}/{first}": b"a warm , funny one . \nfine\n", f"{_SENTEVAL}/{second}": b"it 's dull . \n"},
            (2, 1),
        )
        for name, kind, first, second in (
            ("mr", mr.MovieReviews, "MR/rt-polarity.pos", "MR/rt-polarity.neg"),
            ("cr", cr.CustomerReviews, "CR/custrev.pos", "CR/custrev.neg"),
            ("mpqa", mpqa.OpinionPolarity, "MPQA/mpqa.pos", "MPQA/mpqa.neg"),
            ("subj", subj.Subjectivity, "SUBJ/subj.objective", "SUBJ/subj.subjective"),
        )
    },
    "sst5": Layout(
        sst.SST5,
        "dev",
        {f"{_SENTEVAL}/SST/fine/sentiment-dev": "4 a moving film .\n0 2\xa01\\/2 hours of crème .\n".encode()},
        (2,),
    ),
    "sst2": Layout(
        sst.SST2,
        "train",
        {f"{_SENTEVAL}/SST/binary/sentiment-train": "a lovely façade \t1\nflat \t0\n".encode()},
        (2,),
    ),
    "trec": Layout(
        trec.QuestionTypes,
        "test",
        {f"{_SENTEVAL}/TREC/TREC_10.label": b"NUM:dist How far is the caf\xe9 ?\nLOC:city  Which city is it ?\n"},
        (2,),
    ),
    "semeval2017": Layout(
        semeval2017.Tweets,
        "test",
        {semeval2017._TEST[0].path: b"4\tnegative\tnot now\\u2019s\n5\tpositive\tsee you soon"},
        (2,),
    ),
    "tweeteval-irony": Layout(
        tweeteval.TweetEvalIrony,
        "test",
        {
            f"{_TWEETS}/irony/test_text.txt": "@user so glad 😊\nmonday \n".encode(),
            f"{_TWEETS}/irony/test_labels.txt": b"1\n0\n",
        },
        (2,),
    ),
    "isarcasmeval": Layout(
        isarcasmeval.ISarcasmEval,
        "test",
        {"isarcasmeval/test/task_A_En_test.csv": b'text,sarcastic\n"two\n\nlines",0\nsuch fun,1\n'},
        (2,),
    ),
    "isarcasmeval-train": Layout(
        isarcasmeval.ISarcasmEval,
        "train",
        {
            "isarcasmeval/train/train.En.csv": (
                b",tweet,sarcastic,rephrase,sarcasm,irony,satire,understatement,overstatement,rhetorical_question\n"
                b'0,"oh, great",1,bad,1.0,0.0,0.0,0.0,0.0,0.0\n1,,0,,,,,,,\n'
            )
        },
        (2,),
    ),
    "meld": Layout(
        meld.Meld,
        "dev",
        {
            "meld/dev_sent_emo.csv": (
                "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
                '1,"Where\u0092s it?",Ann,surprise,neutral,1,0,1,2,"00:00:01,100","00:00:02,200"\n'
                '2,"It ""sank""",Ann,fear,neutral,0,1,1,2,"00:00:01,100","00:00:02,200"\n'
            ).encode()
        },
        (2,),
    ),
    "emorynlp": Layout(emorynlp.EmoryNlp, "test", {"emorynlp/emotion-detection-tst.json": _emory()}, (2,)),
    "iemocap": Layout(iemocap_dialogues.IemocapDialogues, "test", _iemocap(), (2,)),
}
