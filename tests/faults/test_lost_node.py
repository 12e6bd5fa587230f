"""F6: the node with the GPU dies, and another joins."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from training_process import Training

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]


@pytest.mark.long
def test_training_goes_on_when_another_node_joins(training: Callable[..., Training]) -> None:
    # Sockets lie in the folder, and their paths may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="hexray-", dir="/tmp") as folder:
        token = Path(folder) / "token"
        token.write_text("0123456789abcdef" * 4)
        own = {
            "RAY_TMPDIR": folder,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_ADDRESS": "",
        }
        run = training("--minutes=9", program="lost_node_run.py", environment=own)
        run.wait_for(lambda: "another node is there" in run.text(), 120)
        trained = run.metric("learner/rows_trained") or 0

        def goes_on() -> bool:
            rows = run.metric("learner/rows_trained") or 0
            # Rows that were there before can be trained while the server is yet to come.
            # Either the old server is built anew there, or another joins before it is given up.
            return rows > trained + 500 and bool(re.search(r"server-\d works again", run.text()))

        took_s = run.wait_for(goes_on, 90)
        run.process.terminate()
        assert run.finish() == 143, run.text()
    print(f"training went on {took_s:.1f} s after another node was there")
    assert took_s < 60
    assert "learner works again" in run.text()
    stored = run.stored()
    assert len(set(stored)) == len(stored)
