"""Options over all verbs: one word, one meaning, one type; one seed."""

import json
from collections import defaultdict
from pathlib import Path

import pytest
import typer

from xbar_circuit import cli
from xbar_circuit.cli._options import SEED

#: Verbs that draw nothing: there is no seed in them.
NOTHING_DRAWN = {
    *("cells", "check", "demo", "doctor", "explore", "export"),
    *("import-settings", "mapping", "read"),
}
#: Verbs whose file says the seeds.
SEEDS_IN_A_FILE = {"sweep"}
#: Options that have another name for the same thing elsewhere, and that must not come back.
GONE = {
    *("--tiles", "--model", "--models", "--section", "--kelvin", "--technology", "--body"),
    *("--ohm", "--volt", "--largest", "--vectors", "--width-um", "--length-um", "--g-max"),
}
#: The meaning of the words that were used for several things, as their help begins.
MEANINGS = {
    "--architecture": "Published numbers",
    "--array": "Array in the deck",
    "--bits": "Resolution of the",
    "--celsius": "Temperature [degree Celsius]",
    "--corner": "Section of the model library",
    "--library": "Transistor library: FILE or FILE:SECTION",
    "--seed": "Seed of the random generator",
    "--seeds": "Number of chips",
    "--size": "Rows and columns of the array",
    "--tile": "Rows and columns of a tile",
    "--tile-budget": "Replicate slow layers",
}
#: Resolutions are a list where designs are compared.
SEVERAL = {("design", "--bits"), ("ir-drop", "--size")}


def commands():
    """Yield the name and the command of every verb and of every part of one."""
    group = typer.main.get_command(cli.app)
    for name in cli.verbs():
        verb = group.get_command(None, name)
        for part, command in getattr(verb, "commands", {"": verb}).items():
            yield f"{name} {part}".strip(), command


COMMANDS = dict(commands())


def options():
    for verb, command in COMMANDS.items():
        for option in command.params:
            if option.param_type_name == "option":
                yield verb, option


def kind(option):
    if not hasattr(option, "type_descriptor"):
        return str(option.type), option.multiple
    kinds = str(option.type_descriptor.annotation)
    return kinds.replace("typing.Optional[", "").replace(" | None", "").rstrip("]"), option.multiple


def plain(text):
    return text.replace("\\[", "[")


def test_an_option_is_one_thing_in_every_verb():
    seen = defaultdict(set)
    for verb, option in options():
        if (verb, option.opts[0]) not in SEVERAL:
            seen[option.opts[0]].add((plain(option.help), *kind(option)))
    assert not {name: found for name, found in seen.items() if len(found) > 1}


def test_words_mean_what_the_table_says():
    found = {option.opts[0]: plain(option.help) for _, option in options()}
    assert set(MEANINGS) <= set(found)
    wrong = {n: h for n, h in found.items() if n in MEANINGS and not h.startswith(MEANINGS[n])}
    assert not wrong
    assert not GONE & set(found)


def test_a_list_is_an_option_that_is_repeated():
    for verb, option in options():
        text = plain(option.help)
        if option.multiple:
            assert "repeat for several" in text or "repeat for each channel" in text, text
        assert "comma" not in text, (verb, option.opts)


def test_what_is_drawn_has_a_seed_with_one_default():
    without = {
        verb
        for verb, command in COMMANDS.items()
        if "--seed" not in {option.opts[0] for option in command.params}
    }
    assert without == NOTHING_DRAWN | SEEDS_IN_A_FILE
    # None: the seed of the file that --config names, whose default is the same
    assert {option.default for _, option in options() if option.opts[0] == "--seed"} <= {SEED, None}


def test_a_verb_that_takes_a_network_takes_every_network():
    """Several outputs, open sizes and inputs that are constants are said in the same words."""
    found = {}
    for verb, command in COMMANDS.items():
        if any(p.param_type_name == "argument" and p.name == "network" for p in command.params):
            found[verb] = {option.opts[0] for option in command.params}
    assert {"check", "mapping", "infer", "cost", "design", "wire-aware", "placement"} <= set(found)
    assert {"temperature", "compare-readouts", "fine-tune"} <= set(found)
    for verb, names in found.items():
        assert {"--output", "--shape", "--constant"} <= names, verb
        assert "--data" not in names or {"--divide", "--mean", "--std"} <= names, verb


def test_every_verb_writes_into_a_folder_of_its_own():
    folders = [option.default for _, option in options() if option.opts[0] == "--out"]
    named = [folder for folder in folders if folder is not None]
    assert len(named) == len(set(named))
    assert all(folder.parts[0] == "out" for folder in named)


def test_each_circuit_has_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in (["ramp", "--bits", "4"], ["cyclic", "--bits", "4"]):
        with pytest.raises(SystemExit, match="0"):
            cli.main(["--quiet", "characterize", "converter", *words])
    found = sorted(p.parent.name for p in Path("out").rglob("summary.json"))
    assert found == ["cyclic", "ramp"]


@pytest.mark.parametrize(
    ("circuit", "own", "folder"),
    [
        ("behavioural", None, "behavioural"),
        ("transistor", None, "transistor"),
        ("behavioural", "opamp.lib:my_opamp", "my_opamp"),
        ("behavioural", "kits/opamp.lib:../up", "_up"),
        ("sar", "latch.lib:my_latch", "sar"),
    ],
)
def test_a_circuit_of_ones_own_has_a_folder_of_its_name(circuit, own, folder):
    assert cli._folder_of({"circuit": circuit, "subcircuit": own}) == folder


@pytest.mark.parametrize("verb", ["design", "wire-aware"])
def test_unknown_devices_are_refused_by_their_option(verb, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        cli.main([verb, "--pcm", "exakt"])
    assert left.value.code == 2
    assert "--pcm: got 'exakt'" in capsys.readouterr().err


def test_devices_of_a_study_may_be_exact(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--quiet", "design", "--pcm", "exact", "--images", "1", "--segment-ohm", "0",
                  "--workers", "1", "--bits", "8", "--devices-per-sign", "1",
                  "--tile", "256"])  # fmt: skip
    (one,) = json.loads(Path("out/design/summary.json").read_text(encoding="utf-8"))
    assert one["bits"] == 8


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("read", "G.csv", "--row-ohm", "-1"), "--row-ohm"),
        (("read", "G.csv", "--device-law", "sinh", "--v0-volt", "0"), "--v0-volt"),
        (("export", "G.csv", "--column-farad", "-1"), "--column-farad"),
        (("export", "G.csv", "--unit-siemens", "0"), "--unit-siemens"),
        (("read", "G.csv", "--unit-siemens", "0"), "--unit-siemens"),
        (("language", "--compensation", "some"), "--compensation"),
        (("ir-drop", "--width-metre", "-1"), "--width-metre"),
        (("wire-aware", "--tile", "8", "--tile", "16"), "--tile"),
        (("characterize", "integrator", "--farad", "-1"), "--farad"),
    ],
)
def test_a_refusal_names_the_option_that_was_typed(words, option, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("G.csv").write_text("1e-6,2e-6\n3e-6,4e-6\n", encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        cli.main(list(words))
    assert left.value.code == 2
    assert f"Error: {option}: got" in capsys.readouterr().err
