"""What operators do at a shell: set up, look, mend, back up. None of it is loaded by ``run``."""
