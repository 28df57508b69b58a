"""A stranger brings a circuit, with nothing but the README and its page on own circuits at hand."""

import re
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "docs/howto/own_circuit.md")

# her own kit: square-law transistors at two corners
PDK = """* my_pdk.lib
.lib tt
.model nch nmos level=1 vto=0.35 kp=300u lambda=0.1
.model pch pmos level=1 vto=-0.35 kp=120u lambda=0.1
.endl tt
.lib ss
.model nch nmos level=1 vto=0.38 kp=270u lambda=0.1
.model pch pmos level=1 vto=-0.38 kp=108u lambda=0.1
.endl ss
"""

# her own order of ports, names and style: a mirror-loaded pair and a common source
AMP = """* my_amp.lib
.SUBCKT MY_AMP VDD VOUT INN INP VSS
+ params: dvt=0    ; threshold shift of one input
Iref VDD nb 50u
M0 nb nb VSS VSS nch W=5u L=0.5u
M5 tail nb VSS VSS nch W=20u L=0.5u
Voff g1 INN DC {dvt}
M1 d1 g1 tail VSS nch W=40u L=0.2u
M2 d2 INP tail VSS nch W=40u L=0.2u
M3 d1 d1 VDD VDD pch W=20u L=0.2u
M4 d2 d1 VDD VDD pch W=20u L=0.2u
M6 VOUT d2 VDD VDD pch W=320u L=0.2u
M7 VOUT nb VSS VSS nch W=160u L=0.5u
Rz d2 z 400
Cc z VOUT 0.5p
.ENDS
"""


def blocks():
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def test_a_circuit_written_from_the_readme_is_characterised(tmp_path, monkeypatch):
    (tmp_path / "my_pdk.lib").write_text(PDK)
    (tmp_path / "my_amp.lib").write_text(AMP)
    monkeypatch.chdir(tmp_path)
    space = {}
    code = blocks()
    first = next(k for k, block in enumerate(code) if "xc.Crossbar(" in block)
    for block in (code[first], *(b for b in code if "characterize_amplifier" in b)):
        exec(compile(block, "own_circuit.md", "exec"), space)
    report = space["report"]
    assert abs(report.gain_error) < 0.05
    assert 40.0 < report.phase_margin_degree < 120.0
    assert 1e-9 < report.settling_second < 100e-9
    assert len(report.variations) == 2 * 2 * 2
    assert not any(v.failure for v in report.variations)
    # the shift that was put in comes out, times the noise gain, at every corner
    for corner in ("tt", "ss"):
        two = [v for v in report.variations if v.corner == corner and v.celsius == 27.0]
        put_in = two[0].parameters["dvt"] - two[1].parameters["dvt"]
        came_out = two[0].merits["offset_volt"] - two[1].merits["offset_volt"]
        ohm = 1.0 / space["xbar"].conductance[:, 0].sum()
        np.testing.assert_allclose(abs(came_out), abs(put_in) * (1 + 4e3 / ohm), rtol=0.1)
    assert (tmp_path / "out" / "my_amp" / "decks" / "transfer.cir").exists()
