from click.testing import CliRunner

from harness.cli import bench


def test_what_has_no_weights_says_so() -> None:
    result = CliRunner().invoke(bench, ["weights", "lexicon"])
    assert (result.exit_code, result.output) == (0, "lexicon: no weights to fetch\n")
