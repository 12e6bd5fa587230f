"""A run uses the GPUs that are there: one node of three dies, another joins."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from training_process import Training

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

JOINED_S = 30


@pytest.mark.long
@pytest.mark.parametrize("place", [0, 1])
def test_servers_leave_with_their_node_and_join_on_another(
    training: Callable[..., Training], place: int
) -> None:
    # Sockets lie in the folder, and their paths may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="hexray-", dir="/tmp") as folder:
        token = Path(folder) / "token"
        token.write_text("0123456789abcdef" * 4)
        own = {
            "RAY_TMPDIR": folder,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_ADDRESS": "",
            "HEXRAY_TEST_PLACE": str(place),
        }
        run = training("--minutes=9", program="growing_run.py", environment=own)
        run.wait_for(lambda: "a node is gone" in run.text(), 120)
        run.wait_for(lambda: "training goes on" in run.text(), 120)
        run.wait_for(lambda: "another node is there" in run.text(), 60)
        joined = "server-2/evaluations_per_s"
        took_s = run.wait_for(lambda: run.metric(joined), 90)
        run.process.terminate()
        assert run.finish() == 143, run.text()
    print(f"the new node worked {took_s:.1f} s after it was there")
    assert took_s < JOINED_S
    assert re.search(r"server-[01] and 2 players left: a node is gone", run.text()), run.text()
    assert "server-2 and 2 players join" in run.text()
    stored = run.stored()
    assert len(set(stored)) == len(stored)
