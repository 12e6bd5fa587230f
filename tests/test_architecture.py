"""The source keeps the layers, budgets and habits of the design, and each rule catches a fault."""

import subprocess
import sys

import architecture
import pytest
from architecture import Rule, budgets, documents, handlers, homes, layers, names

CLEAN = '''"""Say what it does."""

from hexray.errors import IllegalMove


def play(move: int, *others: int) -> int:
    """Play a move."""
    try:
        return move + sum(others)
    except (ValueError, IllegalMove) as error:
        raise IllegalMove("no") from error


class Board:
    """A board."""

    def __init__(self, size: int) -> None:
        self._size = size

    def _helper(self, anything):
        return anything
'''


@pytest.mark.parametrize("rule", architecture.RULES)
def test_the_source_keeps_the_rule(rule: Rule) -> None:
    found = [fault for module, source in architecture.sources() for fault in rule(module, source)]
    assert not found, "\n".join(found)


def test_the_rules_look_at_the_whole_package() -> None:
    seen = {module for module, _ in architecture.sources()}
    assert {"hexray", "hexray.game", "hexray.game.board", "hexray.config"} <= seen


@pytest.mark.parametrize("rule", architecture.RULES)
def test_a_clean_module_passes(rule: Rule) -> None:
    assert rule("hexray.game.board", CLEAN) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("hexray.errors", "import hexray.files"),
        ("hexray.files", "from hexray.config import RunConfig"),
        ("hexray.config", "from hexray.presets import quick"),
        ("hexray.game.board", "from hexray.evaluation import drive"),
        ("hexray.evaluation", "from hexray.search.tree import Tree"),
        ("hexray.search.mcts", "from hexray.data.samples import Samples"),
        ("hexray.data.store", "from hexray import search"),
        ("hexray.batching", "import hexray.search.tree as tree"),
        ("hexray.play.selfplay", "from hexray.net.model import Net"),
        ("hexray.net.model", "def f():\n    from hexray.play.selfplay import play"),
        ("hexray.net.model", "from hexray.actors.player import Player"),
        ("hexray.actors.player", "from hexray.loop import main"),
        ("hexray.actors.player", "from hexray.metrics import MetricsWriter"),
        ("hexray.loop", "from hexray.cli import main"),
        ("hexray.cli.solved", "from examples.tiny import main"),
        ("hexray.game.board", "from . import frame"),
        ("hexray.game.board", "from ..net import model"),
        ("hexray", "from hexray.game import board"),
        ("hexray.helpers", "x = 1"),
        ("hexray.loop", "from hexray.helpers import everything"),
    ],
)
def test_an_import_against_the_layers_is_caught(module: str, line: str) -> None:
    assert len(layers(module, line)) == 1


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("hexray.play.selfplay", "from hexray.search.mcts import search"),
        ("hexray.play.selfplay", "from hexray.data.samples import Samples"),
        ("hexray.presets", "from hexray.config import RunConfig"),
        ("hexray.game.board", "from hexray.game.kernel import kernel"),
        ("hexray.loop", "from hexray import __version__, actors"),
        ("examples.tiny", "from hexray.loop import train\nimport numpy"),
    ],
)
def test_an_import_along_the_layers_passes(module: str, line: str) -> None:
    assert layers(module, line) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("hexray.net.model", "from numba import njit"),
        ("hexray.play.selfplay", "import torch.nn as nn"),
        ("hexray.actors.learner", "def f():\n    import torch"),
        ("hexray.net.model", "import pyarrow.parquet as pq"),
        ("hexray.actors.player", "import ray"),
        ("hexray.cli.solved", "from ray.util import metrics"),
        ("hexray.loop", "import matplotlib.pyplot"),
        ("hexray.play.arena", "from scipy.stats import binomtest"),
        ("hexray.report", "import choix"),
        ("examples.tiny", "import ray"),
    ],
)
def test_a_library_away_from_home_is_caught(module: str, line: str) -> None:
    assert len(homes(module, line)) == 1


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("hexray.search.tree", "from numba import njit"),
        ("hexray.net.model", "import torch"),
        ("hexray.data.store", "import pyarrow"),
        ("hexray.cluster", "import ray"),
        ("tune.sweep", "from ray import tune"),
        ("hexray.report", "from matplotlib.figure import Figure"),
        ("hexray.ratings.table", "from scipy.stats import norm"),
        ("hexray.ratings.table", "from choix import opt_pairwise"),
        ("hexray.loop", "import rayon_like"),
    ],
)
def test_a_library_at_home_passes(module: str, line: str) -> None:
    assert homes(module, line) == []


