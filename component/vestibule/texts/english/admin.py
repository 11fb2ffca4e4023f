"""What administrators are told, in English."""

from typing import Final

from vestibule.core.model import Model, StrangerPolicy
from vestibule.texts.catalogue import Admin, Counted

ADMIN: Final = Admin(
    default_model={
        Model.PROACTIVE: "Who chose nothing is proactive: whoever asks is let in at once.",
        Model.REACTIVE: "Who chose nothing is reactive: whoever asks waits for an answer.",
    },
    default_strangers={
        StrangerPolicy.HOLD: "Messages of those who wait are held (hold).",
        StrangerPolicy.BOUNCE: "Messages of those who wait go back with advice (bounce).",
        StrangerPolicy.DROP: "Messages of those who wait are thrown away (drop).",
    },
    at_host="At {host}: {told}",
    locked="Users cannot choose otherwise (locked).",
    unlocked="Users can choose otherwise.",
    no_rules="There are no rules for everybody.",
    enforced="Enforced, stronger than users' rules:",
    default="Default, unless users' rules say otherwise:",
    settled_stay="Contacts that users have let in already stay in.",
    as_seen_by="As {user} sees it:",
    held=Counted("{count} message waits ({size} bytes).", "{count} messages wait ({size} bytes)."),
    no_user="“{text}” is no user of this server. Write an address like ann@example.org.",
    stats="What was decided, by reason:",
    stats_line="{name}: {day} today, {week} in 7 days, {month} in 30 days",
    no_stats="Nothing has been decided yet.",
    deeds=Counted("The latest decision:", "The latest {count} decisions, newest first:"),
    no_deeds="Nothing has been decided about that, as far as it is still written down.",
    by_itself="rules and settings",
    tried=Counted(
        "{count} recent attempt was tried, {changed} would be decided otherwise:",
        "{count} recent attempts were tried, {changed} would be decided otherwise:",
    ),
    tried_same=Counted(
        "{count} recent attempt was tried; it would be decided the same.",
        "{count} recent attempts were tried; all would be decided the same.",
    ),
    tried_line="{contact} → {user}, {kind}: now {now}, then {then}",
    line="line {number}: {rule}",
    bad_word=(
        "“{word}” does not begin a line; enforced, default, allow, confirm, polite-block, block, "
        "proactive and reactive do."
    ),
)
