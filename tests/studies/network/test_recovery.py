"""What wire-aware programming recovers."""

import json

import numpy as np
import pytest

from closeness import approx
from xbar_circuit import XbarError
from xbar_circuit.cli import main
from xbar_circuit.plots.recovery import draw_recovery
from xbar_circuit.runs.items import Item, ItemFailure, ItemOutcome
from xbar_circuit.studies.network.recovery import (
    Recovery,
    RecoveryPoint,
    recovery_of,
    recovery_point,
)

SAME = {"error_mapped": 0.1, "error_aware": 0.0, "signal": 0.9, "least_signal": 0.5, "clipped": 0}


def point(ohm, mapped, aware):
    return RecoveryPoint(ohm=ohm, mapped_by_chip=(mapped,), aware_by_chip=(aware,), **SAME)


def test_the_limit_is_where_one_point_is_lost():
    points = (point(0.0, 0.9, 0.9), point(2.0, 0.895, 0.9), point(4.0, 0.875, 0.896))
    study = Recovery(digital_accuracy=0.91, images=100, points=points)
    assert study.limit_ohm(aware=False) == approx(2.5)  # 0.5 points at 2, 2.5 at 4
    assert study.limit_ohm(aware=True) == 4.0
    lost = (point(0.0, 0.9, 0.8), point(1.0, 0.9, 0.8))
    assert Recovery(digital_accuracy=0.91, images=100, points=lost).limit_ohm(aware=True) is None


def test_points_are_averaged_over_chips_and_failures_are_told():
    def outcome(ohm, accuracy, failure=None):
        value = {"digital_accuracy": 0.9, "accuracy_mapped": accuracy, "accuracy_aware": 0.9}
        value |= {"images": 50.0}
        item = Item(name=f"{ohm} {accuracy}", arguments={"ohm": ohm})
        return ItemOutcome(item=item, value=value | SAME, failure=failure)

    study = recovery_of([outcome(5.0, 0.5), outcome(1.0, 0.8), outcome(5.0, 0.7)])
    assert [p.ohm for p in study.points] == [1.0, 5.0]
    assert study.points[1].mapped == approx(0.6)
    assert study.points[1].mapped_by_chip == (0.5, 0.7)
    assert study.images == 50
    with pytest.raises(XbarError, match="RuntimeError"):
        recovery_of([outcome(1.0, 0.8, ItemFailure(kind="RuntimeError", message="x"))])


def test_the_command_recovers_what_strong_wires_cost(tmp_path):
    words = [
        "wire-aware",
        "--segment-ohm",
        "0",
        "--segment-ohm",
        "20",
        "--seeds",
        "1",
        "--images",
        "100",
    ]
    with pytest.raises(SystemExit) as leaving:
        main([*words, "--pcm", "exact", "--workers", "1", "--out", str(tmp_path)])
    assert not leaving.value.code
    summary = json.loads((tmp_path / "summary.json").read_text())
    ideal, wired = summary["points"]
    assert ideal["aware"] == ideal["mapped"]
    assert wired["mapped"] < ideal["mapped"] - 0.05
    assert wired["aware"] > ideal["mapped"] - 0.02
    assert wired["error_aware"] < 0.01 * wired["error_mapped"]
    assert summary["limit_ohm_as_mapped"] < 20.0
    assert {"index.html", "wire_aware.png", "results.nc"} <= {p.name for p in tmp_path.iterdir()}


def test_without_wires_both_chips_are_the_same():
    found = recovery_point(
        rng=np.random.default_rng(1),
        ohm=0.0,
        images=100,
        calibration_images=16,
        **{"pcm.preset": "joshi2020"},
    )
    assert found["accuracy_mapped"] == found["accuracy_aware"]
    assert found["signal"] == 1.0


def test_one_resistance_is_drawn_as_bars(tmp_path):
    one = Recovery(digital_accuracy=0.91, images=100, points=(point(2.0, 0.7, 0.9),))
    draw_recovery(one, tmp_path / "one.png")  # tests/conftest.py refuses an axis of a single dot
    assert (tmp_path / "one.png").stat().st_size > 1000
