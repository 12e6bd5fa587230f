"""The rules of docs/design.md and CONTRIBUTING.md about source files, as functions on source text.

Every rule is ``(module, source) -> what is wrong``, one line each, so that it can be shown to
catch a planted fault. ``module`` is a dotted name such as ``hexray.game.board``.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("hexray", "tune", "examples", "benchmarks")

LAYERS = (
    {"errors"},
    {"files", "usage"},
    {"machine", "events"},
    {"config"},
    {"presets", "placement", "curriculum", "run_owner", "guard", "alerts", "health"},
    {"game", "growth"},
    {"evaluation"},
    {"search", "data", "batching"},
    {"play", "net", "ratings"},
    {"actors", "htp"},
    {"metrics", "exported", "trackers", "report", "console", "run_folder", "options"}
    | {"throttle", "rates", "cluster", "analysis"},
    {"remote_player", "remote_judge", "calls", "figures", "preflight", "page", "nodes", "stages"},
    {"starting"},
    {"spares"},
    {"crew"},
    {"supervisor", "reached"},
    {"asking"},
    {"elastic"},
    {"controller", "throughput", "pipeline"},
    {"training"},
    {"loop"},
    {"probes"},
    {"web"},
    {"cli", "tune", "examples", "benchmarks"},
)
"""From the bottom up; a part imports what is below it, never its neighbours in a brace."""

HOMES = {
    "numba": {"game", "search"},
    "torch": {"net", "probes"},
    "pyarrow": {"data"},
    "ray": {"cluster", "exported", "nodes", "calls", "supervisor", "loop"}
    | {"throughput", "pipeline", "probes", "tune", "benchmarks"},
    "matplotlib": {"report", "probes", "tune"},
    "wandb": {"trackers"},
    "mlflow": {"trackers"},
    "scipy": {"ratings"},
    "choix": {"ratings"},
    "onnx": {"net"},
    "onnxruntime": {"net"},
    "starlette": {"web"},
    "uvicorn": {"web"},
}
"""The only parts that may import these libraries."""

MAX_LINES, MAX_FUNCTION_LINES, MAX_NAMES = 300, 50, 8
MAX_EXAMPLE_LINES = 60

TABLES = {"Settings", "HexrayError"}
"""Bases whose direct subclasses do not count as public names."""

Rule = Callable[[str, str], list[str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def sources() -> list[tuple[str, str]]:
    """Read every module under the rules as ``(dotted name, source)``."""
    found = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(part for part in parts if part != "__init__")
            found.append((name, path.read_text(encoding="utf-8")))
    return found


def layers(module: str, source: str) -> list[str]:
    """Find imports of a part that is not below the module's own."""
    own = _part(module)
    if own and _level(own) is None:
        return [f"{module}: part {own} has no layer; give it one in LAYERS"]
    wrong = []
    for line, name in _imports(source):
        part = _part(name)
        if name.startswith("."):
            wrong.append(f"{module}:{line}: relative import; write the full name")
        elif part and part != own and not _is_below(part, own):
            wrong.append(f"{module}:{line}: {own or 'hexray'} may not import {name}")
    return wrong


def homes(module: str, source: str) -> list[str]:
    """Find imports of a library outside the parts it belongs to."""
    own = _part(module)
    return [
        f"{module}:{line}: {library} is imported outside {', '.join(sorted(HOMES[library]))}"
        for line, name in _imports(source)
        for library in [name.split(".")[0]]
        if library in HOMES and own not in HOMES[library]
    ]


def budgets(module: str, source: str) -> list[str]:
    """Find files, functions and modules that have outgrown their budget."""
    wrong = []
    lines = len(source.splitlines())
    most = MAX_EXAMPLE_LINES if _part(module) == "examples" else MAX_LINES
    if lines > most:
        wrong.append(f"{module}: {lines} lines, at most {most}")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, FUNCTIONS) and _length(node) > MAX_FUNCTION_LINES:
            wrong.append(
                f"{module}:{node.lineno}: {node.name} has {_length(node)} lines, "
                f"at most {MAX_FUNCTION_LINES}"
            )
    names = _public_names(source)
    if len(names) > MAX_NAMES:
        wrong.append(f"{module}: {len(names)} public names, at most {MAX_NAMES}: {names}")
    return wrong


