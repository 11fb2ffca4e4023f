"""What a component that runs does without.

Responsible for libraries that others load if they find them, and that a process which writes to a
log has no use for.
Must not know who loads them.
"""

import sys
from typing import Final

_COLOURS: Final = ("pygments", "rich")
"""They come with the command line, and take a tenth of the component's memory."""


def do_without_colours() -> None:
    """Have nobody find the libraries that colour a terminal, before anybody looks for them.

    None stands for a module that cannot be imported (Python's language reference, 5.3.1).
    """
    for module in _COLOURS:
        sys.modules.setdefault(module, None)  # type: ignore[arg-type]
