"""What the generator writes changes only on purpose.

The snapshots are what a reader of the repository opens to see a deck; a change of a single
character shows in review. ``pytest tests/netlist --rewrite-decks`` writes them anew.
"""

from pathlib import Path

import numpy as np
import pytest

import xbar_circuit as xc

FOLDER = Path(__file__).resolve().parents[2] / "netlists" / "generated"
CONDUCTANCE = np.array([[10e-6, 20e-6, 0.0], [2.5e-6, 5e-6, 25e-6]])

CASES = {
    "two_by_three": (
        xc.Crossbar(conductance=CONDUCTANCE, wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)),
        [0.1, 0.2],
    ),
    "two_by_three_batch": (
        xc.Crossbar(conductance=CONDUCTANCE, wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)),
        [[0.1, 0.2], [0.0, -0.2]],
    ),
    "ideal": (
        xc.Crossbar(conductance=CONDUCTANCE, wires=xc.Wires(row_ohm=0.0, column_ohm=0.0)),
        [0.1, 0.2],
    ),
    "sinh_all_ends": (
        xc.Crossbar(
            conductance=CONDUCTANCE,
            wires=xc.Wires(
                row_ohm=1.0, column_ohm=2.0, row_lead_ohm=0.0, row_farad=2e-16, column_farad=3e-16
            ),
            terminals=xc.Terminals(left_ohm=50.0, right_ohm=0.0, bottom_ohm=30.0, top_ohm=10.0),
            cell=xc.devices.Sinh(v0_volt=0.1),
        ),
        [0.1, 0.2],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_deck_is_as_it_was(name, rewrite):
    text = xc.netlist.deck(*CASES[name])
    path = FOLDER / f"{name}.cir"
    if rewrite:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


def test_every_snapshot_has_its_case():
    assert {path.stem for path in FOLDER.glob("*.cir")} == set(CASES)
