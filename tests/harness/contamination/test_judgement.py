import csv
import os
import re
from pathlib import Path

import pytest

from harness.contamination import inherited, judge
from harness.encoder import EncoderCard

DATA = Path(os.environ.get("AFFECTBENCH_DATA", Path(__file__).parents[4] / "shared" / "data"))


@pytest.mark.parametrize(
    ("training", "corpus"),
    [
        ("mr", "mr"),
        ("MR", "mr"),
        ("rotten_tomatoes", "mr"),
        ("cornell-movie-review-data/rotten_tomatoes", "mr"),
        ("sst", "sst5"),
        ("SST-5", "sst5"),
        ("SST trees (train)", "sst5"),
        ("Stanford Sentiment Treebank", "sst5"),
        ("glue/sst2", "sst2"),
        ("go_emotions", "goemotions"),
        ("google-research-datasets/go_emotions", "goemotions"),
        ("facebook-va", "facebook"),
        ("stanfordnlp/imdb", "imdb"),
        ("aclImdb", "imdb"),
        ("imdb:unsup", "imdb"),
        ("pooled", "emotales"),
        ("emotales", "pooled"),
        ("senteval", "cr"),
        ("a-new-corpus", "a_new_corpus"),
    ],
)
def test_the_corpus_itself_is_found_under_its_usual_names(training: str, corpus: str) -> None:
    judged = judge(("squad", training), corpus)
    assert (judged["state"], judged["basis"]) == ("overlap", "declared")
    assert [match["trained_on"] for match in judged["matches"]] == [training]


@pytest.mark.parametrize(
    ("training", "corpus"),
    [
        ("mr", "sst5"),
        ("mr", "sst2"),
        ("sst", "mr"),
        ("sst2", "mr"),
        ("sst-trees:train", "mr"),
        ("sst2", "sst5"),
        ("glue", "sst5"),
        ("subj", "mr"),
        ("semeval2007-affective-text", "emobank"),
        ("Affective Text", "pooled"),
        ("masc", "emobank"),
        ("ratings", "mr"),
        ("cr", "ratings-products"),
    ],
)
def test_descent_is_found(training: str, corpus: str) -> None:
    judged = judge((training,), corpus)
    assert (judged["state"], judged["basis"]) == ("overlap", "descent")


@pytest.mark.parametrize("training", ["amazon-reviews-2018", "amazon_polarity", "amazon-laptop-reviews", "yelp"])
def test_cr_can_only_be_in_amazon_collections_that_cover_its_products(training: str) -> None:
    assert judge((training,), "cr")["state"] == (
        "clean" if training in ("amazon-laptop-reviews", "yelp") else "overlap"
    )


def test_nothing_declared_is_unknown_and_declaring_nothing_is_clean() -> None:
    assert judge(None, "mr")["state"] == "unknown"
    assert judge(None, "mr")["basis"] == "not declared"
    assert judge((), "mr")["state"] == "clean"


def test_what_was_written_for_a_corpus_is_no_clean_model_of_it() -> None:
    judged = judge(("authored:goemotions",), "go_emotions")
    assert (judged["state"], judged["basis"]) == ("overlap", "authored")
    assert judge(("authored:goemotions",), "mr")["state"] == "clean"


def test_the_strongest_basis_wins() -> None:
    judged = judge(("amazon", "customer-reviews"), "cr")
    assert judged["basis"] == "declared"
    assert [match["basis"] for match in judged["matches"]] == ["declared", "descent"]


def test_one_undeclared_link_makes_the_chain_undeclared() -> None:
    def card(name: str, base: str | None, data: tuple[str, ...] | None) -> EncoderCard:
        return EncoderCard(name=name, family="f", base=base, training_data=data)

    start, middle = card("start", "some/hub-id", ("mr",)), card("middle", "start", ("yelp",))
    assert inherited([card("end", "middle", ()), middle, start]) == ("mr", "yelp")
    assert inherited([card("end", "middle", ()), middle, card("start", None, None)]) is None


def _normal(text: str) -> str:
    return re.sub("[^a-z0-9]", "", re.sub("-[lr]rb-", "", text.lower()))


def _exact(text: str) -> str:
    return " ".join(text.lower().split())


def _counted(rows: list[str], among: list[str]) -> tuple[int, int]:
    forms = []
    for form in (_exact, _normal):
        held = {form(text) for text in among} - {""}
        forms.append(sum(form(text) in held for text in rows))
    return forms[0], forms[1]


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "senteval").is_dir(), reason=f"no data files in {DATA}")
def test_counts_agree_with_the_published_files() -> None:
    folder = DATA / "senteval" / "downstream"

    def lines(path: Path) -> list[str]:
        return path.read_text("latin-1").split("\n")[:-1]

    mr = lines(folder / "MR" / "rt-polarity.pos") + lines(folder / "MR" / "rt-polarity.neg")
    subj = lines(folder / "SUBJ" / "subj.subjective") + lines(folder / "SUBJ" / "subj.objective")
    sst = {
        part: [line.split(" ", 1)[1] for line in lines(folder / "SST" / "fine" / f"sentiment-{part}")]
        for part in ("train", "dev", "test")
    }
    sst2 = [line.split("\t")[0] for line in lines(folder / "SST" / "binary" / "sentiment-train")]
    with (DATA / "emobank" / "emobank.csv").open(encoding="utf-8", newline="") as file:
        emobank = [row["text"] for row in csv.DictReader(file) if row["split"] == "test"]
    headlines: list[str] = []
    for path in (DATA / "semeval2007-affective-text").glob("*/*.xml"):
        found = re.findall(r"<instance[^>]*>(.*?)</instance>", path.read_text("utf-8"), re.DOTALL)
        headlines += [text.replace("&amp;", "&") for text in found]
    for training, corpus, rows, among in (
        ("mr", "sst5", sst["test"], mr),
        ("subj", "sst5", sst["test"], subj),
        ("subj", "mr", mr, subj),
        ("sst", "mr", mr, [text for part in sst.values() for text in part]),
        ("sst:train", "mr", mr, sst["train"]),
        ("sst2:train", "mr", mr, sst2),
        ("affective-text", "emobank", emobank, headlines),
    ):
        counts = judge((training,), corpus)["matches"][0]["counts"]
        assert (counts["rows"], counts["exact"], counts["normal"]) == (len(rows), *_counted(rows, among)), training
