"""Lines of progress: where a run is, what is left, what was measured."""

from carl.watching import Pace, measurements


def test_the_time_left_follows_the_speed_since_the_start_or_the_resumption():
    now = [100.0]
    pace = Pace(20, 100, clock=lambda: now[0])
    assert pace.line(20, 300.0, {}).startswith("step 20/100   20 %  5:00 min  ")
    now[0] = 130.0
    line = pace.line(30, 330.0, {"loss": 2.5, "auc_clean": None})
    assert line == "step 30/100   30 %  5:30 min, 3:30 min left  loss 2.5"
    assert "left" not in pace.line(100, 600.0, {})


def test_development_scores_come_with_what_is_made_of_them():
    line = Pace(0, 10).line(10, 8.0, {"dev_valence_r": 0.61, "score": 0.5, "held_out_mccl": 9.0}, "the best so far")
    assert line == "step 10/10  100 %  8 s  development 0.5  valence_r 0.61  (the best so far)"


def test_measurements_stand_in_one_order():
    assert measurements({"ptd": 0.1, "loss": 1.0}) == measurements({"loss": 1.0, "ptd": 0.1}) == "loss 1  ptd 0.1"
