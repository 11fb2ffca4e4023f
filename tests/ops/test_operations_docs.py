"""The page for operators and the alert rules name what there is, and nothing else."""

import re
from pathlib import Path

import typer.main

from vestibule.cli import app
from vestibule.ops.findings import Check
from vestibule.watch.meters import Meters

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
ALERTS = (ROOT / "config" / "alerts.yaml").read_text()
BY_DUTY = {"vestibule_disk_free_bytes", "vestibule_stanzas_dropped_total"}
ELSEWHERE = {"run", "demo", "check-config"}  # README.md and configuration.md


def metrics() -> set[str]:
    """Every metric of ours, by the name it is asked for."""
    names = set(BY_DUTY)
    for family in Meters().registry.collect():
        if family.name.startswith("vestibule_"):
            names.add(f"{family.name}_total" if family.type == "counter" else family.name)
    return names


def test_every_metric_is_documented() -> None:
    named = set(re.findall(r"`(vestibule_[a-z_]+)(?:\{[a-z,]+\})?`", PAGE))

    assert metrics() == named - {"vestibule_component"}


def test_alerts_ask_for_metrics_that_exist() -> None:
    asked = re.findall(r"vestibule_[a-z_]+", ALERTS)
    known = metrics() | {f"{name}_bucket" for name in metrics()}

    assert asked
    assert {name for name in asked if name not in known} == set()


def test_every_check_of_the_doctor_is_documented() -> None:
    assert [f"| `{check}` |" for check in Check if f"| `{check}` |" not in PAGE] == []


def test_every_command_is_documented() -> None:
    group = typer.main.get_command(app)
    verbs = set(group.commands) - ELSEWHERE  # type: ignore[attr-defined]

    assert {verb for verb in verbs if f"`vestibule {verb}" not in PAGE} == set()
