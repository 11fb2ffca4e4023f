"""Everything Vestibule says, in German.

Responsible for short sentences a person can act on; words to be written stay as they are.
Must not know when they are said.
"""

from typing import Final

from vestibule.texts.catalogue import Catalogue
from vestibule.texts.german.admin import ADMIN
from vestibule.texts.german.codes import CODES
from vestibule.texts.german.forms import FORMS, HELP
from vestibule.texts.german.general import GENERAL, NOTICES, SETTINGS
from vestibule.texts.german.requests import REQUESTS
from vestibule.texts.german.rules import EXPLAIN, RULES, TRANSFER

GERMAN: Final = Catalogue(
    code="de",
    name="Deutsch",
    notices=NOTICES,
    general=GENERAL,
    help=HELP,
    settings=SETTINGS,
    requests=REQUESTS,
    rules=RULES,
    explain=EXPLAIN,
    codes=CODES,
    transfer=TRANSFER,
    admin=ADMIN,
    forms=FORMS,
)
