"""The language networks: their text, their bits, what they write, and what a chip makes of them."""

import gzip
import json
import math
import struct

import numpy as np
import pytest
import torch

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.cli import main
from xbar_circuit.studies.network.language import LanguagePoint, LanguageStudy
from xbar_circuit.torch import convert, program_module
from xbar_circuit.torch.language import (
    Language,
    Transformer,
    TransformerShape,
    bits_per_character,
    generate,
    read_debian,
    read_language,
    save_language,
    shipped_language,
    shipped_text,
    windows,
)
from xbar_circuit.torch.language._training import NOISE, noisy, train_language

SMALL = TransformerShape(alphabet=5, width=16, heads=2, blocks=2, context=8)


def small(seed=1):
    torch.manual_seed(seed)
    return Language(model=Transformer(SMALL).eval(), alphabet="abcde")


def test_the_file_of_the_debian_package_is_read(tmp_path):
    """A file of its format, made by `compress`'s reader's opposite: codes of nine bits."""
    texts = [b"Ge1:1 In the beginning.\n", b"Ge1:2 And.\n"]
    parts = [packed(text) for text in texts]
    start = 0x5C + 4 * (len(parts) + 1)
    offsets = np.cumsum([start, *map(len, parts)]).tolist()
    content = b"EC02Compressed Data File".ljust(0x58, b"\0")
    content += struct.pack(f">{len(offsets) + 1}I", len(parts), *offsets) + b"".join(parts)
    path = tmp_path / "bible.data"
    path.write_bytes(content)
    assert read_debian(path) == b"".join(texts).decode()


def packed(text):
    """Return a text in the format of compress, each letter a code of nine bits, no header."""
    bits = "".join(format(letter, "09b")[::-1] for letter in text)
    return bytes(int(bits[k : k + 8].ljust(8, "0")[::-1], 2) for k in range(0, len(bits), 8))


def test_other_files_are_refused(tmp_path):
    with pytest.raises(xc.ModelFileError, match="bible-kjv-text"):
        read_debian(tmp_path / "nothing")
    (tmp_path / "x").write_bytes(b"something else")
    with pytest.raises(xc.ModelFileError, match="EC02"):
        read_debian(tmp_path / "x")
    (tmp_path / "x.npz").write_bytes(b"something else")
    with pytest.raises(xc.ModelFileError, match="save_language"):
        read_language(tmp_path / "x.npz")


def test_kept_keys_and_values_give_the_logits_of_the_whole_text():
    model = small().model
    codes = torch.tensor([[0, 3, 1, 4, 2, 2]])
    whole = model(codes)
    logits, past = model.step(codes[:, :3])
    found = [logits]
    for k in range(3, 6):
        logits, past = model.step(codes[:, k : k + 1], past, start=k)
        found.append(logits)
    assert torch.cat(found, dim=1).detach().numpy() == approx(
        whole.detach().numpy(), rel=1e-4, abs=1e-6
    )


def test_a_saved_network_is_itself_within_eight_bits(tmp_path):
    language = small()
    path = tmp_path / "own.npz"
    save_language(language.model.state_dict(), SMALL, language.alphabet, path)
    again = read_language(path)
    assert again.alphabet == language.alphabet
    assert again.model.shape == SMALL
    for name, value in language.model.state_dict().items():
        step = value.abs().max().item() / 127
        apart = (again.model.state_dict()[name] - value).abs().max().item()
        assert apart <= (0.5001 * step if value.ndim == 2 else 0.0)


def test_bits_are_those_of_the_probabilities_of_the_second_half():
    chances = torch.tensor([0.5, 0.25, 0.125, 0.0625, 0.0625])

    def logits(codes):
        return chances.log().expand(*codes.shape, 5)

    seen = torch.tensor([[4, 4, 4, 4, 4, 0, 1, 2, 3], [0, 0, 0, 0, 0, 0, 0, 0, 0]])
    assert bits_per_character(logits, seen) == approx([(1 + 2 + 3 + 4) / 4, 1.0], rel=1e-6)
    text = torch.arange(21)
    assert windows(text, context=8)[:, 5:].flatten().tolist() == list(range(5, 21))
    assert len(windows(text, context=8, count=2)) == 2


def test_the_shipped_networks_know_the_test_text_below_two_bits():
    text = shipped_text("test")
    for name in ("noise_aware", "plain"):
        language = shipped_language(name)
        weights = sum(p.numel() for n, p in language.model.named_parameters() if p.ndim == 2)
        assert 0.9e6 < weights < 1.1e6
        seen = windows(language.encode(text), context=128, count=24)
        bits = bits_per_character(language.model, seen)
        assert 1.2 < bits.mean() + 3.0 * bits.std() / math.sqrt(24) < 2.0


