"""What is said about those who wait, in English."""

from typing import Final

from vestibule.texts.catalogue import Counted, Requests

REQUESTS: Final = Requests(
    nobody="Nobody waits for your answer.",
    waiting=Counted(
        "{count} person waits for your answer:", "{count} people wait for your answer:"
    ),
    wants_presence="wants to see your status and write",
    wants_message="wants to write",
    line="{number}. {contact} – {wish}, since {since}; {more}",
    same_server="on your server",
    other_server="on another server",
    messages=Counted("{count} message waits", "{count} messages wait"),
    asked=Counted("asked once", "asked {count} times"),
    says="says: “{note}”",
    how_to_answer=(
        "Answer with a word and numbers: add, accept, deny, block or later, "
        "as in: accept {number}. To read what waits: show {number}"
    ),
    quiet=Counted(
        "{count} person was denied lately (write rules to see whom).",
        "{count} people were denied lately (write rules to see whom).",
    ),
    asked_again=Counted(
        "They asked once more, in vain.", "They asked {count} times more, in vain."
    ),
    came_in_line="{number}. {contact} – came in by your rules, {at}",
    no_such_number="There is no number {number}. Write requests to see who waits.",
    nobody_to_answer=(
        "There is nobody to answer. Write an address too, as in: accept ann@example.net"
    ),
    who_is_meant=(
        "The newest one is answered already. Who is meant? Write the word with a number.\n{people}"
    ),
    nobody_waits_from={
        "accept": (
            "Nobody of {identity} waits. To let them all in from now on, write: allow {identity}"
        ),
        "add": (
            "Nobody of {identity} waits. To let them all in from now on, write: allow {identity}"
        ),
        "deny": "Nobody of {identity} waits. To keep them all out, write: block {identity}",
        "later": "Nobody of {identity} waits.",
    },
    needs_address="Write one address or number.",
    yourself="That is you yourself: nothing was changed.",
    me="That is me: nothing was changed, or you could not reach me any more.",
    own_server=(
        "That is your own server, and you would cut yourself off. "
        "To keep its people out, write: block same-server"
    ),
    decided_since=(
        "Since you wrote this you have decided about {contact} in your client, and that holds: "
        "nothing was changed."
    ),
    accepted="{contact} may see your status and write to you.",
    added="{contact} may see your status and write to you, and you asked to see theirs.",
    released=Counted(
        "{count} message is on its way to you.", "{count} messages are on their way to you."
    ),
    denied="{contact} may neither see your status nor write to you.",
    denied_for_now=Counted(
        "{contact} may neither see your status nor write to you. "
        "If they ask again within a day, you are not disturbed.",
        "{contact} may neither see your status nor write to you. "
        "If they ask again within {count} days, you are not disturbed.",
    ),
    discarded=Counted(
        "{count} message that waited was thrown away.",
        "{count} messages that waited were thrown away.",
    ),
    blocked="{contact} is blocked.",
    blocked_domain="{identity} is blocked: nobody from there can reach you, contacts included.",
    blocked_rule_only=(
        "{identity} is blocked, for everybody you have not let in yet; "
        "contacts you have stay contacts."
    ),
    cleared=Counted("{count} request was cleared away.", "{count} requests were cleared away."),
    reported="The administrators of this server are told; what was written stays with you.",
    later="{contact} goes on waiting and is not told.",
    admit_offer=Counted(
        "{count} person who waits would be let in now: {people}.",
        "{count} people who wait would be let in now: {people}.",
    ),
    admit_hint="Reply: admit (or for one of them: admit {number})",
    nobody_to_admit="Nobody who waits would be let in by your rules. To see who waits: requests",
    admitted="{contact} is let in.",
    still_waits="{contact} goes on waiting: your rules do not let them in. To do so, write: accept",
    not_waiting="{contact} does not wait for your answer.",
    no_messages="No messages of {contact} wait.",
    shown=Counted("{contact} wrote (only you see this):", "{contact} wrote (only you see this):"),
    shown_line="{at}: {words}",
    shown_more=Counted("… and {count} more message.", "… and {count} more messages."),
    no_words="(something I cannot show: encrypted, or no text)",
)
