"""The scenes: the use case's two flows step by step, and what can be answered to a contact.

Responsible for the order of events, and for what has to be received for a step to count.

Must not know how a server is started, or how lines are printed.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from vestibule.demo.people import Person
from vestibule.demo.server_log import Decisions
from vestibule.demo.transcript import Transcript
from vestibule.sandbox.matching import CLIENT, error, having, message, presence, roster_push

_DELAY: Final = having(".//{urn:xmpp:delay}delay")


@dataclass(frozen=True, slots=True)
class Play:
    """Everybody on the stage."""

    transcript: Transcript
    alice: Person
    bob: Person
    carol: Person
    decisions: Decisions

    def title(self, text: str) -> None:
        """Begin a scene."""
        self.transcript.title(text)


Scene = Callable[[Play], Awaitable[None]]


def demand(is_so: bool, wanted: str, came: object) -> None:
    """Fail the step unless *is_so*."""
    if not is_so:
        raise AssertionError(f"expected: {wanted}\ncame:     {came}")


async def proactive(play: Play) -> None:
    """The normal flow, nine steps: an open door."""
    step, a, b = play.transcript.step, play.alice, play.carol
    play.title("Proactive authorization: the normal flow")
    play.transcript.note("UserA is alice, UserB is carol. Carol keeps an open door and is busy.")
    with step("", "Beforehand, carol chooses her model and sets her status."):
        demand("proactive" in await b.tells_the_door("proactive"), "an answer", "another one")
        b.does("presence, BUSY")
        b.client.send_presence(show="dnd")
    with step("1", "UserA adds UserB to the contact list."):
        await a.lists(b)
    with step("2", "UserB stands in UserA's contact list."):
        await a.gets(roster_push(b.address, "none"))
    with step("3", "ClientA asks the server for UserB's status."):
        a.asks_to_see(b)
        await a.gets(roster_push(b.address, "none", ask="subscribe"))
    with step("4", "The server looks at UserB's model: it is proactive."):
        await a.gets(presence("subscribed", frm=b.address))
        await play.decisions.show("subscribe", "approve", "model-proactive")
    with step("5", "The server tells ClientA UserB's status: BUSY."):
        await a.gets(roster_push(b.address, "to"))
        await a.gets(presence("available", frm=b.client.jid, show="dnd"))
    with step("6", "The server tells UserB that UserA has come in."):
        await b.gets(roster_push(a.address, "from"))
        await b.is_told(a)
    with step("7", "UserA writes to UserB."):
        a.writes(b, "Hello Carol!")
    with step("8", "The server looks again: UserA was let in, so nothing is asked any more."):
        await _is_authorized(a, b)
    with step("9", "The server delivers the message."):
        await b.gets(message("Hello Carol!", frm=a.client.jid))


async def reactive(play: Play) -> None:
    """The alternative flow, fifteen steps: a doorbell."""
    step, a, b = play.transcript.step, play.alice, play.bob
    play.title("Reactive authorization: the alternative flow")
    play.transcript.note("UserA is alice, UserB is bob. Bob has chosen nothing: he is reactive.")
    with step("1", "UserA adds UserB to the contact list."):
        await a.lists(b)
    with step("2", "UserB stands in UserA's contact list."):
        await a.gets(roster_push(b.address, "none"))
    with step("3", "ClientA asks the server for UserB's status."):
        a.asks_to_see(b)
        await a.gets(roster_push(b.address, "none", ask="subscribe"))
    with step("4", "The server looks at UserB's model: reactive, and UserA is not authorised."):
        await a.waits_for_verdicts()
        await a.gets_not(presence("subscribed", frm=b.address), "no “subscribed” from bob")
        await play.decisions.show("subscribe", "ask", "model-reactive")
    with step("5", "The server asks UserB on UserA's behalf."):
        await b.gets(presence("subscribe", frm=a.address))
        await b.is_told(a)
    with step("6", "UserB does nothing about it."):
        b.finds("reads on")
    with step("7", "The server tells ClientA that UserB is OFFLINE."):
        await a.gets(presence("unavailable", frm=b.address))
        await a.gets_not(presence("available", frm=b.address), "nothing else about bob's status")
    with step("8", "UserA writes to UserB, twice."):
        a.writes(b, "Bob, are you there?")
        a.writes(b, "It is about tomorrow.")
    with step("9", "The server looks at UserB's model: still reactive."):
        await a.waits_for_verdicts()
        await play.decisions.show("message", "hold", "model-reactive")
    with step("10", "The server does not deliver the messages."):
        await b.gets_not(message(frm=a.address), "nothing from alice")
        await a.gets_not(error(frm=b.address), "no error: the messages wait")
    with step("11", "Now UserB reacts, with the client's own function, and authorises UserA."):
        b.approves(a)
        await b.gets(roster_push(a.address, "from"))
    with step("12", "The server tells ClientA that UserB is ONLINE."):
        await a.gets(presence("subscribed", frm=b.address))
        await a.gets(presence("available", frm=b.client.jid))
    with step("", "What waited arrives: in order, once, with the time it was written at."):
        waited = [await b.gets(message(frm=a.client.jid) & _DELAY) for _ in range(2)]
        words = [stanza.findtext(f"{CLIENT}body") for stanza in waited]
        wanted = ["Bob, are you there?", "It is about tomorrow."]
        demand(words == wanted, " then ".join(wanted), words)
        await b.gets_not(message(frm=a.address), "nothing twice")
    with step("13", "UserA writes to UserB."):
        a.writes(b, "Good to see you.")
    with step("14", "The server looks again: UserB is reactive, and UserA is authorised."):
        await _is_authorized(a, b)
    with step("15", "The server delivers the message."):
        got = await b.gets(message("Good to see you.", frm=a.client.jid))
        demand(not _DELAY(got), "a message that did not wait", "one with a delay stamp")


async def reciprocity(play: Play) -> None:
    """Answering with ``add``: the default choice, from the notice and from the request."""
    step, alice, bob, carol = play.transcript.step, play.alice, play.bob, play.carol
    play.title("Adding reciprocally: one word, from the notice and from the request")
    with step("a", "Carol answers the notice about alice with “add”."):
        await carol.tells_the_door("add")
    with step(
        "b", "Alice, who had added carol, sees the request in her client only, and says yes."
    ):
        await alice.gets(presence("subscribe", frm=carol.address))
        await alice.is_not_told(carol)
        alice.approves(carol)
    with step("c", "Both see each other."):
        await carol.gets(presence("available", frm=alice.client.jid))
        await _is_mutual(carol, alice)
    with step("d", "Carol adds bob, who is asked."):
        carol.asks_to_see(bob)
        await bob.gets(presence("subscribe", frm=carol.address))
        await bob.is_told(carol)
    with step("e", "Bob answers the request with “add”: he lets her in, and adds her too."):
        await bob.tells_the_door("add")
        await carol.gets(presence("subscribed", frm=bob.address))
        await carol.gets(presence("available", frm=bob.client.jid))
    with step("f", "Carol's door is open, so bob sees her at once."):
        await bob.gets(presence("available", frm=carol.client.jid))
        await _is_mutual(bob, carol)
        await carol.is_told(bob)


async def blocking(play: Play) -> None:
    """Answering with a block: never the default, by word and with the client's own function."""
    step, alice, bob, carol = play.transcript.step, play.alice, play.bob, play.carol
    play.title("Blocking: by word, and with the client's own function (XEP-0191)")
    with step("g", "Carol answers the notice about bob with “block”."):
        await carol.tells_the_door("block")
    with step("h", "Bob's next message does not reach her."):
        bob.writes(carol, "Carol?")
        await _is_in_vain(bob, carol)
    with step("i", "Bob stands in the block list that carol's client shows."):
        await _is_blocked(carol, bob)
    with step("j", "Bob asks to see alice, whose client shows the request."):
        bob.asks_to_see(alice)
        await alice.gets(presence("subscribe", frm=bob.address))
    with step("k", "Alice's client blocks him."):
        await alice.blocks(bob)
    with step("l", "The component knows: nobody waits for alice any more."):
        answer = await alice.tells_the_door("requests")
        demand(bob.address not in answer, "a list without bob", answer)
    with step("m", "Bob's next message does not reach her."):
        bob.writes(alice, "Alice?")
        await _is_in_vain(bob, alice)