def test_the_same_random_numbers_write_the_same_text():
    language = small()
    step = language.model.step
    one, two = (
        generate(step, language, "ab", count=20, rng=np.random.default_rng(3)) for _ in range(2)
    )
    assert one == two
    assert len(one) == 20  # beyond the context
    with pytest.raises(xc.ParameterError, match="alphabet"):
        generate(step, language, "xyz", count=1, rng=np.random.default_rng(3))
    with pytest.raises(xc.ParameterError, match="prompt"):
        generate(step, language, "a" * 9, count=1, rng=np.random.default_rng(3))


def test_the_noise_of_training_is_a_share_of_the_largest_weight_of_an_output():
    torch.manual_seed(1)
    model = Transformer(TransformerShape(alphabet=5, width=64, heads=2, blocks=1))
    made = noisy(model, torch.Generator().manual_seed(2), NOISE)
    assert "embedding.weight" not in made
    own = dict(model.named_parameters())
    apart = torch.cat(
        [
            ((made[n] - own[n]) / own[n].abs().amax(dim=1, keepdim=True)).flatten()
            for n in ("blocks.0.expand.weight", "blocks.0.contract.weight")
        ]
    )
    assert float(apart.detach().std()) == approx(NOISE, rel=0.03)


def test_an_interrupted_training_ends_where_a_whole_one_does(tmp_path, monkeypatch):
    monkeypatch.setattr("xbar_circuit.torch.language._training._SAVED", 2)
    codes = torch.arange(400) % 5
    kept = tmp_path / "trunk.pt"
    options = {"seed": 1, "noise": None, "trunk": 5, "branch": 2}
    whole = train_language(codes, SMALL, **options)

    def stop(step, _):
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_language(codes, SMALL, **options, checkpoint=kept, report=stop)
    again = train_language(codes, SMALL, **options, checkpoint=kept)
    for name, value in whole["model"].items():
        assert torch.equal(value, again["model"][name])


def test_integer_layers_on_a_chip_are_digital_ones():
    language = small()
    own = xc.Accelerator(rows=16, cols=16)
    analog = convert(language.model, own, digital={"head": 8})
    seen = torch.tensor([[0, 3, 1, 4, 2, 2]])
    with torch.no_grad():
        found, known = (model.head(torch.ones(1, 1, 16)) for model in (analog, language.model))
    assert found.numpy() == approx(known.numpy(), rel=1e-5)
    chip = program_module(analog, calibration=seen)
    assert set(chip.chip.digital) == {"head"}
    assert "head" not in {plan.name for plan in chip.chip.mapping.layers}
    cost = chip.cost(seen, samples=6)
    by_name = {layer.load.name: layer for layer in cost.layers}
    assert by_name["head"].load.macs == 16 * 5
    assert by_name["head"].joule["array"] == 0.0
    assert by_name["blocks.0.expand"].load.products == 1
    assert by_name["blocks.0.expand"].joule["array"] > 0.0


def test_the_command_measures_a_chip(tmp_path):
    words = ["language", "--windows", "4", "--seeds", "1", "--age", "25 s", "--written", "12"]
    with pytest.raises(SystemExit) as leaving:
        main([*words, "--placement", "last layer digital", "--out", str(tmp_path)])
    assert not leaving.value.code
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["weights"] == 991104
    assert {p["network"] for p in summary["points"]} == {"noise_aware", "plain"}
    for point in summary["points"]:
        assert 0.95 < point["relative_to_digital"]["value"] < 1.15
    assert len(summary["texts"]["chip after 25 s"]) == 12
    assert (tmp_path / "index.html").stat().st_size > 20_000


def test_a_point_that_was_not_measured_is_refused():
    bits = xc.network.intervals.Estimate(value=1.9, low=1.8, high=2.0, samples=4, method="none")
    one = LanguagePoint(
        network="plain", placement="all", age="25 s", bits=bits, relative=bits, chips=(1.9,)
    )
    study = LanguageStudy(
        digital={}, points=(one,), costs={}, texts={}, prompt="", characters=0, weights=0
    )
    assert study.point("plain", "all", "25 s") is one
    with pytest.raises(xc.ParameterError, match="network, placement, age"):
        study.point("plain", "all", "1 day")


def test_the_shipped_texts_share_no_verse():
    verses = {name: set(shipped_text(name).splitlines()) for name in ("test", "calibration")}
    long = [v for v in verses["calibration"] & verses["test"] if len(v) > 80]
    assert not long


def test_texts_are_packed_without_a_date():
    packed_text = xc.resources.data_file("kjv/test.txt.gz").read_bytes()
    assert packed_text == gzip.compress(shipped_text("test").encode("ascii"), mtime=0)
