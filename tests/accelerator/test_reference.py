"""The accelerator file explained: an example that reads, a schema that checks, a page in step."""

import itertools
import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from xbar_circuit import ParameterError, XbarError, cli
from xbar_circuit._schema import Table
from xbar_circuit.accelerator._parts import PARTS, PCM_PRESETS
from xbar_circuit.accelerator._reference import example_toml, json_schema, reference_page
from xbar_circuit.accelerator.settings import InferenceSettings, from_dictionary, settings_table
from xbar_circuit.cli import infer
from xbar_circuit.peripherals.converters import CONVERTERS
from xbar_circuit.studies.sweep.plan import study_page

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"
EXAMPLE = example_toml()


def test_the_example_says_the_defaults():
    content = tomllib.loads(EXAMPLE)
    assert from_dictionary(content) == InferenceSettings()
    assert {"accelerator", "layers", "run"} <= set(content)
    assert set(content["accelerator"]) >= {"rows", "cols", "synapse", "wires", "digital", "model"}


def keys(model, path=""):
    """Yield every key of every table that a model can hold, once for each kind of table."""
    for key, field in model.model_fields.items():
        yield key
        for table in tables(field.annotation):
            if table is not model and path.count(".") < 4:
                yield from keys(table, f"{path}.{key}")


def tables(annotation):
    if isinstance(annotation, type) and issubclass(annotation, Table):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from tables(part)


def test_every_key_of_every_kind_is_in_the_example():
    words = set(EXAMPLE.replace("=", " ").replace("[", " ").replace("]", " ").split())
    missing = {key for key in keys(settings_table()) if key not in words}
    missing -= {name for name in missing if f".{name}" in EXAMPLE}  # tables in tables
    assert missing <= {"file", "split", "below", "above"}  # of curves, which stand in one line
    for kinds in (*PARTS.values(), CONVERTERS):
        for kind in kinds:
            assert f'"{kind}"' in EXAMPLE or kind in {"piecewise"}
    for preset in PCM_PRESETS:
        assert f'"{preset}"' in EXAMPLE


def test_numbers_have_a_unit_and_every_key_a_meaning():
    lines = EXAMPLE.splitlines()
    last = ""
    for before, line in itertools.pairwise(lines):
        if line.startswith("#"):
            continue
        key = line.partition(" =")[0]
        last = before if before.startswith("#") else last
        if " = " in line and key not in {"kind"}:
            assert last.startswith("#"), line
        if key.endswith("_ohm") and before.startswith("#"):
            paragraph = "".join(lines[max(0, lines.index(line) - 4) : lines.index(line)])
            assert "[ohm]" in paragraph, line


def test_the_schema_for_editors_agrees_with_what_is_read():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    json.dumps(schema, allow_nan=False)
    right = (
        EXAMPLE,
        'accelerators.wide.readout.converter.bits = 10\nlayers.a = "wide"\nlayers.b.rows = 64',
        'accelerator.readout.converter.bits = "exact"',
        'pcm.read_curve = { kind = "polynomial", coefficients = [0.1] }',
        'accelerator.readout = { chain = "sar", bits = 6 }',
    )
    for text in right:
        content = tomllib.loads(text)
        assert not list(validator.iter_errors(content)), text
        from_dictionary(content)
    wrong = (
        "run.seconds = 25",
        "accelerator.wires = 1.0",
        'accelerator.synapse.cell = "sinh"',
        'pcm = "joshi2020"',
        'run.wire_aware = "yes"',
        "accelerator.row = 3",
        'run.architecture = "isac"',
        'accelerator.driver = { kind = "sinh" }',
        "layers.a.row = 3",
    )
    for text in wrong:
        content = tomllib.loads(text)
        assert list(validator.iter_errors(content)), text
        with pytest.raises(XbarError):
            from_dictionary(content)


def test_the_pages_are_in_step_with_the_schema():
    """``make docs`` writes them anew."""
    assert (DOCS / "accelerator_file.md").read_text("utf-8") == reference_page()
    assert (DOCS / "study_file.md").read_text("utf-8") == study_page()


def test_the_command_writes_it_with_its_schema_and_never_over_a_file(tmp_path, capsys):
    place = tmp_path / "mine.toml"
    with pytest.raises(SystemExit) as left:
        cli.main(["infer", "--write-config", str(place)])
    assert left.value.code == 0
    assert place.read_text("utf-8") == example_toml("mine.schema.json")
    assert json.loads((tmp_path / "mine.schema.json").read_text("utf-8")) == json_schema()
    assert "mine.toml" in capsys.readouterr().out
    with pytest.raises(ParameterError, match="which already exists"):
        infer._write_config(place)
