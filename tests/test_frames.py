"""Read results as xarray datasets, pandas tables and figures."""

import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

import xbar_circuit as xc


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(5)
    crossbar = xc.Crossbar(
        conductance=rng.uniform(1e-6, 1e-4, (3, 4)), wires=xc.Wires(row_ohm=2.0, column_ohm=1.0)
    )
    return xc.nodal.read(crossbar, rng.uniform(0.0, 0.2, (2, 3)))


def test_dataset_holds_every_field_with_its_unit(result):
    data = result.to_xarray()
    for name in (
        "column_current",
        "row_voltage",
        "column_voltage",
        "device_current",
        "column_current_error",
    ):
        np.testing.assert_array_equal(data[name], getattr(result, name))
    assert data.column_current.dims == ("sample", "column")
    assert data.device_current.attrs["units"] == "A"
    assert data.row_segment_current.shape == (2, 3, 5)
    assert data.column_segment_current.shape == (2, 4, 4)
    assert data.attrs["engine"] == result.engine


def test_tables(result):
    columns = result.to_pandas()
    np.testing.assert_array_equal(columns.to_numpy(), result.column_current)
    cells = result.to_pandas("cells")
    assert cells.loc[(1, 2, 3), "device_current"] == result.device_current[1, 2, 3]
    assert cells.loc[(1, 2, 3), "conductance"] == result.crossbar.conductance[2, 3]
    with pytest.raises(xc.ParameterError, match="what"):
        result.to_pandas("rows")


def test_a_missing_package_is_named(result, monkeypatch):
    for package, call in (("xarray", result.to_xarray), ("pandas", result.to_pandas)):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(xc.XbarError, match=f"{package}: .*pip install"):
            call()


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_plot_writes_what_it_returns(result, tmp_path, kind):
    path = tmp_path / f"maps.{kind}"
    page = result.plot(sample=1, path=path)
    assert isinstance(page, Figure)
    titles = [ax.get_title() for ax in page.axes]
    assert {"Word-line current, to the right", "Device current", "Column current"} <= set(titles)
    drawn = next(ax for ax in page.axes if ax.get_title() == "Word-line voltage")
    image = drawn.images[0].get_array()
    np.testing.assert_allclose(
        image / image.max(), result.row_voltage[1] / result.row_voltage[1].max()
    )
    assert path.read_bytes()[:4] in {b"\x89PNG", b"<?xm", b"%PDF"}


def test_plot_refuses_what_it_cannot_do(result, tmp_path):
    with pytest.raises(
        xc.ParameterError, match="sample: got 2, expected a whole number >= 0 and <= 1"
    ):
        result.plot(sample=2)
    with pytest.raises(xc.ParameterError, match="path: "):
        result.plot(path=tmp_path / "maps.bmp")
    assert not list(tmp_path.iterdir())


def test_ideal_currents_are_the_plain_product(result):
    np.testing.assert_allclose(
        result.ideal_column_current, result.volts @ result.crossbar.conductance, rtol=1e-14
    )


def test_short_words_and_a_small_map(result):
    said = repr(result.crossbar)
    assert said.startswith("<Crossbar 3 x 4, ")
    assert "2 and 1 ohm per segment, Ohmic" in said
    assert len(said) < 120
    for thing in (result, result.crossbar):
        page = thing._repr_html_()
        assert page.startswith('<img src="data:image/png;base64,')
        assert repr(thing).split()[0].lstrip("<") in page
    dark = xc.Crossbar(conductance=[[0.0]], wires=result.crossbar.wires)
    assert "all open" in repr(dark)
    assert "<img" in dark._repr_html_()
