"""What is said about contact codes, in German."""

from typing import Final

from vestibule.texts.catalogue import Codes, Counted

CODES: Final = Codes(
    made=(
        "Gib die Adresse unten denen, die du hereinlassen willst. Wer damit fragt, kommt sofort "
        "herein, auch wenn deine Tür eine Klingel hat, und wird zu deinen Kontakten hinzugefügt. "
        "Sie lässt sich {times} verwenden, bis {until}. Um sie früher zu beenden, schreib: "
        "revoke-code {number}"
    ),
    times=Counted("einmal", "{count} mal"),
    yours="Deine Codes, und wie oft sich jeder noch verwenden lässt:",
    line="{number}. {label} – {times}, bis {until}",
    no_label="(ohne Namen)",
    how_to_revoke="Um einen zu beenden, schreib revoke-code und seine Nummer.",
    none="Du hast keine Codes. Um einen zu machen, schreib: code",
    revoked="Code {number}, {label}, lässt niemanden mehr herein. Wer durch ihn kam, bleibt drin.",
    no_such_code="Du hast keinen Code {code}. Um alle zu sehen, schreib: codes",
    too_many="Du hast {most} Codes, mehr passen nicht. Beende zuerst einen: revoke-code",
    lasts_too_long="Ein Code gilt höchstens {most} Tage. Schreib eine kürzere Zeit, etwa 7d.",
    bad_uses="„{text}“ ist keine Anzahl. Schreib eine von 1 bis {most}.",
)
