"""Text that runs commands is refused before it reaches the simulator."""

import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.spice import Op, run

DECK = "t\nV1 a 0 1\nR1 a 0 1\n"


@pytest.mark.parametrize(
    "text",
    [
        ".control\nshell touch {proof}\n.endc",
        "  .CONTROL\nshell touch {proof}\n.endc",
        ".controlled\nshell touch {proof}\n.endc",
        "R2 a 0 1\r.control\rshell touch {proof}\r.endc",
        "\v.control\nshell touch {proof}\n.endc",
        "R2 a 0 1\u2028.control\u2028shell touch {proof}\u2028.endc",
        "*# shell touch {proof}",
        ".control\nset numdgt=15\nshell touch {proof}\n.endc",
        ".model m d_process(process_file={proof})",
        ".model m d_cosim(simulation={proof})",
    ],
)
@pytest.mark.parametrize("place", ["deck", "include", "file", "file in a file", "library section"])
def test_commands_are_refused_wherever_they_stand(tmp_path, text, place):
    proof = tmp_path / "proof"
    text = text.format(proof=proof)
    (tmp_path / "inner.lib").write_text(f"* models\n.lib typical\n{text}\n.endl\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "outer.inc").write_text('.include "../inner.lib"\n')
    deck, include = DECK, ""
    if place == "deck":
        deck += text
    elif place == "include":
        include = text
    elif place == "file":
        include = ".include inner.lib"
    elif place == "file in a file":
        include = ".inc 'sub/outer.inc'"
    else:
        include = f".LIB {tmp_path}/inner.lib typical ; corner"
    with pytest.raises(xc.ModelFileError, match=r"allow_control|control character"):
        run(deck, Op(), include=include, folder=tmp_path)
    assert not proof.exists()


def test_a_script_instead_of_a_deck_is_refused(tmp_path):
    with pytest.raises(xc.ModelFileError):
        run(f"*ng_script\nshell touch {tmp_path}/proof\n", Op())
    assert not (tmp_path / "proof").exists()


def test_commands_run_when_allowed(tmp_path):
    control = f".control\nshell touch {tmp_path}/proof\n.endc"
    assert run(DECK + control, Op(), allow_control=True)["a"] == approx([1.0])
    assert (tmp_path / "proof").exists()


def test_our_own_decks_are_not_refused():
    xbar = xc.Crossbar(conductance=[[1e-5]], wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    answer = run(xc.netlist.deck(xbar, [0.2]))
    assert answer["i(Vbottom_0)"] == approx([0.2 / (1e5 + 3.0)], rel=1e-12)


def test_a_missing_include_is_named(tmp_path):
    with pytest.raises(xc.ModelFileError, match=r"models\.lib.*folder="):
        run(DECK + ".include models.lib\n", Op(), folder=tmp_path)
    (tmp_path / "models.lib").write_text('.include "deeper.lib"\n')
    with pytest.raises(
        xc.ModelFileError, match=r"models\.lib, line 1: .* include of 'deeper\.lib'"
    ):
        run(DECK + ".include models.lib\n", Op(), folder=tmp_path)
    with pytest.raises(xc.ModelFileError, match="folder"):
        run(DECK, Op(), folder=tmp_path / "nowhere")


def test_a_broken_include_is_refused_by_the_simulator(tmp_path):
    (tmp_path / "broken.lib").write_text(".subckt half a b\nR1 a b 1k\n")
    with pytest.raises(xc.SimulatorError):
        run(DECK + "X1 a b half\n.include broken.lib\n", Op(), folder=tmp_path)


def test_files_that_include_each_other_end(tmp_path):
    (tmp_path / "one.lib").write_text(".include two.lib\n")
    (tmp_path / "two.lib").write_text(".include one.lib\n")
    with pytest.raises(xc.ModelFileError, match="includes itself"):
        run(DECK + ".include one.lib\n", Op(), folder=tmp_path)


def test_includes_and_sections_work(tmp_path):
    (tmp_path / "corner.lib").write_text(
        ".lib slow\n.param r=2k\n.endl\n.lib fast\n.param r=1k\n.endl\n"
    )
    (tmp_path / "half.inc").write_text(".subckt half a b\nR1 a b {r}\nR2 b 0 1k\n.ends\n")
    deck = "t\nV1 a 0 1\nX1 a b half\n.inc half.inc\n.lib 'corner.lib' slow\n"
    assert run(deck, Op(), folder=tmp_path)["b"] == approx([1 / 3])
