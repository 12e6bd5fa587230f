"""``hexray preflight``: is everything there that a run needs?"""

import json

from rich.console import Console
from rich.table import Table

from hexray.options import parse_run
from hexray.preflight import preflight as look

_COLOURS = {"fine": "green", "warning": "yellow", "refused": "red"}


def preflight(*arguments: str) -> int:
    """Say before a run whether it can work; takes the arguments of python -m hexray.loop.

    Looks at disk, memory, object store, cores, ports, stored games, checkpoint, GPU and clock.
    The exit status is 1 when something is refused.

    Args:
        arguments: Those of python -m hexray.loop, and --json first for one line of JSON.
    """
    is_json = arguments[:1] == ("--json",)
    folder, config = parse_run(arguments[is_json:], prog="hexray preflight")
    checks = look(folder, config)
    if is_json:
        print(json.dumps([check._asdict() for check in checks]))
    else:
        table = Table(box=None, show_header=False, pad_edge=False)
        for name, verdict, found in checks:
            table.add_row(name, f"[{_COLOURS[verdict]}]{verdict}[/]", found)
        Console().print(table)
    return int(any(check.verdict == "refused" for check in checks))
