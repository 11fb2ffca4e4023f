"""The bench, run once and short: it must measure whatever the product has become."""

import asyncio
import json
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from vestibule.bench.servers import ASKING, FIREWALL, GATE, REFLEX, Field
from vestibule.bench.world import PASSWORD, SHUT, STRANGERS, World
from vestibule.sandbox.client import Client
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.matching import error

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
    inside = measured["inside"]
    assert inside["bare_bytes"] == inside["device_bytes"] == inside["room_bytes"] == 0
    assert "authorised message: rate against stock" in (tmp_path / "report.md").read_text()


async def told(field: Field, server: str) -> str:
    """Return what a stranger hears who writes to somebody who is shut."""
    started = await field.start(server)
    stranger = await Client.connect(STRANGERS[0], PASSWORD, started.prosody.c2s_port)
    stranger.send_message(SHUT[0], "Hello")
    heard = (await stranger.expect(error())).find("{*}error")
    await stranger.disconnect()
    assert heard is not None
    return ET.canonicalize(ET.tostring(heard, "unicode"))


async def test_senders_are_told_the_same_on_the_servers_compared(
    installation: Installation,
) -> None:
    with tempfile.TemporaryDirectory() as short:  # Prosody cannot say "line 9" of a file far away
        field = Field(installation, World(rounds=0, held=0), Path(short))
        try:
            heard = {await told(field, server) for server in (FIREWALL, GATE, ASKING, REFLEX)}
        finally:
            await field.close()

    assert len(heard) == 1
