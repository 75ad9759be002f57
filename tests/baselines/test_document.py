from __future__ import annotations

from pathlib import Path

from baselines.document import encoder_classes, page

PAGE = Path(__file__).parents[2] / "docs" / "encoders.md"


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m baselines.document > docs/encoders.md"


def test_every_encoder_has_its_answers() -> None:
    sections = {part.split(":")[0]: part for part in page().split("\n### ")[1:]}
    assert set(sections) == {one.card.name for one in encoder_classes()}
    for name, section in sections.items():
        for label in ("Weights", "Vector", "Extras", "Trained on", "Licence"):
            assert f"| {label} | " in section, (name, label)
    assert "sstphrase.bin" in sections["sentibert"]
    assert "579436ac2acc003d1f0cbb2ac771aa0461a60343" in sections["bert-pt-rest"]
    assert "extra missing" in sections["sentilare"]
