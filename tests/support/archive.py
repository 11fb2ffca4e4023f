"""What a person finds in their archive (XEP-0313).

Responsible for asking one's own server and for taking the results apart.

Must not know who wrote what, or why.
"""

import itertools
from xml.etree import ElementTree as ET

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import CLIENT

_MAM = "{urn:xmpp:mam:2}"
_NUMBERS = itertools.count(1)


async def archived(client: Client, contact: str) -> list[ET.Element]:
    """Return the messages exchanged with a contact as they were archived, oldest first."""
    messages: list[ET.Element] = []
    last = ""
    while True:
        query = f"archive-{next(_NUMBERS)}"
        reply = await client.iq(_page_after(last, contact, query))
        results = [
            result
            for got in client.received
            for result in got.stanza.iterfind(f"{_MAM}result[@queryid='{query}']")
        ]
        messages += [message for result in results for message in result.iter(f"{CLIENT}message")]
        fin = reply.find(f"{_MAM}fin")
        assert fin is not None, "no archive"
        if fin.get("complete") == "true" or not results:
            return messages
        last = results[-1].get("id", "")


def _page_after(last: str, contact: str, query: str) -> str:
    after = f"<after>{last}</after>" if last else ""
    return (
        f"<iq type='set'><query xmlns='{_MAM[1:-1]}' queryid='{query}'>"
        "<x xmlns='jabber:x:data' type='submit'>"
        f"<field var='FORM_TYPE' type='hidden'><value>{_MAM[1:-1]}</value></field>"
        f"<field var='with'><value>{contact}</value></field></x>"
        f"<set xmlns='http://jabber.org/protocol/rsm'><max>50</max>{after}</set>"
        "</query></iq>"
    )


async def archived_bodies(client: Client, contact: str, *, frm: str | None = None) -> list[str]:
    """Return what was said with a contact, or by one side of it, oldest first."""
    found = await archived(client, contact)
    return [
        message.findtext(f"{CLIENT}body") or ""
        for message in found
        if frm is None or (message.get("from") or "").partition("/")[0] == frm
    ]
