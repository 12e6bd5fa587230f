"""Which networks may be put away, and that what is moved is whole in one place or the other."""

import os
from pathlib import Path

import pytest
from made_checkpoints import CONFIG, TRAINER, made

from hexray.config import with_overrides
from hexray.net.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from hexray.net.kept import ServedNet, keep_net, kept_path, read_kept
from hexray.net.on_disk import NetFile, fault_of, may_go, nets_on_disk, put_away


def files(*names: str) -> list[NetFile]:
    """Make networks from names such as v3 and c12."""
    return [
        NetFile(int(name[1:]), "kept" if name[0] == "v" else "checkpoint", Path(name), 1, 0.0)
        for name in names
    ]


@pytest.mark.parametrize(
    ("there", "gone", "needed", "every", "expected"),
    [
        ("", "", "", 0, ""),
        ("v1 v2 v3", "", "", 0, "v1 v2 v3"),
        ("v1 v2 v3", "", "v2", 0, "v1 v3"),
        ("v1 v2 v3 v4 v5", "", "", 2, "v2 v4"),
        ("v1 v3 v5", "v2 v4", "", 2, ""),
        ("v1 v3 v5 v6 v7", "v2 v4", "", 2, "v6"),
        ("v1 v2 c3 c4", "", "", 2, "v2 c4"),  # each kind is counted by itself
        ("v3 c3", "", "v3", 0, "c3"),
        ("v1 v2", "", "", 1, ""),
    ],
)
def test_which_may_go(there: str, gone: str, needed: str, every: int, expected: str) -> None:
    stay = set(needed.split())
    going = may_go(
        files(*there.split()), files(*gone.split()), lambda net: str(net.path) in stay, every
    )
    assert [str(net.path) for net in going] == expected.split()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    keep_net(tmp_path, ServedNet(CONFIG, 3, TRAINER.published(), []))
    save_checkpoint(tmp_path / "checkpoints", made(5))
    return tmp_path


def test_strange_names_are_no_networks(run: Path) -> None:
    (run / "versions" / "7.safetensors").write_bytes(b"")
    (run / "checkpoints" / ".00000009.partial").mkdir()
    (run / "checkpoints" / "00000005.replaced").mkdir()
    (run / "checkpoints" / "00000011").write_bytes(b"a file")
    assert [(net.version, net.kind) for net in nets_on_disk(run)] == [
        (3, "kept"),
        (5, "checkpoint"),
    ]


def test_a_network_under_another_number_is_told(run: Path) -> None:
    kept_path(run, 3).rename(kept_path(run, 4))
    (run / "checkpoints" / "00000005").rename(run / "checkpoints" / "00000006")
    faults = [fault_of(net) for net in nets_on_disk(run)]
    assert ["holds version 3" in faults[0], "holds version 5" in faults[1]] == [True, True]


def test_weights_that_do_not_fit_their_settings_are_told(run: Path) -> None:
    wider = with_overrides(CONFIG, {"net": {"channels": 8}})
    keep_net(run, ServedNet(wider, 3, TRAINER.published(), []))
    assert fault_of(nets_on_disk(run)[0])


def test_numbers_that_training_goes_on_from_are_looked_at(run: Path) -> None:
    found = load_checkpoint(run / "checkpoints" / "00000005")
    next(iter(found.state["net"].values())).fill_(float("inf"))
    save_checkpoint(
        run / "checkpoints",
        Checkpoint(5, found.config, found.state, found.served, found.counters),
    )
    assert "net." in fault_of(nets_on_disk(run)[1])
    assert fault_of(nets_on_disk(run)[0]) == ""


def test_a_crash_before_the_move_is_made_good_by_the_next_try(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, _ = nets_on_disk(run)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(os, "rename", crash)
        with pytest.raises(KeyboardInterrupt):
            put_away(run, net)
    assert read_kept(net.path).version == 3
    assert read_kept(put_away(run, net)).version == 3
    assert not net.path.exists()


def test_a_crash_while_a_second_copy_is_removed_leaves_no_half_of_it(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, net = nets_on_disk(run)
    there = put_away(run, net)
    save_checkpoint(run / "checkpoints", made(5))

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    for file in there.iterdir():  # saved again, so bring them to the same content
        file.write_bytes((net.path / file.name).read_bytes())
    with monkeypatch.context() as broken:
        broken.setattr("hexray.net.on_disk.shutil.rmtree", crash)
        with pytest.raises(KeyboardInterrupt):
            put_away(run, net)
    assert not net.path.exists()
    assert load_checkpoint(there).version == 5
    assert [(net.version, net.kind) for net in nets_on_disk(run)] == [(3, "kept")]
