"""What compares networks of others with their own runtimes, and the page that it wrote."""

import re
from pathlib import Path

import networks
import networks_of_others as others
import numpy as np
import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "networks.md"


def rows():
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")][2:]
    return {cells[0]: cells for cells in (line.strip("| ").split(" | ") for line in lines)}


def test_at_least_thirty_networks_on_the_page_are_equal_to_their_own_runtime():
    found = rows()
    equal = [cells for cells in found.values() if len(cells) == len(networks.COLUMNS)]
    assert len(equal) >= 30
    assert all(0.0 < float(cells[3]) <= networks.CLOSE for cells in equal)
    (counts,) = re.findall(r"(\d+) of (\d+) are equal", PAGE.read_text("utf-8"))
    assert [int(n) for n in counts] == [len(equal), len(found)]


def test_a_network_of_the_page_is_compared_as_the_page_says():
    (other,) = (one for one in others.light() if one.name == "light_squeezenet")
    found = networks.row(other)
    written = rows()["light_squeezenet"]
    assert 0.0 < found["difference"] <= networks.CLOSE
    assert f"{found['weights']:,}" == written[4]
    assert written[5].startswith(" + ".join(str(n) for n in found["operators"].values()))


def test_a_difference_is_told_in_full_scale_and_what_is_not_finite_is_none():
    exact = np.array([[-4.0, 1.0]])
    assert others.difference([exact + 0.5], [exact]) == 0.125
    assert others.difference([np.array([[0.25]])], [np.array([[0.75]])]) == 0.5
    with pytest.raises(ValueError, match="not finite"):
        others.difference([np.array([[np.nan, 1.0]])], [exact])
    with pytest.raises(ValueError, match="shape"):
        others.difference([exact[0]], [exact])


def test_what_is_refused_stands_on_the_page_with_its_reason():
    def compare():
        raise ValueError("no such | operator")

    refused = networks.row(
        others.Other(name="odd", source="package 1", runtime="torch", compare=compare)
    )
    text = networks.page([refused])
    assert "1 are refused" in text
    assert "| odd | package 1 | no such \\| operator |" in text
