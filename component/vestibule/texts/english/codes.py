"""What is said about contact codes, in English."""

from typing import Final

from vestibule.texts.catalogue import Codes, Counted

CODES: Final = Codes(
    made=(
        "Give the address below to whom you want to let in. Whoever asks with it comes in at "
        "once, even if you are reactive, and is added to your contacts. It can be used {times}, "
        "until {until}. To end it sooner, write: revoke-code {number}"
    ),
    times=Counted("once", "{count} times"),
    yours="Your codes, and how often each can still be used:",
    line="{number}. {label} – {times}, until {until}",
    no_label="(no label)",
    how_to_revoke="To end one, write revoke-code and its number.",
    none="You have no codes. To make one, write: code",
    revoked="Code {number}, {label}, lets nobody in any more. Who came in by it stays in.",
    no_such_code="You have no code {code}. To see them all, write: codes",
    too_many="You have {most} codes, and more do not fit. End one first: revoke-code",
    lasts_too_long="A code can last {most} days at most. Write a shorter time, like 7d.",
    bad_uses="“{text}” is no number of uses. Write one from 1 to {most}.",
)
