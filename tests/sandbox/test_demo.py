"""``vestibule demo``, run as a newcomer runs it."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.demo import DEMO, environment, options, staying

from vestibule.sandbox.client import Client
from vestibule.sandbox.installation import Installation

pytestmark = pytest.mark.prosody

BROKEN = """
import sys
from vestibule.demo import run
from vestibule.sandbox.matching import message

async def scene(play):
    play.title("A scene")
    with play.transcript.step("1", "Alice says something."):
        play.alice.writes(play.carol, "one thing")
    with play.transcript.step("2", "Alice hears of a miracle."):
        play.alice.client.expect = lambda wanted: never(wanted)
        await play.alice.gets(message("a miracle"))

async def never(wanted):
    raise AssertionError

sys.exit(run.main(once=True, scenes=[scene], {options}))
"""


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with *folder* for temporary files."""
    return subprocess.run(
        command,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=110,
    )


def steps(output: str, title: str) -> list[str]:
    """Return the numbers of the steps that went through, of the scene so called."""
    scene = re.split(r"^=+$", output.split(f"{title}:")[1], flags=re.M)[1]
    return re.findall(r"^ ✔ +(\d+)  ", scene, re.M)


def test_both_flows_go_through_step_by_step(installation: Installation, tmp_path: Path) -> None:
    done = run(*DEMO, "--once", *options(installation), folder=tmp_path)

    assert done.returncode == 0, done.stdout
    assert [str(n) for n in range(1, 10)] == steps(done.stdout, "Proactive authorization")
    assert [str(n) for n in range(1, 16)] == steps(done.stdout, "Reactive authorization")
    assert "✘" not in done.stdout
    assert "\x1b" not in done.stdout
    assert installation.version in done.stdout
    assert [] == list(tmp_path.iterdir())


@pytest.mark.servers("13.0")
def test_a_failing_step_says_what_came_and_keeps_the_logs(
    installation: Installation, tmp_path: Path
) -> None:
    script = BROKEN.replace("{options}", f"series={installation.series!r}")

    done = run(sys.executable, "-c", script, folder=tmp_path)

    assert done.returncode == 1
    assert " ✔  1  Alice says something." in done.stdout
    assert " ✘  2  Alice hears of a miracle." in done.stdout
    assert "alice expected: message(body='a miracle')" in done.stdout
    assert "alice@localhost/phone: presence, ONLINE" in done.stdout  # what came instead
    (kept,) = tmp_path.iterdir()
    assert f"The logs were kept in {kept}" in done.stdout
    assert (kept / "vestibule.log").stat().st_size > 0


async def log_in_and_leave(port: int) -> dict[str, tuple[str, str | None]]:
    alice = await Client.connect("alice@localhost", "demo", port)
    roster = await alice.roster()
    await alice.disconnect()
    return roster


@pytest.mark.asyncio
@pytest.mark.servers("13.0")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_stays_up_with_a_clean_sheet_until_it_is_told_to_stop(
    installation: Installation, tmp_path: Path, number: signal.Signals
) -> None:
    with staying((*DEMO, *options(installation)), tmp_path) as demo:
        output = (tmp_path / "output").read_text()
        port = re.search(r"server +127.0.0.1, port (\d+)", output)
        assert port, output

        assert {} == await log_in_and_leave(int(port[1]))

        demo.send_signal(number)
        assert 0 == demo.wait(20)
    assert ["output"] == [path.name for path in tmp_path.iterdir()]
    with pytest.raises(Exception, match="no server"):
        await Client.connect("alice@localhost", "demo", int(port[1]))


def test_a_series_that_is_not_supported_is_named(tmp_path: Path) -> None:
    done = run(*DEMO, "--once", "--series", "0.11", folder=tmp_path)

    assert done.returncode == 1
    assert "no Prosody 0.11: the supported series are 0.12, 13.0" in done.stdout
