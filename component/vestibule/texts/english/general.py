"""Notices, settings, and what any command may say, in English."""

from typing import Final

from vestibule.core.model import Model, NoticePolicy, StrangerPolicy
from vestibule.texts.catalogue import General, Notices, Settings

NOTICES: Final = Notices(
    request_presence="{contact} wants to see your status and write to you (request {number}).",
    request_message="{contact} wants to write to you (request {number}).",
    says="They say: “{note}”",
    request_reply=(
        "Reply: add (let them in and add them too), accept (only let them in), deny, or block. "
        "Later, write the number too: add {number}"
    ),
    added=("{contact} added you and can now see your status and write to you (number {number})."),
    added_reply=(
        "Reply: add (add them too), deny (take it back), or block. "
        "Later, write the number too: add {number}"
    ),
    digest=(
        "More people want to reach you, or came in. "
        "Reply: requests, to see who waits, or who, to see who is in."
    ),
    lock_down=(
        "Very many strangers want to reach you at once. For the next {minutes} minutes I ask all "
        "of them to try again later, and tell you nothing of them. Your contacts notice nothing. "
        "To let strangers ring again at once, reply: lock-down off"
    ),
    buttons={
        "add": "Add",
        "accept": "Accept",
        "deny": "Deny",
        "block": "Block",
        "requests": "Who?",
        "lock-down off": "Let them ring",
    },
    ask_first=(
        "This person only receives messages from people they know. Add them as a contact first."
    ),
    asked_already=(
        "You have asked this person already. Please wait for their answer: "
        "until then they receive no messages of yours."
    ),
    reported=(
        "{user} reports {contact} and has blocked them. "
        "Asked: {asked} times; messages held: {held}."
    ),
    reported_reply=("To keep them out for everybody, write: admin-rule enforced block {contact}"),
    not_reachable="Your message could not be delivered.",
    too_much_waits="Too many messages are waiting for this person. Please try again later.",
)

GENERAL: Final = General(
    unknown_word="I do not know the word “{word}”.",
    say_help=(
        "I know: proactive, reactive, requests, add, accept, deny, block, rules, who, explain. "
        "Write help for all words and what they do."
    ),
    usage="Write it like this: {usage}",
    help_intro=(
        "Write one of these words. What stands in [ ] may be left out; without a number or "
        "address, the newest request or notice is meant. Several at once are fine: accept 3 5. "
        "<identity> is an address, @domain, @*.domain (all below it), added (people you added), "
        "wrote-to (people you wrote to), same-server or anyone."
    ),
    help_admin="For administrators:",
    broken=(
        "Something went wrong here, and it is not your fault. Please try again; "
        "if it happens again, tell your administrator the number {incident}."
    ),
    not_written="This could not be saved just now, so nothing was changed. Please try again later.",
    not_confirmed="Your server has not confirmed it yet. It will be done as soon as it answers.",
    admins_only="Only administrators of this server can do this.",
    and_more="… and {count} more.",
    nothing_changed="Nothing was changed.",
    enforced=(
        "{contact} cannot be let in: rule {rule}, set by the administrators of this server, "
        "says otherwise."
    ),
)

SETTINGS: Final = Settings(
    model={
        Model.PROACTIVE: "You are proactive: whoever asks is let in at once.",
        Model.REACTIVE: "You are reactive: whoever asks has to wait for your answer.",
    },
    strangers={
        StrangerPolicy.HOLD: "Messages of strangers wait until you answer.",
        StrangerPolicy.BOUNCE: "Messages of strangers go back to them, with advice.",
        StrangerPolicy.DROP: "Messages of strangers are thrown away.",
    },
    chosen_model={
        Model.PROACTIVE: (
            "You are proactive now: whoever asks may see your status and write to you at once, "
            "and I tell you who came in."
        ),
        Model.REACTIVE: (
            "You are reactive now: strangers see you offline and cannot reach you "
            "until you answer. I tell you who asks."
        ),
    },
    chosen_strangers={
        StrangerPolicy.HOLD: ("Messages of strangers (strangers hold) wait until you let them in."),
        StrangerPolicy.BOUNCE: (
            "Messages of strangers (strangers bounce) go back to them, "
            "and they are told to ask you first."
        ),
        StrangerPolicy.DROP: (
            "Messages of strangers (strangers drop) are thrown away; they are not told."
        ),
    },
    chosen_notices={
        NoticePolicy.ALL: "I tell you who asks and who comes in (notices all).",
        NoticePolicy.DIGEST: (
            "I no longer tell you who asks or comes in, only that there is something to look at, "
            "once an hour at most (notices digest). To look yourself, write: requests"
        ),
        NoticePolicy.NONE: (
            "I tell you nothing unasked (notices none). Your client goes on showing who asks to "
            "see your status; to see everybody who waits, write: requests"
        ),
    },
    only_reactive="This matters once you are reactive.",
    locked="The administrators of this server have fixed this: everybody is {model} here.",
    is_locked="(Fixed by the administrators of this server.)",
    back_to_default="From now on you have what your server has for everybody.",
    language="From now on I write to you in English.",
    language_auto="From now on I write to you in the language of your client.",
    lock_down_on="Until {until} all strangers are asked to try again later.",
    lock_down_off="Strangers can ring as ever.",
    lock_down_ended="Strangers can ring again from now on.",
)
