"""Everything Vestibule says, in English.

Responsible for short sentences a person can act on.
Must not know when they are said.
"""

from typing import Final

from vestibule.core.identity import BadIdentity, Problem
from vestibule.core.model import Model, Reason, StrangerPolicy, SubHandling
from vestibule.texts.catalogue import (
    Catalogue,
    Counted,
    Explain,
    General,
    Notices,
    Requests,
    Rules,
    Settings,
    Transfer,
)
from vestibule.texts.english_forms import FORMS, HELP

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
    digest="More people want to reach you. Reply: requests, to see who.",
    buttons={
        "add": "Add",
        "accept": "Accept",
        "deny": "Deny",
        "block": "Block",
        "requests": "Who?",
    },
    ask_first=(
        "This person only receives messages from people they know. Add them as a contact first."
    ),
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
        "Write one of these words. [ ] means: may be left out. "
        "Without a number or address, the newest request or notice is meant."
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
    only_reactive="This matters once you are reactive.",
    locked="The administrators of this server have fixed this: everybody is {model} here.",
    is_locked="(Fixed by the administrators of this server.)",
    back_to_default="From now on you have what your server has for everybody.",
    language="From now on I write to you in English.",
    language_auto="From now on I write to you in the language of your client.",
)

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
        "as in: accept 3 5. To read what waits: show 3"
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
    later="{contact} goes on waiting and is not told.",
    admit_offer=Counted(
        "{count} person who waits would be let in now: {people}.",
        "{count} people who wait would be let in now: {people}.",
    ),
    admit_hint="Reply: admit (or for one of them: admit {number})",
    nobody_to_admit="Nobody who waits would be let in by your rules. To let somebody in: accept 3",
    admitted="{contact} is let in.",
    still_waits="{contact} goes on waiting: your rules do not let them in. To do so, write: accept",
    not_waiting="{contact} does not wait for your answer.",
    no_messages="No messages of {contact} wait.",
    shown=Counted("{contact} wrote (only you see this):", "{contact} wrote (only you see this):"),
    shown_line="{at}: {words}",
    shown_more=Counted("… and {count} more message.", "… and {count} more messages."),
    no_words="(something I cannot show: encrypted, or no text)",
)

RULES: Final = Rules(
    none="You have no rules of your own. Make one, as in: allow @example.net",
    yours="Your rules:",
    enforced="Rules of this server, stronger than yours:",
    default="Rules of this server, unless yours say otherwise:",
    denied="Denied for a while:",
    denied_line="{contact} – until {until}",
    denied_again=Counted("asked again once", "asked again {count} times"),
    how_to_change=(
        "Change them with allow, confirm, polite-block or block; "
        "take one away with its number or its name: forget 3"
    ),
    meaning={
        SubHandling.ALLOW: "come in without asking",
        SubHandling.CONFIRM: "have to wait for your answer",
        SubHandling.POLITE_BLOCK: "believe to be let in, but see you offline and are not heard",
        SubHandling.BLOCK: "cannot reach you",
    },
    line="{number}. {rule} – {meaning}",
    only_presence="your status only",
    only_messages="messages only",
    starts="from {at}",
    ends="until {at}",
    ended="over since {at}",
    note="“{note}”",
    made="From now on: {rule}",
    replaced="(Before: {earlier}.)",
    allow_ends="Who comes in by then stays in; to end that, write deny with their address.",
    settled_stay="Contacts you have let in already stay in.",
    forgotten="What you had decided about {identity} is forgotten.",
    forgotten_rule="Forgotten: {rule}",
    nothing_known="You had decided nothing about {identity}.",
    too_many="You have {most} rules, and more do not fit. Take some away first: forget",
    all_is_anyone="all means everybody who waits. For everybody there is, write anyone.",
    bad_duration="“{text}” is no length of time. Write one like 7d, 12h or 2 weeks.",
    bad_moment="“{text}” is no date. Write one like 2026-01-31 or 2026-01-31 18:00.",
    ends_before="The rule would be over before it begins. Choose a later end.",
    bad_identity={problem: str(BadIdentity(problem, "{text}")) for problem in Problem},
    bad_line="Line {number}, {line}: {problem}",
    bad_word=(
        "“{word}” does not begin a line; proactive, reactive, strangers, allow, confirm, "
        "polite-block and block do."
    ),
)

