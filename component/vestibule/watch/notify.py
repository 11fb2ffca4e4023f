"""Telling systemd how we are: ready, stopping, alive.

Responsible for the three lines of sd_notify(3) that we need; outside systemd it does nothing.
Must not know when to say what.

A library for it (cysystemd, say) is compiled code for one ``sendto``, so this is our own.
"""

import os
import socket
from contextlib import suppress


def notify(*lines: str) -> bool:
    """Send *lines* to the service manager; False if there is none, or it does not listen."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto("\n".join(lines).encode(), address)
        return True
    return False


def watchdog_interval() -> float | None:
    """Return how often, in seconds, systemd wants to hear ``WATCHDOG=1``: half its patience."""
    micros, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not micros.isdecimal() or int(micros) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(micros) / 2_000_000