async def _is_authorized(contact: Person, user: Person) -> None:
    subscription, _ = await user.contact(contact)
    demand(subscription in ("from", "both"), "subscription “from”", subscription)
    user.finds(f"contact list: {contact.address}, subscription “{subscription}”")


async def _is_mutual(one: Person, other: Person) -> None:
    subscription, _ = await one.contact(other)
    demand(subscription == "both", "subscription “both”", subscription)
    one.finds(f"contact list: {other.address}, subscription “both”")


async def _is_blocked(user: Person, contact: Person) -> None:
    reply = await user.client.iq("<iq type='get'><blocklist xmlns='urn:xmpp:blocking'/></iq>")
    listed = [item.get("jid") for item in reply.iter("{urn:xmpp:blocking}item")]
    demand(contact.address in listed, contact.address, listed)
    user.finds(f"block list: {', '.join(map(str, listed))}")


async def _is_in_vain(contact: Person, user: Person) -> None:
    """Make sure nothing arrived; Prosody 0.12 tells the sender, 13.0 does not by default."""
    await contact.waits_for_verdicts()
    await user.gets_not(message(frm=contact.address), f"nothing from {contact.name}")
    contact.reads_errors(user)


FLOWS: Final[tuple[Scene, ...]] = (proactive, reactive)
"""What the use case describes."""

ANSWERS: Final[tuple[Scene, ...]] = (reciprocity, blocking)
"""What its requirements add: how a notice or a request can be answered."""
