"""``hexray play`` as a program: it serves a page on this machine, and ends when it is told to."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_checkpoints import made

from hexray.cli import main
from hexray.net.checkpoint import save_checkpoint

_WAIT_S = 100


def _posted(address: str, said: Any) -> urllib.request.Request:
    headers = {"Content-Type": "application/json"}
    return urllib.request.Request(address, json.dumps(said).encode(), headers)


def _opened(asked: str | urllib.request.Request) -> Any:
    # No proxy that the environment may name stands between two programs of one machine.
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=_WAIT_S)


@pytest.mark.process
def test_it_serves_the_page_and_ends_at_once_in_the_midst_of_a_search(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, made(7))
    command = [sys.executable, "-m", "hexray.cli", "play", str(tmp_path), "random"]
    with subprocess.Popen(
        [*command, "--port", "0", "--no-open"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split(" ")[0]
            assert address.startswith("http://127.0.0.1:")
            assert b"<html" in _opened(address).read()
            about = json.load(_opened(address + "api/about"))
            assert [(net["id"], net["board"]) for net in about["nets"]] == [("1", 3), ("2", 11)]
            assert about["nets"][0]["name"] == f"{tmp_path} version 7"
            said = {"net": "1", "size": 3, "moves": ["b1", "a3", "b2", "a2"], "simulations": 8}
            assert json.load(_opened(_posted(address + "api/move", said)))["move"] == "b3"
            long = {"net": "2", "size": 11, "moves": [], "simulations": 20000, "seconds": 60}
            with _opened(_posted(address + "api/analyse", long)) as analysis:
                assert analysis.readline().startswith(b"data: ")
                process.send_signal(signal.SIGINT)
                assert b"the server has ended" in analysis.read()
            _, said_last = process.communicate(timeout=_WAIT_S)
        finally:
            process.kill()
    assert process.returncode == 0
    assert "Traceback" not in said_last
    assert "Error" not in said_last


def test_a_port_in_use_is_one_sentence(refused: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = refused("play", "random", "--port", str(port))
    expected = f"port {port} is in use; choose another with --port, or 0 for any free one"
    assert message == f"hexray: {expected}\n"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_an_address_that_others_can_reach_needs_a_second_word(
    host: str, refused: Callable[..., str]
) -> None:
    message = refused("play", "random", "--host", host)
    assert f"--host {host}: others could reach it, and there is no password" in message
    assert "--allow-others" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["random", "--port", "65536"], "--port 65536: use 0 to 65535"),
        (["random", "--simulations", "0"], "--simulations 0: use 1 to 20000"),
        (["nowhere", "--port", "0"], "nowhere: no such file or folder"),
        (["random@best", "--port", "0"], "random has no best network yet"),
        (["random"] * 65, "65 networks; give 1 to 64"),
        (["random", "--host", "256.0.0.1", "--allow-others"], "--host 256.0.0.1"),
    ],
)
def test_bad_settings_are_one_message(
    arguments: list[str], message: str, refused: Callable[..., str]
) -> None:
    assert message in refused("play", *arguments)


@pytest.mark.parametrize("library", ["starlette", "uvicorn"])
def test_a_missing_library_is_named_with_the_way_to_have_it(
    library: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in list(sys.modules):
        if module.startswith(("hexray.web.", f"{library}.")):
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    assert main(["play", "random"]) == 2
    assert 'pip install "hexray[web]"' in capsys.readouterr().err
