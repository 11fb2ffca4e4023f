"""Content: what of a stranger's message is worth keeping."""

import pytest

from vestibule.core.content import content_of
from vestibule.core.model import Content

KEEP = Content.WORTH_KEEPING
CHATTER = Content.CHATTER

ACTIVE = ("http://jabber.org/protocol/chatstates", "active")
THREAD = ("jabber:client", "thread")
STORE = ("urn:xmpp:hints", "store")
NO_STORE = ("urn:xmpp:hints", "no-store")
MUC_USER = ("http://jabber.org/protocol/muc#user", "x")
OMEMO = ("eu.siacs.conversations.axolotl", "encrypted")


def test_an_empty_message_is_chatter() -> None:
    assert CHATTER is content_of([], has_body=False, has_invite=False)


@pytest.mark.parametrize(
    "children",
    [
        pytest.param([OMEMO, STORE], id="OMEMO of today"),
        pytest.param([("urn:xmpp:omemo:2", "encrypted")], id="OMEMO 2"),
        pytest.param([("urn:xmpp:openpgp:0", "openpgp")], id="OpenPGP"),
        pytest.param([("jabber:x:encrypted", "x")], id="OpenPGP of old"),
        pytest.param([("urn:xmpp:eme:0", "encryption"), ("urn:new", "e")], id="an unknown cipher"),
        pytest.param([("jabber:x:conference", "x")], id="a direct invitation"),
        pytest.param([("jabber:x:oob", "x")], id="a link to a file"),
        pytest.param([("urn:xmpp:sfs:0", "file-sharing")], id="a shared file"),
        pytest.param([("urn:xmpp:reactions:0", "reactions"), STORE], id="a reaction"),
        pytest.param([("urn:xmpp:message-retract:1", "retract")], id="a retraction"),
        pytest.param([("jabber:x:data", "x")], id="a form"),
        pytest.param([("urn:example:tomorrow", "thing")], id="something unknown"),
        pytest.param([ACTIVE, OMEMO, THREAD], id="typing beside a message"),
        pytest.param([("jabber:client", "unheard-of")], id="an unknown child of the stream"),
    ],
)
def test_what_a_person_would_miss_is_worth_keeping(children: list[tuple[str, str]]) -> None:
    assert KEEP is content_of(children, has_body=False, has_invite=False)


@pytest.mark.parametrize(
    "children",
    [
        pytest.param([ACTIVE], id="a chat state"),
        pytest.param([ACTIVE, THREAD, STORE], id="a chat state in a thread"),
        pytest.param([("jabber:x:event", "x")], id="a chat state of old"),
        pytest.param([("urn:xmpp:receipts", "received")], id="a receipt"),
        pytest.param([("urn:xmpp:receipts", "request")], id="the wish for a receipt"),
        pytest.param([("urn:xmpp:chat-markers:0", "displayed"), STORE], id="a marker"),
        pytest.param([("urn:xmpp:attention:0", "attention")], id="a shaking window"),
        pytest.param([("urn:xmpp:jingle-message:0", "propose"), STORE], id="a call"),
        pytest.param([("urn:xmpp:jingle-message:1", "ringing")], id="a call of another version"),
        pytest.param([("urn:xmpp:call-invites:0", "invite")], id="a call of another kind"),
        pytest.param([("http://jabber.org/protocol/pubsub#event", "event")], id="an eventing note"),
        pytest.param([("http://jabber.org/protocol/rosterx", "x")], id="a contact suggestion"),
        pytest.param([("urn:xmpp:carbons:2", "received")], id="a stray copy"),
        pytest.param([("urn:xmpp:mam:2", "result")], id="a stray archive result"),
        pytest.param([("urn:xmpp:eme:0", "encryption")], id="the name of a cipher alone"),
        pytest.param([("jabber:client", "body")], id="a body without text"),
        pytest.param([("jabber:client", "subject")], id="a subject alone"),
        pytest.param([("jabber:component:accept", "subject")], id="a subject as components see it"),
        pytest.param([("urn:xmpp:sid:0", "origin-id"), STORE], id="an id alone"),
        pytest.param([("http://jabber.org/protocol/ibb", "data")], id="a piece of a stream"),
        pytest.param([("jabber:x:roster", "x")], id="a contact suggestion of old"),
        pytest.param([("urn:xmpp:csi:0", "inactive")], id="a client's idleness"),
        pytest.param([("vcard-temp:x:update", "x")], id="a new photo"),
        pytest.param([MUC_USER, ACTIVE], id="a chat state of somebody in a room"),
    ],
)
def test_what_software_exchanges_is_chatter(children: list[tuple[str, str]]) -> None:
    assert CHATTER is content_of(children, has_body=False, has_invite=False)


@pytest.mark.parametrize(
    "remark",
    [
        ("urn:xmpp:delay", "delay"),
        ("jabber:x:delay", "x"),
        ("urn:xmpp:sid:0", "stanza-id"),
        ("urn:xmpp:message-correct:0", "replace"),
        ("urn:xmpp:reply:0", "reply"),
        ("urn:xmpp:fallback:0", "fallback"),
        ("urn:xmpp:styling:0", "unstyled"),
        ("http://jabber.org/protocol/nick", "nick"),
        ("http://jabber.org/protocol/address", "addresses"),
        ("http://jabber.org/protocol/amp", "amp"),
        ("http://jabber.org/protocol/shim", "headers"),
        ("http://jabber.org/protocol/caps", "c"),
    ],
    ids=lambda remark: f"{remark[1]} of {remark[0]}",
)
def test_a_remark_counts_for_what_it_stands_beside(remark: tuple[str, str]) -> None:
    assert CHATTER is content_of([remark], has_body=False, has_invite=False)
    assert KEEP is content_of([remark, OMEMO], has_body=False, has_invite=False)
    assert KEEP is content_of([remark], has_body=True, has_invite=False)


@pytest.mark.parametrize(
    ("children", "expected"),
    [
        pytest.param([], KEEP, id="plain"),
        pytest.param([ACTIVE, ("urn:xmpp:receipts", "request")], KEEP, id="with chatter beside"),
        pytest.param([("urn:xmpp:message-correct:0", "replace")], KEEP, id="a correction"),
        pytest.param([("urn:xmpp:hints", "no-permanent-store")], KEEP, id="not for the archive"),
        pytest.param([NO_STORE], CHATTER, id="not to be stored at all"),
    ],
)
def test_a_body_is_worth_keeping_unless_it_asks_not_to_be(
    children: list[tuple[str, str]], expected: Content
) -> None:
    assert expected is content_of(children, has_body=True, has_invite=False)


def test_an_invitation_through_a_room_is_worth_keeping() -> None:
    assert KEEP is content_of([MUC_USER], has_body=False, has_invite=True)


def test_nothing_that_asks_not_to_be_stored_is_kept() -> None:
    assert CHATTER is content_of([OMEMO, NO_STORE], has_body=False, has_invite=True)
