"""What administrators chose for everybody, over what the operator configured.

Responsible for the names these choices have on disk, and for putting them into effect.
Must not know who may choose.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vestibule.core.model import Model, Settings, StrangerPolicy
from vestibule.desk.ports import House

MODEL: Final = "model"
STRANGERS: Final = "strangers"
LOCKED: Final = "locked"


def apply(
    house: House,
    configured: Settings,
    chosen: Mapping[str, str],
    of_hosts: Mapping[str, Settings] = MappingProxyType({}),
) -> None:
    """Make *chosen* hold for everybody.

    Where nothing was chosen, what is configured holds: *of_hosts* for some, else *configured*.
    """
    house.defaults = _with(configured, chosen)
    house.host_defaults = {host: _with(own, chosen) for host, own in of_hosts.items()}
    house.locked = chosen.get(LOCKED) == "1"


def _with(configured: Settings, chosen: Mapping[str, str]) -> Settings:
    model, strangers = chosen.get(MODEL), chosen.get(STRANGERS)
    return Settings(
        Model(model) if model else configured.model,
        StrangerPolicy(strangers) if strangers else configured.strangers,
    )
