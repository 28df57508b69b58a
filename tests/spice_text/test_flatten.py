"""What is checked is what runs: files are read by one grammar, and ngspice reads none of them."""

import contextlib
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import spice_text
from xbar_circuit.netlist._provenance import Provenance
from xbar_circuit.spice import Op, run, simulate
from xbar_circuit.spice import _client as client
from xbar_circuit.spice._job import Command, Job

DECK = "t\nV1 a 0 1\n"
DIALECTS = simulate._DIALECTS
QUICK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def ngspice_alone(deck, folder, dialect=""):
    """Give a deck to ngspice as it is, with nothing looked at and nothing forbidden."""
    setup = simulate._setup((), dialect, folder, confined=False)
    job = Job(
        deck=deck,
        commands=(Command(text="op"),),
        wanted=None,
        folder=folder,
        seed=1,
        transient_op=False,
    )
    return client.WORKERS.run(setup, job, seconds=30.0, fresh=False)[0]


def volt(deck, folder, **options):
    return run(deck, Op(), folder=folder, **options)["v(b)"][0]


def control(proof):
    return f".control\nshell touch {proof}\n.endc\n"


@pytest.fixture
def unconfined(monkeypatch):
    """Nothing but the look at the text stands between a deck and a shell."""
    real = simulate._setup

    def setup(*words, confined=True):
        del confined
        return real(*words, confined=False)

    monkeypatch.setattr(simulate, "_setup", setup)


# --- the ways in that were found, each with its kind ------------------------------------------


def test_a_quote_in_a_name_is_refused(tmp_path, unconfined):
    (tmp_path / "a").write_text("R1 a b 1\n")
    (tmp_path / 'a"b.lib').write_text(control(tmp_path / "proof"))
    with pytest.raises(xc.ModelFileError, match="whole quotes"):
        volt(DECK + '.include a"b.lib\nR1 a b 1\nR2 b 0 1\n', tmp_path)
    assert not (tmp_path / "proof").exists()


def test_a_nested_name_is_looked_for_beside_the_file_that_has_it(tmp_path, monkeypatch):
    """ngspice alone looks in the current folder first and would simulate another model."""
    kit = tmp_path / "kit"
    kit.mkdir()
    (kit / "top.lib").write_text(".include models.lib\n")
    (kit / "models.lib").write_text("R1 a b 1k\nR2 b 0 3k\n")
    (tmp_path / "models.lib").write_text("R1 a b 1k\nR2 b 0 1k\n")
    monkeypatch.chdir(tmp_path)
    deck = DECK + ".include kit/top.lib\n"
    assert volt(deck, tmp_path) == approx(0.75, rel=1e-12)
    flat = spice_text.flatten(deck, folder=tmp_path, origin="the deck")
    assert list(flat.files) == [kit / "top.lib", kit / "models.lib"]
    assert set(Provenance.of(deck).models) == {"top.lib", "models.lib"}
    before = Provenance.of(deck).key
    (tmp_path / "models.lib").write_text("R1 a b 2k\nR2 b 0 1k\n")
    assert Provenance.of(deck).key == before
    (kit / "models.lib").write_text("R1 a b 2k\nR2 b 0 1k\n")
    assert Provenance.of(deck).key != before


