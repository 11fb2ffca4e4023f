"""The bench, run once and short: it must measure whatever the product has become."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.servers("0.12"),
    pytest.mark.timeout(300),
]


@pytest.mark.usefixtures("installation")
async def test_one_round_measures_and_nothing_goes_astray(tmp_path: Path) -> None:
    bench = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vestibule.bench", "--quick", "--rounds", "1"),
        *("--prosody", "0.12"),
        *("--only", "authorised", "held-alone", "approved", "inside"),
        *("--out", str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await bench.communicate())[0].decode()

    assert bench.returncode == 0, said
    measured = json.loads((tmp_path / "raw.json").read_text())
    assert set(measured["runs"]) == {"authorised", "held-alone", "approved"}
    assert all(
        run["count"] and not run["wrong"] + run["lost"]
        for servers in measured["runs"].values()
        for rounds in servers.values()
        for run in rounds.values()
    )
    assert measured["inside"]["received_bytes"] == 0
    assert "authorised message: rate against stock" in (tmp_path / "report.md").read_text()
