"""What administrators chose for everybody, over what the operator configured.

Responsible for the names these choices have on disk, and for putting them into effect.
Must not know who may choose.
"""

from collections.abc import Mapping
from typing import Final

from vestibule.core.model import Model, Settings, StrangerPolicy
from vestibule.desk.ports import House

MODEL: Final = "model"
STRANGERS: Final = "strangers"
LOCKED: Final = "locked"


def apply(house: House, configured: Settings, chosen: Mapping[str, str]) -> None:
    """Make *chosen* hold for everybody; where nothing was chosen, what is configured holds."""
    model, strangers = chosen.get(MODEL), chosen.get(STRANGERS)
    house.defaults = Settings(
        Model(model) if model else configured.model,
        StrangerPolicy(strangers) if strangers else configured.strangers,
    )
    house.locked = chosen.get(LOCKED) == "1"
