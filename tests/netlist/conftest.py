"""The option that rewrites the generated decks on request."""

import pytest


def pytest_addoption(parser):
    parser.addoption(
        "--rewrite-decks", action="store_true", help="rewrite the snapshots in netlists/generated"
    )


@pytest.fixture
def rewrite(request):
    return request.config.getoption("--rewrite-decks", default=False)
