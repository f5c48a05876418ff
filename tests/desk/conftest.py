"""What tests of the server share: a file of users, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desk.houses import make_people


@pytest.fixture(scope="session")
def people_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with the users of ``tests.desk.houses``."""
    path = tmp_path_factory.mktemp("people") / "people.sqlite"
    make_people(path)
    return path
