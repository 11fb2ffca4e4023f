"""What is said about rules, reasons and one's own data, in English."""

from typing import Final

from vestibule.core.identity import BadIdentity, Problem
from vestibule.core.model import Model, Reason, SubHandling
from vestibule.texts.catalogue import Counted, Explain, Rules, Transfer

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
        "take one away with its number or its name: forget {number}"
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
        "“{word}” does not begin a line; proactive, reactive, strangers, notices, allow, confirm, "
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
        "wait": "If {contact} asks to see your status, they hear nothing and have to ask again.",
    },
    writes={
        "pass": "What {contact} writes is delivered.",
        "hold": "What {contact} writes waits until you answer.",
        "bounce": "What {contact} writes goes back to them, and they are told to ask first.",
        "refuse": "What {contact} writes goes back to them; they are not told why.",
        "drop": "What {contact} writes is thrown away; they are not told.",
        "wait": "What {contact} writes goes back to them, and they are asked to try later.",
    },
    because={
        Reason.MODEL_PROACTIVE: "you are proactive",
        Reason.MODEL_REACTIVE: "you are reactive",
        Reason.RULE_USER: "a rule of yours says so",
        Reason.RULE_ADMIN_DEFAULT: "a rule of this server says so, and none of yours",
        Reason.RULE_ADMIN_ENFORCED: "a rule of this server says so, stronger than yours",
        Reason.APPROVED: "you let them in",
        Reason.CODE: "the request brings a code of yours",
        Reason.ADDED: "you added them",
        Reason.WROTE_TO: "you wrote to them",
        Reason.DENIED_RECENTLY: "you denied them a short while ago",
        Reason.NO_CONTENT: "it says nothing (a typing notice, for example)",
        Reason.IN_ORDER: "earlier messages of theirs are still on their way",
        Reason.LIMIT_REQUESTS: "too many people wait already",
        Reason.LIMIT_CONTACT: "too many messages of theirs wait already",
        Reason.LIMIT_USER: "too many messages wait already",
        Reason.LOCK_DOWN: "too many strangers came at once",
        Reason.OUTAGE_REFUSE: "nothing could be decided just then, so they had to try later",
        Reason.OUTAGE_PASS: "nothing could be decided just then, so it was let through",
        Reason.OUTAGE_STOCK: "nothing could be decided just then, so it went as without me",
        Reason.EXPIRED: "nobody answered for too long",
        Reason.WITHDRAWN: "they took it back",
        Reason.GIVEN_UP: "there was no decision in time",
        Reason.ACCOUNT_DELETED: "the account was deleted",
        Reason.BLOCKED: "you blocked them",
        Reason.DENIED: "you denied them",
        Reason.MALFORMED: "it was not understood",
        Reason.NOT_WRITTEN: "it could not be saved",
        Reason.FAILED: "something went wrong here",
        Reason.NOT_WRITTEN: "it could not be written down",
        Reason.FAILED: "something went wrong here",
    },
    why="Why: {because}",
    otherwise="If it were not so, this would decide: {because}",
    rule="It is rule {rule}.",
    waits="{contact} waits for your answer now (request {number}).",
    roster_unknown="(Your contact list could not be looked at just now; it may change this.)",
    who_model={
        Model.PROACTIVE: "You are proactive: whoever asks sees your status and may write to you.",
        Model.REACTIVE: "You are reactive: nobody new sees your status before you answer.",
    },
    sees_you="These see your status and may write:",
    who_approved="You let these in, and they have not asked to see your status yet:",
    who_added="You added these, so they may write to you:",
    who_wrote="You wrote to these, so they may write to you:",
    who_rules="These come in without asking, by rules:",
    who_revoke="To take it back from somebody, write deny and their address.",
    sent_asked="You asked these to see their status, and they have not answered:",
    sent_granted="You see the status of these:",
    sent_none="You have asked nobody, and see nobody's status.",
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