@pytest.mark.parametrize(
    ("module", "source", "is_within"),
    [
        ("hexray.x", "x = 1\n" * 300, True),
        ("hexray.x", "x = 1\n" * 301, False),
        ("examples.x", "x = 1\n" * 60, True),
        ("examples.x", "x = 1\n" * 61, False),
        ("hexray.x", "def f():\n" + "    x = 1\n" * 49, True),
        ("hexray.x", "def f():\n" + "    x = 1\n" * 50, False),
        ("hexray.x", "class A:\n    async def f():\n" + "        x = 1\n" * 50, False),
        ("hexray.x", "".join(f"def f{i}(): ...\n" for i in range(8)), True),
        ("hexray.x", "".join(f"def f{i}(): ...\n" for i in range(9)), False),
        ("hexray.x", "".join(f"class C{i}: ...\n" for i in range(9)), False),
        ("hexray.x", "".join(f"class C{i}(Settings): ...\n" for i in range(9)), True),
        ("hexray.x", "".join(f"class E{i}(HexrayError): ...\n" for i in range(9)), True),
        ("hexray.x", "".join(f"def _f{i}(): ...\n" for i in range(9)), True),
        ("hexray.x", "from y import a, b, c, d, e, f, g, h, i, j", True),
    ],
)
def test_the_budgets_hold_to_the_line(module: str, source: str, is_within: bool) -> None:
    assert (budgets(module, source) == []) == is_within


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    f()\nexcept:\n    g()",
        "try:\n    f()\nexcept Exception:\n    g()",
        "try:\n    f()\nexcept BaseException as error:\n    raise",
        "try:\n    f()\nexcept (ValueError, Exception):\n    g()",
        "try:\n    f()\nexcept builtins.Exception:\n    g()",
        "try:\n    f()\nexcept* Exception:\n    g()",
        "try:\n    f()\nexcept ValueError:\n    ...",
        "try:\n    f()\nexcept ValueError:\n    'it does not matter'",
        "with contextlib.suppress(Exception):\n    f()",
        "class A(ValueError):\n    pass",
    ],
)
def test_a_careless_handler_is_caught(source: str) -> None:
    assert len(handlers("hexray.x", source)) == 1


def test_a_handler_that_only_passes_is_caught() -> None:
    assert handlers("hexray.x", "try:\n    f()\nexcept ValueError:\n    pass") == [
        "hexray.x:3: the handler does nothing",
        "hexray.x:4: pass",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    f()\nexcept ValueError as error:\n    raise KeyError from error",
        "try:\n    f()\nexcept (OSError, ValueError):\n    x = 1",
        "with suppress(FileNotFoundError):\n    f()",
    ],
)
def test_a_careful_handler_passes(source: str) -> None:
    assert handlers("hexray.x", source) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("hexray.search_v2", ""),
        ("hexray.x", "def play_legacy(): ..."),
        ("hexray.x", "class _Board_v2: ..."),
        ("hexray.x", "def f(size_v3): ..."),
        ("hexray.x", "rows_deprecated = 1"),
        ("hexray.x", "def f_v1_fast(): ..."),
        ("hexray.x", "x = 1  # TODO: later"),
    ],
)
def test_a_second_version_or_a_postponed_task_is_caught(module: str, source: str) -> None:
    assert len(names(module, source)) == 1


def test_names_that_only_look_alike_pass() -> None:
    assert names("hexray.x", "value = net_value = new_rows = 1  # TODOS are no tasks") == []


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("x = 1", "no docstring"),
        ('"""M."""\ndef f() -> None: ...', "f has no docstring"),
        ('"""M."""\nclass A: ...', "A has no docstring"),
        ('"""M."""\nclass A:\n    """A."""\n    def f(self) -> None: ...', "f has no docstring"),
        ('"""M."""\ndef f(x) -> None:\n    """F."""', "annotate x"),
        ('"""M."""\ndef f(*, x) -> None:\n    """F."""', "annotate x"),
        ('"""M."""\ndef f(*x) -> None:\n    """F."""', "annotate x"),
        ('"""M."""\ndef f(**x) -> None:\n    """F."""', "annotate x"),
        ('"""M."""\nasync def f():\n    """F."""', "annotate what it returns"),
        ('"""M."""\nclass A:\n    """A."""\n    def __init__(self, x) -> None: ...', "annotate x"),
    ],
)
def test_a_public_thing_without_docstring_or_types_is_caught(source: str, fault: str) -> None:
    [found] = documents("hexray.x", source)
    assert found.endswith(fault)


@pytest.mark.process
def test_self_play_imports_neither_ray_nor_torch() -> None:
    script = "import sys, hexray.play.selfplay; print({'ray', 'torch'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "set()", done.stderr


def test_a_player_loads_no_network() -> None:
    """That would cost its process two seconds and 200 MB."""
    script = "import sys, hexray.remote_player; print({'torch', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
