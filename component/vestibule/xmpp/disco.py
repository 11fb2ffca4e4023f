"""What the component says about itself: discovery, version, ping, presence.

Responsible for the answers at the component's own address and at the addresses people write to.

Must not know what commands there are (it is given a list for each asker), nor remember who asked.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final
from xml.etree.ElementTree import Element

from slixmpp import JID, ComponentXMPP
from slixmpp.exceptions import XMPPError
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
INTERFACE_NS: Final = "urn:vestibule:user:1"
_FEATURES: Final = (
    "http://jabber.org/protocol/disco#info",
    "http://jabber.org/protocol/disco#items",
    COMMANDS_NODE,
    "jabber:iq:version",
    "urn:xmpp:ping",
    INTERFACE_NS,
)

Commands = Callable[[JID], Sequence[tuple[str, str]]]
"""The commands somebody may see: node and title of each, for the asker's full address."""


def register(xmpp: ComponentXMPP, commands: Commands = lambda _: ()) -> None:
    """Load the plugins for discovery, version and ping, and answer discovery from here.

    All nodes at all our addresses are answered, so that the list of commands is the same at each;
    what other plugins of slixmpp say about themselves (``add_feature``, ``add_item``) is not
    told. Listing is no permission: who executes a command checks again.
    """
    xmpp.register_plugin("xep_0030")
    xmpp.register_plugin("xep_0092", {"software_name": NAME, "version": __version__})
    xmpp.register_plugin("xep_0199", {"keepalive": False})

    def info(_jid: JID, node: str, asker: JID, _query: Any) -> DiscoInfo:
        return info_at(node, commands(asker))

    def items(jid: JID, node: str, asker: JID, _query: Any) -> DiscoItems:
        return items_at(jid, node, commands(asker))

    discovery: Any = xmpp.plugin["xep_0030"]
    discovery.set_node_handler("get_info", handler=info)
    discovery.set_node_handler("get_items", handler=items)


def info_at(node: str, commands: Sequence[tuple[str, str]]) -> DiscoInfo:
    """Return identities and features: of an address, of its list of commands, of a command."""
    info = DiscoInfo()
    titles = dict(commands)
    if node:
        info["node"] = node
    if not node:
        # slixmpp puts the identity added last first, where clients look for a name.
        info.add_identity("automation", "command-list", NAME)
        info.add_identity("component", "generic", NAME)
        for feature in _FEATURES:
            info.add_feature(feature)
    elif node == COMMANDS_NODE:
        info.add_identity("automation", "command-list", NAME)
        info.add_feature(COMMANDS_NODE)
    elif node in titles:
        info.add_identity("automation", "command-node", titles[node])
        info.add_feature(COMMANDS_NODE)
        info.add_feature("jabber:x:data")
    else:
        raise XMPPError("item-not-found")
    return info


def items_at(jid: JID, node: str, commands: Sequence[tuple[str, str]]) -> DiscoItems:
    """Return what is to be found: the door below the component, the commands below their node."""
    items = DiscoItems()
    if node:
        items["node"] = node
    titles = dict(commands)
    if node == COMMANDS_NODE:
        for command, title in titles.items():
            items.add_item(JID(jid.bare), node=command, name=title)
    elif not node:
        if not jid.node:
            items.add_item(JID(f"{DOOR}@{jid.domain}"), name=NAME)
    elif node not in titles:
        raise XMPPError("item-not-found")
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
