"""The same numbers whatever the BLAS kernel, the number of threads and the batch."""

import os
import subprocess
import sys

import numpy as np

import xbar_circuit as xc

SCRIPT = """
import sys
import numpy as np
import xbar_circuit as xc

rng = np.random.default_rng(3)
g, wires = rng.uniform(1e-6, 25e-6, (2, 96, 80)), xc.Wires(row_ohm=5.0, column_ohm=7.0)
volts = rng.uniform(0.0, 0.2, (3, 96))
linear = xc.Crossbar(conductance=g[0], wires=wires)
sinh = xc.Crossbar(conductance=g[0], wires=wires, cell=xc.devices.Sinh(v0_volt=0.1))
np.savez(
    sys.argv[1],
    tiles=xc.nodal.transfer_tiles(g, wires=wires),
    lines=xc.nodal.read(linear, volts[:1]).column_current,
    many=xc.nodal.prepare(linear).read(volts).column_current,
    sinh=xc.nodal.read(sinh, volts).column_current,
)
"""


def test_blas_kernels_and_threads_change_no_number_beyond_rounding(tmp_path):
    found = []
    for kernel, count in (("Haswell", 1), ("Nehalem", 2)):
        path = tmp_path / f"{kernel}.npz"
        settings = {"OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": str(count)}
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(path)], env=os.environ | settings, check=True
        )
        found.append(np.load(path))
    for name in found[0].files:
        full = np.abs(found[0][name]).max()
        np.testing.assert_allclose(found[1][name], found[0][name], rtol=0, atol=1e-12 * full)


def test_alone_and_in_a_batch_a_sample_is_the_same_within_rounding():
    rng = np.random.default_rng(4)
    g, volts = rng.uniform(1e-6, 25e-6, (70, 60)), rng.uniform(-0.2, 0.2, (40, 70))
    for cell in (xc.devices.Ohmic(), xc.devices.Sinh(v0_volt=0.1)):
        xbar = xc.Crossbar(conductance=g, wires=xc.Wires(row_ohm=5.0, column_ohm=7.0), cell=cell)
        together = xc.nodal.read(xbar, volts)
        full = np.abs(together.device_current).sum(axis=1)
        for k in (0, 39):
            alone = xc.nodal.read(xbar, volts[k]).column_current[0]
            assert (np.abs(alone - together.column_current[k]) <= 1e-12 * full[k]).all()
