"""What a client says to hear personal news of its contacts (XEP-0163, XEP-0115).

Responsible for the presence that says so, and for the answer to the server that asks.

Must not know who publishes anything.
"""

import base64
import hashlib

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import having

_INFO = "http://jabber.org/protocol/disco#info"


def caps(name: str, node: str) -> str:
    """Return what the presence of a client of this name has, if it wants news of that kind."""
    features = f"client/pc//{name}<{node}+notify<"
    digest = hashlib.sha1(features.encode(), usedforsecurity=False).digest()
    return (
        "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='http://own.example'"
        f" ver='{base64.b64encode(digest).decode()}'/>"
    )


async def wants_news(client: Client, name: str, node: str) -> None:
    """Say so in the presence, and answer the server that asks what that means."""
    client.send_presence(extra=caps(name, node))
    asked = await client.expect(having(f"{{{_INFO}}}query"))
    client.send_raw(
        f"<iq type='result' id='{asked.get('id')}' to='{asked.get('from')}'>"
        f"<query xmlns='{_INFO}' node='{asked[0].get('node')}'>"
        f"<identity category='client' type='pc' name='{name}'/>"
        f"<feature var='{node}+notify'/></query></iq>"
    )
    await client.sync()
