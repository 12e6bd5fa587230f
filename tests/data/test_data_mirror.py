"""A run kept a second time: in a folder, and on a server that speaks S3."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from random_games import random_block

from hexray.config import NetSettings, RunConfig, StorageSettings, with_overrides
from hexray.data.mirror import Mirror, bring_back
from hexray.data.mirroring import bring_back_run, mirroring
from hexray.data.storage import Storage
from hexray.data.store import GameStore
from hexray.errors import RunFolderError, SettingsError, StorageError
from hexray.net.checkpoint import Checkpoint, load_checkpoint, newest_checkpoint, save_checkpoint
from hexray.net.trainer import Trainer
from hexray.run_folder import open_run_folder

CONFIG = RunConfig(board=3, net=NetSettings(blocks=1, channels=8))
OWN = ("lock", "lock-owner.json", "tensorboard")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a server that speaks S3, with one bucket; give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # A program that holds everything in memory; it asks for credentials and believes any.
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    log = tmp_path_factory.mktemp("s3") / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                requests.put(f"http://127.0.0.1:{port}/bucket", timeout=10).raise_for_status()
                break
            except requests.ConnectionError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(params=["folder", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "folder":
        return str(tmp_path / "far" / "away")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
    address = quote(request.getfixturevalue("server"), safe="")
    place = quote(tmp_path.name, safe="")
    return f"s3://bucket/{place}?region=us-east-1&scheme=http&endpoint_override={address}"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Make a run folder with something of everything."""
    path = tmp_path / "run"
    with open_run_folder(path, CONFIG):
        _add_games(path, 0)
        _add_checkpoint(path, 1)
        _add_checkpoint(path, 2)
        (path / "metrics.jsonl").write_text('{"minutes": 0}\n{"minutes": 1}\n{"minu')
        (path / "versions").mkdir()
        for name in ("versions/00000001.safetensors", "ratings.json", "best.json", "curve.png"):
            (path / name).write_text(f"content of {name}")
        (path / "settings-1.yaml").write_text("board: 3\n")
        (path / "tensorboard").mkdir()
        (path / "tensorboard" / "events").write_text("events")
        (path / "games" / "3x3" / ".games-00000009.parquet.partial").write_text("half of one")
    return path


def _add_games(run: Path, seed: int) -> None:
    (run / "games").mkdir(exist_ok=True)
    GameStore(run / "games" / "3x3", 3).append(random_block(3, 5, seed=seed))


def _add_checkpoint(run: Path, version: int) -> None:
    trainer = Trainer(CONFIG.net, CONFIG.learner, 3, seed=version)
    counters = {"trained_s": float(version)}
    made = Checkpoint(version, CONFIG, trainer.state(), trainer.published(), counters)
    save_checkpoint(run / "checkpoints", made)


def _kept(run: Path) -> dict[str, bytes]:
    """Return what should be in storage, with whole lines of the metrics."""
    found = {
        path.relative_to(run).as_posix(): path.read_bytes()
        for path in run.rglob("*")
        if path.is_file() and path.relative_to(run).parts[0] not in OWN and path.name[0] != "."
    }
    found["metrics.jsonl"] = found["metrics.jsonl"][: found["metrics.jsonl"].rfind(b"\n") + 1]
    return found


def _fetched(url: str, folder: Path) -> tuple[dict[str, bytes], list[str]]:
    said: list[str] = []
    assert bring_back(folder, Storage(url), said.append)
    return _kept(folder), said


def test_a_run_comes_back_as_it_was(url: str, run: Path, tmp_path: Path) -> None:
    Mirror(run, Storage(url)).push()
    found, said = _fetched(url, tmp_path / "new")
    assert found == _kept(run)
    assert said == []
    assert {name.split("/")[0] for name in found} >= {"games", "checkpoints", "versions"}
    assert load_checkpoint(tmp_path / "new" / "checkpoints" / "00000002").version == 2
    with open_run_folder(tmp_path / "new", CONFIG) as again:
        assert again.starts == 2


