"""Tweets: sentiment, irony and sarcasm, each with the metric of its shared task.

L2 logistic regression on frozen vectors, features as given, SentEval's grid of C (2⁻² to 2³). C is
chosen on the development split by the task's own metric, or by ten stratified folds of training where there is no such
split (iSarcasmEval). Official metrics: macro recall for sentiment (Rosenthal et al. 2017, where it is called AvgRec),
F1 of the ironic class (Van Hee et al. 2018), F1 of the sarcastic class (Abu Farha et al. 2022); accuracy and macro F1
beside them. Texts are encoded as published: TweetEval has users masked, the others have not.
"""

from harness.tasks.base import Classification, Task
from harness.tasks.polarity import C_GRID


def variants() -> list[Task]:
    """One task for each corpus."""
    semeval = "SemEval-2017 task 4 A, three classes, trained on 2013 to 2016"
    sentiment = "TweetEval sentiment, three classes"
    barbieri = "Barbieri et al. 2020 (arXiv:2010.12421)"
    rosenthal, abu_farha = "Rosenthal, Farra and Nakov 2017 (SemEval)", "Abu Farha et al. 2022 (SemEval)"
    irony, sarcasm = "TweetEval irony, F1 of the ironic class", "iSarcasmEval in English, F1 of the sarcastic class"
    return [
        Classification(
            name=name,
            corpus=corpus,
            protocol="tweets-lr/1",
            split="test",
            metrics=("macro.recall" if classes == 3 else "positive.f1", "accuracy", "macro.f1"),
            summary=summary,
            source=source,
            C_grid=C_GRID,
            chosen_by="macro.recall" if classes == 3 else "positive.f1",
            holdout="folds-of-train" if corpus == "isarcasmeval" else "split",
        )
        for name, corpus, classes, summary, source in (
            ("tweet-sentiment", "semeval2017-task4a", 3, semeval, rosenthal),
            ("tweet-sentiment", "tweeteval-sentiment", 3, sentiment, f"{barbieri}, cardiffnlp/tweeteval"),
            ("irony", "tweeteval-irony", 2, irony, f"{barbieri}; Van Hee et al. 2018 (SemEval)"),
            ("sarcasm", "isarcasmeval", 2, sarcasm, f"{abu_farha}, iabufarha/iSarcasmEval"),
        )
    ]
