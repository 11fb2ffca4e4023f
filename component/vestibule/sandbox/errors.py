"""The one error the sandbox raises.

Must not know which part raised it: a caller only learns that the world could not be set up.
"""


class SandboxError(Exception):
    """The sandbox could not do what was asked; the text says why and what would help."""