@pytest.mark.parametrize(
    "end", ["\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
)
@pytest.mark.parametrize("place", ["deck", "file"])
def test_a_block_that_ends_at_another_kind_of_line_end_is_refused(tmp_path, unconfined, end, place):
    text = f".control\nset numdgt=7{end}.endc\nshell touch {tmp_path}/proof\n.endc\n"
    (tmp_path / "a.lib").write_text(text, encoding="utf-8", newline="")
    deck = DECK + (text if place == "deck" else ".include a.lib\n") + "R1 a b 1\nR2 b 0 1\n"
    with pytest.raises(xc.ModelFileError, match="control character U"):
        volt(deck, tmp_path)
    assert not (tmp_path / "proof").exists()


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-32", "utf-7", "cp500"])
def test_a_block_in_another_encoding_is_no_block(tmp_path, unconfined, coding):
    """What one reader takes for commands, no other may."""
    (tmp_path / "a.lib").write_bytes(control(tmp_path / "proof").encode(coding))
    with pytest.raises((xc.ModelFileError, xc.SimulatorError)):
        volt(DECK + ".include a.lib\nR1 a b 1\nR2 b 0 1\n", tmp_path)
    assert not (tmp_path / "proof").exists()


@pytest.mark.parametrize("place", ["deck", "include"])
def test_half_a_character_is_refused(tmp_path, place):
    """No file can hold one, the saved deck of a failure neither."""
    texts = {"deck": DECK + "R1 a b 1\n", "include": ""}
    texts[place] += "* \ud800\n"
    with pytest.raises(xc.ModelFileError, match="control character U\\+D800"):
        volt(texts["deck"], tmp_path, include=texts["include"])


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("card", [".lib a.lib", ".inc a.lib", ".incl 'a.lib'", '.INCLUDE "a.lib"'])
def test_every_dialects_include_is_looked_into(tmp_path, unconfined, dialect, card):
    (tmp_path / "a.lib").write_text(".include b.lib\n")
    (tmp_path / "b.lib").write_text(control(tmp_path / "proof"))
    with pytest.raises((xc.ModelFileError, xc.SimulatorError)):
        volt(f"{DECK}{card}\nR1 a b 1\nR2 b 0 1\n", tmp_path, compatibility=dialect)
    assert not (tmp_path / "proof").exists()


@pytest.mark.parametrize("first", [".title *ng_script", "*ng_script", ".control", "*# shell true"])
def test_a_title_is_only_a_title(tmp_path, unconfined, first):
    deck = f"{first}\nshell touch {tmp_path}/proof\n"
    with pytest.raises((xc.ModelFileError, xc.SimulatorError)):
        run(deck, Op(), folder=tmp_path)
    with pytest.raises((xc.ModelFileError, xc.SimulatorError)):
        run(f"t\n{first}\nshell touch {tmp_path}/proof\n", Op(), folder=tmp_path)
    assert not (tmp_path / "proof").exists()


@pytest.mark.parametrize(
    "text",
    [
        ".cont\n+rol\nshell touch {proof}\n.endc",
        ".cont\\\\\nrol\nshell touch {proof}\n.endc",
        ".in\n+clude a.lib",
        ".incredible a.lib",
        ".incpslt a.lib",
        ".library a.lib",
        ".libsave a.lib tt",
        ".include\n+ a.lib",
        ".include a.lib\n+ more",
        ".include a.lib more",
        ".include 'a.lib",
        ".include \"a.lib'",
        ".include",
        ".lib",
        ".lib a.lib 'tt",
        ".lib tt\nR3 a b 1",
        ".endl",
        "@ shell",
        "*#shell touch {proof}",
        "* # shell touch {proof}",
        "R3 a b 1 \\\\\n.include a.lib",
    ],
)
def test_what_is_not_understood_is_refused(tmp_path, unconfined, text):
    proof = tmp_path / "proof"
    (tmp_path / "a.lib").write_text(control(proof))
    with pytest.raises((xc.ModelFileError, xc.SimulatorError)):
        volt(f"{DECK}{text.format(proof=proof)}\nR1 a b 1\nR2 b 0 1\n", tmp_path)
    assert not proof.exists()


# fmt: off
WORDS = [
    ".include", ".inc", ".lib", ".LIB", ".incl", ".control", ".cont", "rol", ".endc", ".endl",
    "a.lib", "'a.lib'", '"a.lib"', 'a"b', "tt", "'tt'", "*#", "*", "+", "$", ";", "//", "\\\\",
    "'", '"', "@", ".end", "shell touch proof", "set numdgt=7", ".title *ng_script",
    "\r\n", "\n", "\n", "\n", " ", " ", "\t", "\r", "\v", "\f", "\x85", "\u2028", "\xa0", "\0",
]
# fmt: on
PIECES = st.sampled_from(WORDS)


@QUICK
@given(
    text=st.lists(PIECES, max_size=12).map("".join),
    inner=st.lists(PIECES, max_size=8).map("".join),
    dialect=st.sampled_from(DIALECTS),
)
def test_no_text_gets_to_a_shell(tmp_path, unconfined, text, inner, dialect):
    """Whatever is written: the shell's proof never appears, and nothing but our errors does."""
    (tmp_path / "tt").write_text(control(tmp_path / "proof"))
    (tmp_path / "a").write_text(control(tmp_path / "proof"))
    (tmp_path / 'a"b').write_text(control(tmp_path / "proof"))
    (tmp_path / "a.lib").write_text(f".lib tt\n{inner}\n.endl\n{inner}\n", newline="")
    deck = f"{DECK}R1 a b 1\nR2 b 0 1\n{text}\n"
    with contextlib.suppress(xc.XbarError):
        run(deck, Op(), folder=tmp_path, compatibility=dialect, time_limit_second=20.0)
    assert not (tmp_path / "proof").exists()
    assert not Path("proof").exists()


@QUICK
@given(
    text=st.lists(PIECES, max_size=14).map("".join),
    allowed=st.booleans(),
    dialect=st.sampled_from(DIALECTS),
)
def test_what_is_returned_has_no_references_left(tmp_path, text, allowed, dialect):
    (tmp_path / "a.lib").write_text(".lib tt\nR1 a b 1\n.endl\n")
    (tmp_path / "tt").write_text("R1 a b 1\n")
    try:
        flat = spice_text.flatten(
            text, folder=tmp_path, origin="t", dialect=dialect, allow_control=allowed
        )
    except xc.ModelFileError:
        return
    for part in (flat.text, *flat.pieces.values()):
        for line in part.split("\n"):
            word = line.strip(" \t").lower()
            assert not any(ord(c) < 32 and c != "\t" for c in line)
            if not allowed:
                assert not word.startswith((".lib", ".con", ".endc", ".endl", "*", "@", ".title"))
                assert not word.startswith(".inc") or word.split('"')[1] in flat.pieces
                assert not word.endswith("\\\\")


# --- and what is right stays right --------------------------------------------------------------


def test_a_deck_may_begin_with_an_empty_line():
    for lines in ("\n", "\n\n", "title\n", "\r\n"):
        deck = f"{lines}V1 a 0 1\nR1 a b 1k\nR2 b 0 1k\n"
        assert run(deck, Op())["v(b)"] == approx([0.5], rel=1e-12)


def test_a_first_line_that_is_no_title_is_not_lost_silently(tmp_path):
    (tmp_path / "r.lib").write_text("R2 b 0 1k\n")
    with pytest.raises(xc.ModelFileError, match="first line of a deck"):
        volt(".include r.lib\nV1 a 0 1\nR1 a b 1k\n", tmp_path)
    deck = ".title mine\nV1 a 0 1\nR1 a b 1k\nR2 b 0 1k\n"
    assert volt(deck, tmp_path) == approx(0.5, rel=1e-12)


@pytest.mark.parametrize(
    "card",
    [
        '.include "a folder/x.spice"',
        "  .inc 'a folder/x.spice' ; a comment",
        ".INCLUDE $GUARD_ROOT/x.spice",
        ".include ${GUARD_ROOT}/x.spice $ a comment",
        ".include ~/x.spice // a comment",
        ".lib 'a folder/sections.lib' TT",
        ".lib 'a folder/sections.lib' 'tt' $ corner",
        '.lib "$GUARD_ROOT/sections.lib" "tt";corner',
        ".lib 'a folder/nested.lib' typical",
    ],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_kits_write_is_read(tmp_path, monkeypatch, card, mark, end):
    folder = tmp_path / "a folder"
    folder.mkdir()
    files = {
        "x.spice": "*#######################\n* \u00b5m\n.global vdd\n\nR1 a b 1k ; one\n\tR2 b 0\n"
        "* between\n+ 3k $ three\n.end\n",
        "sections.lib": ".lib ff\nR1 a b 9k\n.include nowhere.lib\n.endl ff\n"
        ".LIB TT ; typical\n.include 'x.spice'\n.endl\n",
        "nested.lib": "* a kit\n.lib typical\n.lib 'sections.lib' tt\n.ENDL typical\n",
    }
    for name, text in files.items():
        content = mark + text.replace("\n", end)
        encoding = "utf-8" if mark or end == "\n" else "cp1252"
        (folder / name).write_bytes(content.encode(encoding))
    monkeypatch.setenv("GUARD_ROOT", str(folder))
    monkeypatch.setenv("HOME", str(folder))
    real = client.WORKERS.run
    monkeypatch.setattr(client.WORKERS, "run", _after(lambda: shutil.rmtree(folder), real))
    deck = f"{DECK}{card}\n"
    assert volt(deck, tmp_path) == approx(0.75, rel=1e-12)
    assert not folder.exists()  # ngspice did not need it


def _after(first, then):
    def both(*words, **options):
        first()
        return then(*words, **options)

    return both


@pytest.mark.parametrize("dialect", ["ps", "psa", "lt", "lta", "ltps", "ltpsa"])
def test_a_foreign_dialects_library_is_translated_as_ngspice_would(tmp_path, monkeypatch, dialect):
    """Their `.lib FILE` includes; without the `a` ngspice translates only included files."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "r.lib").write_text(".subckt r2 a b\nR1 a b {2*1k}\n.ends\n")
    (tmp_path / "top.lib").write_text(".lib sub/r.lib\n.param unused=1\n")
    deck = f"{DECK}.lib top.lib\nX1 a b r2\nR2 b 0 2k\n.end\n"
    alone = ngspice_alone(deck, tmp_path, dialect)
    right = dict(zip(alone.plots[0][0].names, alone.plots[0][0].values, strict=True))["b"]
    assert right == approx([0.5], rel=1e-9)
    assert volt(deck, tmp_path, compatibility=dialect) == approx(right[0], rel=1e-12)


NAMES = ("r.lib", "sub/r.lib", "sub/deep/r.lib", "other.inc")


@QUICK
@given(
    values=st.lists(st.integers(1, 9), min_size=4, max_size=4),
    calls=st.lists(st.integers(0, 3), min_size=3, max_size=3),
    quote=st.sampled_from(["", "'", '"']),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_the_same_circuit_as_ngspice_alone_reads(tmp_path, values, calls, quote, end):
    """Absolute names leave no doubt which file is meant: then both must read the same."""
    for k, (name, value) in enumerate(zip(NAMES, values, strict=True)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = f"* file {k}\nR{k} b 0\n+ {value}k ; load\n"
        if k < 3 and calls[k] > k:
            text += f".include {quote}{tmp_path / NAMES[calls[k]]}{quote}\n"
        path.write_text(text.replace("\n", end), newline="")
    deck = f"{DECK}R9 a b 1k\n.include {quote}{tmp_path / NAMES[0]}{quote}\n.end\n"
    alone = ngspice_alone(deck, tmp_path)
    right = dict(zip(alone.plots[0][0].names, alone.plots[0][0].values, strict=True))["b"]
    assert volt(deck, tmp_path) == approx(right[0], rel=1e-12)


def test_an_unset_variable_and_a_missing_section_are_named(tmp_path):
    with pytest.raises(xc.ModelFileError, match="set GUARD_UNSET to the folder"):
        volt(DECK + ".include $GUARD_UNSET/x.lib\n", tmp_path)
    (tmp_path / "s.lib").write_text(".lib tt\nR1 a b 1\n.endl\n.lib ff\nR1 a b 2\n.endl\n")
    with pytest.raises(xc.ModelFileError, match=r"a section of .*s\.lib: tt, ff"):
        volt(DECK + ".lib s.lib ss\n", tmp_path)
    with pytest.raises(xc.ModelFileError, match="one of its sections: tt, ff"):
        volt(DECK + ".include s.lib\n", tmp_path)


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/stdin", ".", "x" * 300, "a\\0b"])
def test_what_is_no_file_is_refused(tmp_path, name):
    with pytest.raises(xc.ModelFileError):
        volt(f'{DECK}.include "{name}"\n', tmp_path)


def test_a_flood_of_includes_ends(tmp_path):
    """Thirty files, each including the next one twice: a billion lines."""
    for k in range(30):
        (tmp_path / f"{k}.lib").write_text(f".include {k + 1}.lib\n" * 2)
    (tmp_path / "30.lib").write_text("R1 a b 1k\n" * 1000)
    with pytest.raises(xc.ModelFileError, match="characters"):
        volt(DECK + ".include 0.lib\n", tmp_path)


def test_statements():
    text = (
        "* c\n.subckt amp inp out // the ports\n+ w='2 * l' $ width\n# x\n+ l=1u;length\n"
        "Rx a$b c 1k ,$ d\n.param s='a;b'\n"
    )
    assert list(spice_text.statements(text)) == [
        ".subckt amp inp out w='2 * l' l=1u",
        "Rx a$b c 1k ,",
        ".param s='a;b'",
    ]
    assert spice_text.declared_sections(".lib tt\n.endl\n.LIB 'f f' ;x\n.lib a.lib tt\n") == (
        "tt",
        "f f",
    )
