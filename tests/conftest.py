"""What all tests share: one Ray for those that need it, and homes of their own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hexray.cluster import ray_session
from hexray.config import with_overrides
from hexray.presets import quick


@pytest.fixture(scope="session")
def ray_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run Ray on this machine, with a home of its own for its token."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("RAY_ADDRESS", "127.0.0.1:1")  # nobody's; a run on this machine ignores it
        with ray_session(
            with_overrides(quick(3), {"cluster": {"dashboard": False}, "selfplay": {"players": 8}})
        ):
            patch.delenv("RAY_ADDRESS")
            yield


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """Give the environment of a user with a home of their own."""
    (tmp_path / "home").mkdir()
    return {**os.environ, "HOME": str(tmp_path / "home")}
