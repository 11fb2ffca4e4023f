"""Everything Vestibule says, in English.

Responsible for short sentences a person can act on.
Must not know when they are said.
"""

from typing import Final

from vestibule.texts.catalogue import Catalogue
from vestibule.texts.english.admin import ADMIN
from vestibule.texts.english.codes import CODES
from vestibule.texts.english.forms import FORMS, HELP
from vestibule.texts.english.general import GENERAL, NOTICES, SETTINGS
from vestibule.texts.english.requests import REQUESTS
from vestibule.texts.english.rules import EXPLAIN, RULES, TRANSFER

ENGLISH: Final = Catalogue(
    code="en",
    name="English",
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