EXPLAIN: Final = Explain(
    no_address="Write one address, as in: explain ann@example.net",
    asks={
        "pass": "{contact} can see your status already.",
        "approve": "If {contact} asks to see your status, they are let in at once.",
        "ask": (
            "If {contact} asks to see your status, they wait for your answer and see you offline."
        ),
        "deny": (
            "If {contact} asks to see your status, they are told no, and you are not disturbed."
        ),
        "polite": (
            "If {contact} asks to see your status, they believe to be let in and see you offline."
        ),
        "drop": "If {contact} asks to see your status, they hear nothing and see you offline.",
    },
    writes={
        "pass": "What {contact} writes is delivered.",
        "hold": "What {contact} writes waits until you answer.",
        "bounce": "What {contact} writes goes back to them, and they are told to ask first.",
        "refuse": "What {contact} writes goes back to them; they are not told why.",
        "drop": "What {contact} writes is thrown away; they are not told.",
    },
    because={
        Reason.MODEL_PROACTIVE: "you are proactive",
        Reason.MODEL_REACTIVE: "you are reactive",
        Reason.RULE_USER: "a rule of yours says so",
        Reason.RULE_ADMIN_DEFAULT: "a rule of this server says so, and none of yours",
        Reason.RULE_ADMIN_ENFORCED: "a rule of this server says so, stronger than yours",
        Reason.APPROVED: "you let them in",
        Reason.ADDED: "you added them",
        Reason.WROTE_TO: "you wrote to them",
        Reason.DENIED_RECENTLY: "you denied them a short while ago",
        Reason.NO_CONTENT: "it says nothing (a typing notice, for example)",
        Reason.IN_ORDER: "earlier messages of theirs are still on their way",
        Reason.LIMIT_REQUESTS: "too many people wait already",
        Reason.LIMIT_CONTACT: "too many messages of theirs wait already",
        Reason.LIMIT_USER: "too many messages wait already",
        Reason.EXPIRED: "nobody answered for too long",
        Reason.WITHDRAWN: "they took it back",
        Reason.GIVEN_UP: "there was no decision in time",
        Reason.ACCOUNT_DELETED: "the account was deleted",
        Reason.BLOCKED: "you blocked them",
        Reason.DENIED: "you denied them",
        Reason.MALFORMED: "it was not understood",
        Reason.NOT_WRITTEN: "it could not be written down",
        Reason.FAILED: "something went wrong here",
    },
    reason="Why: {because} ({reason}).",
    rule="Rule {rule}",
    otherwise="Without that: {because}",
    waits="{contact} waits for your answer now (request {number}).",
    roster_unknown="(Your contact list could not be looked at just now; it may change this.)",
    who_model={
        Model.PROACTIVE: "You are proactive: whoever asks sees your status and may write to you.",
        Model.REACTIVE: "You are reactive: nobody new sees your status before you answer.",
    },
    sees_you="These see your status and may write:",
    who_approved="You let these in, and they have not asked to see your status yet:",
    who_wrote="You wrote to these, so they may write to you:",
    who_rules="These come in without asking, by rules:",
    who_incomplete=(
        "Your client's contact list shows the others: who is marked there as seeing your status "
        "does. To take it back from somebody, write: deny ann@example.net"
    ),
)

TRANSFER: Final = Transfer(
    exported="Your settings and rules. To take them in again, write import and this text below it.",
    imported=Counted("{count} line was taken in.", "{count} lines were taken in."),
    import_empty="There is nothing to take in. Write import, and below it one rule a line.",
    import_failed=Counted(
        "{count} line is wrong, so nothing was changed:",
        "{count} lines are wrong, so nothing was changed:",
    ),
    forget_me=(
        "This deletes all that is kept about you here: settings, rules, requests, and the messages "
        "that wait for you. Your contact list and your client's block list stay. "
        "If you are sure, write: forget-me yes"
    ),
    forgotten="Everything about you is deleted here.",
)

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
    transfer=TRANSFER,
    forms=FORMS,
)
