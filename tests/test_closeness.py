"""The comparison the other tests make: it must be able to fail."""

import numpy as np
import pytest

from closeness import approx


def test_a_small_value_is_not_zero():
    assert approx(0.0) != 3.2e-16
    assert approx(3.2e-16) != 0.0
    assert approx(3.2e-16 * (1 + 1e-10)) == 3.2e-16
    assert approx(3.2e-16 * (1 + 1e-6)) != 3.2e-16
    assert approx([1e-15, 0.0]) == [1e-15, 0.0]
    assert approx([1e-15, 0.0]) != [1e-15, 1e-20]


@pytest.mark.parametrize("expected", [1e-15, [1e-15, 2e-15], {"array": 1e-15}, np.array([1e-15])])
def test_an_absolute_tolerance_may_not_swallow_the_value(expected):
    with pytest.raises(ValueError, match="swallows"):
        approx(expected, abs=1e-12)
    approx(expected, abs=1e-17)


def test_numpys_comparison_is_guarded_too():
    np.testing.assert_allclose([1e-15, 0.0], [1e-15, 1e-20], atol=1e-19)
    np.testing.assert_allclose(1e-20, 0.0, atol=1e-19)
    with pytest.raises(ValueError, match="swallows"):
        np.testing.assert_allclose([0.0, 0.0], [1e-15, 1e-20], atol=1e-12)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose([0.0], [1e-15])