def test_only_what_is_new_is_written(url: str, run: Path, tmp_path: Path) -> None:
    first = Storage(url)
    mirror = Mirror(run, first)
    mirror.push()
    written = _watch(first)
    mirror.push()
    assert written == []
    _add_games(run, 1)
    _add_checkpoint(run, 3)
    with (run / "metrics.jsonl").open("a") as file:
        file.write('tes": 2}\n')
    mirror.push()
    begin = len(b'{"minutes": 0}\n{"minutes": 1}\n')
    assert {name.rsplit("/", 1)[0] for name in written} == {
        "games/3x3",
        "checkpoints/00000003",
        "metrics",
    }
    assert f"metrics/{begin:012d}" in written
    # Another process, as after a restart, asks storage what is there and writes no games again.
    later = Storage(url)
    written = _watch(later)
    Mirror(run, later).push()
    assert not [name for name in written if "/" in name]
    assert _fetched(url, tmp_path / "new")[0] == _kept(run)


def _watch(storage: Storage) -> list[str]:
    """Return a list that will hold the names written to a storage, in order."""
    names: list[str] = []
    put = storage.put

    def watched(name: str, content: bytes) -> None:
        put(name, content)
        names.append(name)

    storage.put = watched
    return names


def test_the_count_of_starts_comes_first_and_manifests_last(run: Path, tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "far"))
    written = _watch(storage)
    Mirror(run, storage).push()
    assert written[0] == "run.json"
    for checkpoint in ("00000001", "00000002"):
        files = [name for name in written if name.startswith(f"checkpoints/{checkpoint}/")]
        assert len(files) == 5
        assert files[-1].endswith("manifest.json")
    assert written.index("versions/00000001.safetensors") < written.index("ratings.json")


def test_whatever_is_missing_a_checkpoint_is_whole_or_not_there(run: Path, tmp_path: Path) -> None:
    """Storage fails after any number of files: those before are sound, the rest follows."""
    counted = Storage(str(tmp_path / "all"))
    total = len(_watch_push(counted, run))
    for limit in range(1, total):
        url = str(tmp_path / f"far-{limit}")
        with pytest.raises(StorageError, match="full"):
            Mirror(run, _Failing(url, limit)).push()
        new = tmp_path / f"new-{limit}"
        assert bring_back(new, Storage(url), lambda _: None)
        _, skipped = newest_checkpoint(new / "checkpoints")
        assert skipped == []
        if (new / "games").exists():
            assert GameStore(new / "games" / "3x3", 3).games == 5
        Mirror(run, Storage(url)).push()
        assert _fetched(url, tmp_path / f"whole-{limit}")[0] == _kept(run)


def _watch_push(storage: Storage, run: Path) -> list[str]:
    written = _watch(storage)
    Mirror(run, storage).push()
    return written


class _Failing(Storage):
    """Storage that takes so many files and no more."""

    def __init__(self, url: str, limit: int) -> None:
        super().__init__(url)
        self._left = limit

    def put(self, name: str, content: bytes) -> None:
        if self._left == 0:
            raise StorageError("full")
        self._left -= 1
        super().put(name, content)


@pytest.mark.parametrize("name", ["training.pt", "manifest.json", "settings.json"])
@pytest.mark.parametrize("fault", ["cut", "gone", "changed"])
def test_a_damaged_checkpoint_is_left_out(run: Path, tmp_path: Path, name: str, fault: str) -> None:
    far = tmp_path / "far"
    Mirror(run, Storage(str(far))).push()
    file = far / "checkpoints" / "00000002" / name
    content = file.read_bytes()
    file.unlink()
    if fault != "gone":
        file.write_bytes(content[:-9] if fault == "cut" else b"9" + content[1:])
    found, said = _fetched(str(far), tmp_path / "new")
    assert not [each for each in found if each.startswith("checkpoints/00000002")]
    newest, skipped = newest_checkpoint(tmp_path / "new" / "checkpoints")
    assert newest is not None
    assert (newest.version, skipped) == (1, [])
    # Without a manifest there is no checkpoint, only files that nobody speaks of.
    expected = [] if (name, fault) == ("manifest.json", "gone") else ["checkpoints/00000002/"]
    assert [text.split(" in storage")[0] for text in said] == expected


def test_a_damaged_file_of_games_is_left_out(run: Path, tmp_path: Path) -> None:
    _add_games(run, 1)
    far = tmp_path / "far"
    Mirror(run, Storage(str(far))).push()
    first, second = sorted((far / "games" / "3x3").glob("*.parquet"))
    first.write_bytes(first.read_bytes()[:-20])
    found, [said] = _fetched(str(far), tmp_path / "new")
    assert first.name in said
    assert f"games/3x3/{second.name}" in found
    assert GameStore(tmp_path / "new" / "games" / "3x3", 3).games == 5


