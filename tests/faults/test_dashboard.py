"""F25: who reaches the dashboard runs code here, so it asks for Ray's token."""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray
import requests
from training_process import Training

from hexray.cluster import ray_session
from hexray.config import with_overrides
from hexray.errors import SettingsError
from hexray.presets import quick

pytestmark = [pytest.mark.process, pytest.mark.timeout(200)]


def test_a_dashboard_on_all_interfaces_asks_for_the_token(
    training: Callable[..., Training],
) -> None:
    run = training("--minutes=9", "--cluster.dashboard", "--cluster.dashboard-host=0.0.0.0")
    run.wait_for(lambda: "Ray dashboard http://" in run.text(), 60)
    found = re.search(r"Ray dashboard http://(\S+), ", run.text())
    assert found is not None
    jobs = f"http://{found[1]}/api/jobs/"
    token = (run.home / ".ray" / "auth_token").read_text()
    assert requests.get(jobs, timeout=20).status_code in {401, 403}
    with_token = {"Authorization": f"Bearer {token}"}
    assert requests.get(jobs, headers=with_token, timeout=20).status_code == 200
    wrong = {"Authorization": f"Bearer {token[::-1]}"}
    assert requests.get(jobs, headers=wrong, timeout=20).status_code in {401, 403}
    run.process.terminate()
    assert run.finish() == 143, run.text()


@pytest.mark.ray
def test_only_its_owner_can_read_rays_token(ray_here: None) -> None:
    token = Path.home() / ".ray" / "auth_token"
    assert token.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("host", "mode", "reason"),
    [
        ("0.0.0.0", "disabled", "others reach Ray's dashboard"),
        ("::", "disabled", "others reach Ray's dashboard"),
        ("192.168.1.7", "Disabled", "others reach Ray's dashboard"),
        ("everywhere", "token", "not an address"),
    ],
)
def test_a_dashboard_for_everybody_without_a_token_is_refused(
    host: str, mode: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", mode)
    monkeypatch.setattr(ray, "init", lambda **_: pytest.fail("Ray was started"))
    open_to_all = with_overrides(quick(3), {"cluster": {"dashboard_host": host}})
    with pytest.raises(SettingsError, match=reason), ray_session(open_to_all):
        pytest.fail("a session began")


@pytest.mark.parametrize(
    ("host", "mode"), [("0.0.0.0", None), ("0.0.0.0", "token"), ("127.0.0.1", "disabled")]
)
def test_a_dashboard_with_a_token_or_for_oneself_is_not(
    host: str, mode: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    if mode is None:
        monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    else:
        monkeypatch.setenv("RAY_AUTH_MODE", mode)
    asked: list[str] = []

    def init(**settings: Any) -> SimpleNamespace:
        asked.append(settings["dashboard_host"])
        return SimpleNamespace(dashboard_url=f"{host}:8265")

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    config = with_overrides(quick(3), {"cluster": {"dashboard_host": host}})
    with ray_session(config) as dashboard:
        assert dashboard == f"{host}:8265"
    assert asked == [host]
