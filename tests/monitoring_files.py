"""What ``monitoring/`` asks Prometheus for: every expression, with the labels that are shown."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

FOLDER = Path(__file__).parent.parent / "monitoring"
RULES = FOLDER / "prometheus" / "rules.yml"
DASHBOARD = FOLDER / "grafana" / "dashboards" / "hexray.json"


class Asked(NamedTuple):
    """An expression in PromQL, where it stands, and a text that names labels of what it finds."""

    where: str
    expr: str
    text: str

    @property
    def metrics(self) -> set[str]:
        """Return the names of hexray's metrics in it."""
        return set(re.findall(r"\bray_hexray_\w+", self.expr))

    @property
    def labels(self) -> set[str]:
        """Return the labels that its text shows, as ``{{run}}`` or ``{{ $labels.run }}``."""
        return set(re.findall(r"{{\s*(?:\$labels\.)?(\w+)\s*}}", self.text))


def panels() -> list[dict[str, Any]]:
    """Return the panels of the Grafana dashboard."""
    return json.loads(DASHBOARD.read_text())["panels"]


def rules() -> list[dict[str, Any]]:
    """Return the alerts of Prometheus."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def everything_asked() -> list[Asked]:
    """Return all expressions of the dashboard and of the alerts."""
    asked = []
    for panel in panels():
        for target in panel.get("targets", []):
            where = f"panel {panel['title']}"
            asked.append(Asked(where, target["expr"], target["legendFormat"]))
    for rule in rules():
        summary = rule["annotations"]["summary"]
        asked.append(Asked(f"alert {rule['alert']}", rule["expr"], summary))
    return asked
