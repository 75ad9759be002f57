"""What texts show is joined with what names say; the answer is kept without a text."""

from dataclasses import replace

from harness.contamination import (
    Evaluated,
    Finding,
    TextEvidence,
    TrainingTexts,
    apply_evidence,
    judge,
    overlap,
    read_evidence,
    text_hash,
    write_evidence,
)
from harness.contamination.evidence import FILE
from harness.outcome import Metric
from harness.record import ModelFacts, Record

LONG = "The ferry left the island long before anybody woke up."
OTHER = "Seven lanterns burned in the window of the old mill."
EVALUATED = Evaluated((LONG, OTHER, "Fine."))


def finding(name, *texts, covers=None):
    training = TrainingTexts(name, texts, covers=(name,) if covers is None else covers)
    return Finding(training, overlap(EVALUATED, training))


def joined(names, corpus, *findings):
    return judge(names, corpus, part="test", findings=findings, not_compared={})


def test_a_shared_text_makes_an_overlap_whatever_names_say():
    found = joined(("my-crawl",), "sst5", finding("my-crawl", LONG))
    assert (found["state"], found["basis"]) == ("overlap", "text")
    (match,) = found["matches"]
    assert (match["trained_on"], match["evaluated"]) == ("my-crawl", "sst5")
    levels = dict.fromkeys(("exact", "normal", "sentences", "near", "shared"), 1)
    assert match["counts"] == {"part": "test", "rows": 3, **levels}
    assert found["texts"] == {"compared": ["my-crawl"], "not_compared": {}}


def test_short_shared_texts_make_no_asterisk():
    assert joined(("my-crawl",), "sst5", finding("my-crawl", "fine"))["state"] == "clean"


def test_descent_gets_the_counts_of_the_very_texts():
    found = joined(("mr",), "sst5", finding("mr", LONG, OTHER))
    (match,) = found["matches"]
    assert (match["basis"], match["counts"]["normal"]) == ("descent", 2)


def test_descent_without_a_shared_text_is_taken_back_with_a_note():
    found = joined(("mr",), "sst5", finding("mr", "Nothing of that kind was ever said."))
    assert found["state"] == "clean"
    (note,) = found["notes"]
    assert (note["trained_on"], note["kind"]) == ("mr", "texts compared")


def test_the_declared_corpus_itself_stays_marked():
    found = joined(("emobank:train",), "emobank", finding("emobank:train", "Nothing of that kind."))
    assert (found["state"], found["basis"]) == ("overlap", "declared")
    assert found["matches"][0]["counts"]["normal"] == 0


def test_a_shipped_list_stands_for_the_names_that_it_covers_and_takes_nothing_back():
    def listed(*texts):
        training = TrainingTexts("texts of mine", hashes=map(text_hash, texts), covers=("mr", "yelp"))
        return Finding(training, overlap(EVALUATED, training))

    clean = joined(("mr", "yelp"), "sst5", listed("Nothing of that kind."))
    assert clean["state"] == "overlap", "hashes of whole texts cannot find a sentence inside one"
    found = joined(("amazon-reviews",), "cr", listed(OTHER))
    assert [match["basis"] for match in found["matches"]] == ["text", "descent"]
    texts = finding("texts of mine", "Nothing of that kind.", covers=("mr", "yelp"))
    assert joined(("mr", "yelp"), "sst5", texts)["state"] == "clean"


def entry(**changes):
    plain = TextEvidence(
        model="m",
        task_id="polarity/sst5/senteval-lr/1",
        contamination=joined(("my-crawl",), "sst5", finding("my-crawl", LONG)),
        fingerprint="f",
        data="d",
        rows=3,
        shared="0",
        full={"accuracy": Metric(0.6, 0.5, 0.7)},
        clean={"accuracy": Metric(0.5)},
    )
    return replace(plain, **changes)


def test_evidence_is_kept_without_a_text(tmp_path):
    path = write_evidence(tmp_path, [entry()])
    assert path == tmp_path / FILE
    assert "ferry" not in path.read_text("utf-8")
    assert read_evidence(tmp_path) == {("m", "polarity/sst5/senteval-lr/1"): entry()}
    assert read_evidence(tmp_path)["m", "polarity/sst5/senteval-lr/1"].shared_rows.tolist() == [True, False, False]
    first = path.read_bytes()
    write_evidence(tmp_path, [entry()])
    assert path.read_bytes() == first


def record(**changes):
    facts = {"task": "polarity", "corpus": "sst5", "protocol": "senteval-lr/1", "split": "test", "seed": 0}
    plain = Record(
        model=ModelFacts(name="m", fingerprint="f"), data="d", status="ok", contamination={"state": "clean"}, **facts
    )
    return replace(plain, **changes)


def test_evidence_applies_to_the_same_weights_and_data_alone(tmp_path):
    write_evidence(tmp_path, [entry()])
    evidence = read_evidence(tmp_path)
    others = [record(data="x"), record(model=ModelFacts(name="m", fingerprint="x")), record(corpus="mr")]
    marked, *rest = apply_evidence([record(), *others], evidence)
    assert marked.contamination["state"] == "overlap"
    assert rest == others