def test_what_a_run_prunes_goes_but_never_the_last(run: Path, tmp_path: Path) -> None:
    far = tmp_path / "far"
    mirror = Mirror(run, Storage(str(far)))
    mirror.push()
    shutil.rmtree(run / "checkpoints" / "00000001")
    (run / "versions" / "00000001.safetensors").unlink()
    mirror.push()
    kept = {path.parent.name for path in far.glob("checkpoints/*/*")}
    assert kept == {"00000002"}
    assert not list(far.glob("versions/*"))
    shutil.rmtree(run / "checkpoints")
    shutil.rmtree(run / "games")
    mirror.push()
    assert {path.parent.name for path in far.glob("checkpoints/*/*")} == {"00000002"}
    assert list(far.glob("games/3x3/*.parquet"))


def test_a_checkpoint_of_the_same_version_takes_the_place_of_the_first(
    run: Path, tmp_path: Path
) -> None:
    url = str(tmp_path / "far")
    mirror = Mirror(run, Storage(url))
    mirror.push()
    shutil.rmtree(run / "checkpoints" / "00000002")
    trainer = Trainer(CONFIG.net, CONFIG.learner, 3, seed=9)
    made = Checkpoint(2, CONFIG, trainer.state(), trainer.published(), {"trained_s": 9.0})
    save_checkpoint(run / "checkpoints", made)
    mirror.push()
    assert _fetched(url, tmp_path / "new")[0] == _kept(run)


def test_storage_of_another_run_is_refused(run: Path, tmp_path: Path) -> None:
    url = str(tmp_path / "far")
    Mirror(run, Storage(url)).push()
    before = (tmp_path / "far" / "run.json").read_bytes()
    with open_run_folder(tmp_path / "other", CONFIG):
        settings = StorageSettings(url=url)
        with pytest.raises(RunFolderError, match="holds another run"):
            bring_back_run(settings, tmp_path / "other", pytest.fail)
    assert (tmp_path / "far" / "run.json").read_bytes() == before


def test_a_new_folder_waits_for_storage_and_a_run_that_is_here_goes_on(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
    nobody = quote("127.0.0.1:1", safe="")
    url = f"s3://bucket/run?region=us-east-1&scheme=http&endpoint_override={nobody}"
    said: list[str] = []
    bring_back_run(StorageSettings(url=url), run, said.append)
    assert "the run goes on" in said[0]
    with pytest.raises(StorageError, match="storage s3://bucket/run"):
        bring_back_run(StorageSettings(url=url), tmp_path / "new", said.append)
    assert not (tmp_path / "new").exists()


def test_a_storage_that_fails_is_told_tried_again_and_ends_nothing(
    run: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    blocked = tmp_path / "far"
    blocked.write_text("a file where the folder should be")
    settings = StorageSettings(url=str(blocked / "away"), every_seconds=0.05)
    with mirroring(settings, run, said.append):
        _until(lambda: len(said) == 1)
        time.sleep(0.3)
        assert len(said) == 1  # tried again and again, told once
        blocked.unlink()
        _until(lambda: len(said) == 2)
        _add_games(run, 1)
    assert "goes on" in said[0]
    assert said[1].endswith("works again and is up to date")
    assert _fetched(str(blocked / "away"), tmp_path / "new")[0] == _kept(run)


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_end_of_a_run_is_written_however_long_the_pause(run: Path, tmp_path: Path) -> None:
    settings = StorageSettings(url=str(tmp_path / "far"), every_seconds=3600)
    with mirroring(settings, run, pytest.fail):
        (run / "strength.json").write_text(json.dumps({"winner_accuracy": 1.0}))
    assert _fetched(str(tmp_path / "far"), tmp_path / "new")[0] == _kept(run)


def test_without_storage_nothing_is_done(run: Path, tmp_path: Path) -> None:
    before = sorted(os.listdir(tmp_path))
    bring_back_run(StorageSettings(), tmp_path / "new", pytest.fail)
    with mirroring(StorageSettings(), run, pytest.fail):
        assert sorted(os.listdir(tmp_path)) == before


def test_passwords_are_not_for_settings_and_nonsense_is_named() -> None:
    with pytest.raises(SettingsError, match=r"storage.*AWS_SECRET_ACCESS_KEY"):
        with_overrides(CONFIG, {"storage": {"url": "s3://me:secret@bucket/run"}})
    with pytest.raises(StorageError, match="storage nonsense://there"):
        Storage("nonsense://there")
