"""``python -m vestibule`` is the same as the command ``vestibule``."""

from vestibule.cli import main

if __name__ == "__main__":
    main()
