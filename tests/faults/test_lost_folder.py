"""The machine of a run is lost with its run folder; storage has kept the run a second time."""

import json
import shutil
from pathlib import Path

import pytest
from training_command import start, stored_ids, train, wait_until_training

from hexray.metrics import METRICS_FILE, read_metrics
from hexray.net.checkpoint import newest_checkpoint

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


@pytest.mark.long
def test_a_lost_run_folder_comes_back_from_storage_and_the_run_goes_on(
    tmp_path: Path, home: dict[str, str]
) -> None:
    folder, storage = tmp_path / "run", tmp_path / "storage"
    storage.mkdir()
    kept = [f"--storage.url={storage}", "--storage.every-seconds=1"]
    lost = start(folder, home, "--minutes=9", *kept)
    wait_until_training(lost, folder, steps=6)
    lost.kill()
    lost.communicate()
    shutil.rmtree(folder)

    sent = tmp_path / "sent"
    shutil.copytree(storage, sent)
    ids = stored_ids(sent)
    checkpoint, skipped = newest_checkpoint(sent / "checkpoints")
    assert ids
    assert checkpoint is not None
    assert skipped == []
    trained_s = checkpoint.counters["trained_s"]

    output = train(folder, home, f"--minutes={(trained_s + 6) / 60}", *kept)
    assert f"the run was brought back from {storage}" in output
    after = stored_ids(folder)
    assert after[: len(ids)] == ids
    assert len(set(after)) == len(after) > len(ids)
    final, _ = newest_checkpoint(folder / "checkpoints")
    assert final is not None
    assert final.version > checkpoint.version
    assert final.counters["rows_trained"] > checkpoint.counters["rows_trained"]
    times = [line["trained_s"] for line in read_metrics(folder / METRICS_FILE)]
    assert times[0] < trained_s < times[-1]
    assert json.loads((folder / "run.json").read_text())["starts"] == 2
    assert sorted(stored_ids(storage)) == sorted(after)
