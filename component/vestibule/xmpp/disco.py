"""What the component says about itself: discovery, version, ping, presence.

Responsible for the answers at the component's own address and at the addresses people write to.

Must not know the commands (the ad-hoc module serves their nodes), nor remember who asked.
"""

from collections.abc import Collection
from typing import Any, Final
from xml.etree.ElementTree import Element

from slixmpp import JID, ComponentXMPP
from slixmpp.plugins.xep_0030 import DiscoInfo, DiscoItems

from vestibule import __version__
from vestibule.core.model import BareJid
from vestibule.xmpp.address import host_of, prepare
from vestibule.xmpp.stanzas import presence

NAME: Final = "Vestibule"
STATUS: Final = "Write “help” to me."
DOOR: Final = "door"
"""The localpart from which the component speaks to people."""

COMMANDS_NODE: Final = "http://jabber.org/protocol/commands"
_FEATURES: Final = (
    "http://jabber.org/protocol/disco#info",
    "http://jabber.org/protocol/disco#items",
    COMMANDS_NODE,
    "jabber:iq:version",
    "urn:xmpp:ping",
)


def register(xmpp: ComponentXMPP) -> None:
    """Load the plugins for discovery, version and ping, and answer discovery from here.

    More specific handlers of the ad-hoc module, for a node or an address, go before these.
    """
    xmpp.register_plugin("xep_0030")
    xmpp.register_plugin("xep_0092", {"software_name": NAME, "version": __version__})
    xmpp.register_plugin("xep_0199", {"keepalive": False})
    discovery: Any = xmpp.plugin["xep_0030"]

    def info(jid: JID, node: str, asker: JID, query: Any) -> Any:
        known = node in ("", COMMANDS_NODE)
        return info_at(node) if known else discovery.static.get_info(jid, node, asker, query)

    def items(jid: JID, node: str, asker: JID, query: Any) -> Any:
        return discovery.static.get_items(jid, node, asker, query) if node else items_at(jid)

    discovery.set_node_handler("get_info", handler=info)
    discovery.set_node_handler("get_items", handler=items)


def info_at(node: str) -> DiscoInfo:
    """Return the identities and features at any of our addresses, or of its list of commands."""
    info = DiscoInfo()
    if node == COMMANDS_NODE:
        info.add_identity("automation", "command-list", NAME)
        info.add_feature(COMMANDS_NODE)
        return info
    info.add_identity("automation", "command-list", NAME)
    info.add_identity("component", "generic", NAME)
    for feature in _FEATURES:
        info.add_feature(feature)
    return info


def items_at(jid: JID) -> DiscoItems:
    """Return what is to be found at an address: below the component, the door."""
    items = DiscoItems()
    if not jid.node:
        items.add_item(JID(f"{DOOR}@{jid.domain}"), name=NAME)
    return items


def presence_answers(
    element: Element, component_jid: str, hosts: Collection[str], status: str = STATUS
) -> list[str]:
    """Return the stanzas that answer a presence sent to one of the component's addresses.

    Users of the served hosts may have us in their contact list, and always see us available;
    anybody else hears nothing. Nothing is remembered: the servers keep the subscriptions.
    """
    asker, ours = prepare(element.get("from")), prepare(element.get("to"))
    if asker is None or ours is None or host_of(ours) != component_jid:
        return []
    if not _is_user(asker, hosts):
        return []
    available = presence(asker, ours, status=status)
    match element.get("type"):
        case "subscribe":
            return [presence(asker, ours, "subscribed"), available]
        case "probe":
            return [available]
        case "unsubscribe":
            return [presence(asker, ours, "unsubscribed")]
        case _:
            return []


def _is_user(jid: BareJid, hosts: Collection[str]) -> bool:
    return "@" in jid and host_of(jid) in hosts
