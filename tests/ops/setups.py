"""A private Prosody and a configuration beside it, whole or broken in one place."""

from pathlib import Path
from typing import Any

from vestibule.ops.doctor import examine
from vestibule.ops.findings import Check, Finding, State
from vestibule.sandbox.component import ComponentProcess, as_toml
from vestibule.sandbox.server import Prosody


def component(server: Prosody, folder: Path, **changes: Any) -> ComponentProcess:
    """Return the component of *server*, its file written, not started."""
    folder.mkdir(parents=True, exist_ok=True)
    process = ComponentProcess.beside(server, folder)
    process.config.update(changes)
    write(process)
    return process


def write(process: ComponentProcess, mode: int = 0o600) -> Path:
    """Write the component's configuration as it is now."""
    process.config_path.write_text(as_toml(process.config))
    process.config_path.chmod(mode)
    return process.config_path


def examined(server: Prosody, process: ComponentProcess) -> list[Finding]:
    """Return what the doctor finds."""
    return examine(process.config_path, server.config_path)


def failed(findings: list[Finding]) -> dict[Check, str]:
    """Return what failed, and how it reads."""
    return {
        finding.check: f"{finding.text} → {finding.fix}"
        for finding in findings
        if finding.state is State.FAIL
    }
