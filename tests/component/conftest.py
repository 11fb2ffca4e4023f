"""What every test of the link needs."""

import pytest
from slixmpp.stanza import Error


@pytest.fixture(autouse=True)
def _errors_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo ``fix_error_ns`` afterwards: it changes a class, also for the sandbox's clients."""
    monkeypatch.setattr(Error, "namespace", Error.namespace)