def handlers(module: str, source: str) -> list[str]:
    """Find bare and broad handlers, and ``pass`` in any place."""
    wrong = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Pass):
            wrong.append(f"{module}:{node.lineno}: pass")
        elif isinstance(node, ast.ExceptHandler):
            if node.type is None or _is_broad(node.type):
                wrong.append(f"{module}:{node.lineno}: broad except; name the errors")
            if all(_is_empty(statement) for statement in node.body):
                wrong.append(f"{module}:{node.lineno}: the handler does nothing")
        elif _is_broad_suppress(node):
            wrong.append(f"{module}:{getattr(node, 'lineno', 0)}: broad suppress; name the errors")
    return wrong


def names(module: str, source: str) -> list[str]:
    """Find names that say a second version is kept beside the first, and notes to do later."""
    forbidden = re.compile(r"_(legacy|deprecated|v[0-9]+)(_|$)")
    wrong = [f"{module}: a module named so" for part in module.split(".") if forbidden.search(part)]
    for node in ast.walk(ast.parse(source)):
        name = _defined(node)
        if name and forbidden.search(name):
            wrong.append(f"{module}:{getattr(node, 'lineno', 0)}: {name}; replace the old one")
    for number, line in enumerate(source.splitlines(), start=1):
        if re.search(r"#.*\b(TODO|FIXME|XXX)\b", line):
            wrong.append(f"{module}:{number}: a note to do later; do it or open an issue")
    return wrong


def documents(module: str, source: str) -> list[str]:
    """Find public modules, classes and functions without docstring or annotations."""
    tree = ast.parse(source)
    wrong = [] if ast.get_docstring(tree) else [f"{module}: no docstring"]
    for node in _public(tree):
        place = f"{module}:{node.lineno}: {node.name}"
        is_special = node.name.startswith("__")
        if not is_special and not ast.get_docstring(node):
            wrong.append(f"{place} has no docstring")
        if isinstance(node, FUNCTIONS):
            wrong.extend(f"{place} does not annotate {what}" for what in _bare_of_types(node))
    return wrong


RULES: tuple[Rule, ...] = (layers, homes, budgets, handlers, names, documents)


def _part(module: str) -> str:
    """Return the part a module belongs to, empty for ``hexray`` itself and other libraries."""
    first, *rest = module.split(".")
    if first == "hexray":
        return rest[0] if rest else ""
    return first if first in FOLDERS else ""


def _level(part: str) -> int | None:
    return next((level for level, brace in enumerate(LAYERS) if part in brace), None)


def _is_below(part: str, own: str) -> bool:
    level, own_level = _level(part), _level(own)
    return level is not None and own_level is not None and level < own_level


def _imports(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            whole = [base] if base != "hexray" else [f"hexray.{a.name}" for a in node.names]
            yield from ((node.lineno, name) for name in whole if name != "hexray.__version__")


def _length(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _public_names(source: str) -> list[str]:
    """Functions and classes; errors and settings models are entries of a table, not counted."""
    return [
        node.name
        for node in ast.parse(source).body
        if isinstance(node, (*FUNCTIONS, ast.ClassDef))
        and not node.name.startswith("_")
        and not (isinstance(node, ast.ClassDef) and TABLES & set(map(_name, node.bases)))
    ]


def _is_broad(node: ast.expr) -> bool:
    entries = node.elts if isinstance(node, ast.Tuple) else [node]
    return any(_name(entry) in ("Exception", "BaseException") for entry in entries)


def _is_broad_suppress(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or _name(node.func) != "suppress":
        return False
    return any(_is_broad(argument) for argument in node.args)


def _is_empty(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _defined(node: ast.AST) -> str:
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return node.name
    if isinstance(node, ast.arg):
        return node.arg
    is_target = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    return node.id if is_target else ""


def _public(tree: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    """Yield public definitions and, within public classes, public and special methods."""
    for node in tree.body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            is_special = node.name.startswith("__") and node.name.endswith("__")
            if not node.name.startswith("_") or is_special:
                yield node
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield from _public(node)


def _bare_of_types(node: Function) -> Iterator[str]:
    arguments = node.args
    extra = [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]:
        if argument.annotation is None and argument.arg not in ("self", "cls"):
            yield argument.arg
    if node.returns is None:
        yield "what it returns"
