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
GATE = "".join(path.read_text() for path in ROOT.glob("prosody/mod_vestibule/*.lua"))
ELSEWHERE = {"run", "demo", "check-config"}  # README.md and configuration.md


def metrics() -> set[str]:
    """Every metric of ours, by the name it is asked for."""
    names = set(BY_DUTY)
    for family in Meters().registry.collect():
        if family.name.startswith("vestibule_"):
            names.add(f"{family.name}_total" if family.type == "counter" else family.name)
    return names


def gate_metrics() -> set[str]:
    """Every metric of the gate, by the name Prosody gives it."""
    found = re.findall(r'module:metric\("(\w+)", "(\w+)", "(\w*)"', GATE)
    return {
        f"prosody_mod_vestibule__{name}{unit and f'_{unit}'}{'_total' * (kind == 'counter')}"
        for kind, name, unit in found
    }


def test_every_metric_of_the_gate_is_documented() -> None:
    named = set(re.findall(r"`(prosody_mod_vestibule__[a-z_]+)(?:\{[a-z,]+\})?`", PAGE))

    assert gate_metrics() == named


def test_every_metric_is_documented() -> None:
    rows = "\n".join(re.findall(r"^\| (`vestibule_.+?) \|", PAGE, re.M))
    named = set(re.findall(r"`(vestibule_[a-z_]+)(?:\{[a-z,]+\})?`", rows))

    assert metrics() == named - {"vestibule_component"}


def test_alerts_ask_for_metrics_that_exist() -> None:
    asked = re.findall(r"\b(?:prosody_mod_)?vestibule_[a-z_]+", ALERTS)
    known = metrics() | gate_metrics()
    known |= {f"{name}_bucket" for name in known}

    assert asked
    assert {name for name in asked if name not in known} == set()


def test_every_check_of_the_doctor_is_documented() -> None:
    assert [f"| `{check}` |" for check in Check if f"| `{check}` |" not in PAGE] == []


def test_every_command_is_documented() -> None:
    group = typer.main.get_command(app)
    verbs = set(group.commands) - ELSEWHERE  # type: ignore[attr-defined]

    assert {verb for verb in verbs if f"`vestibule {verb}" not in PAGE} == set()
