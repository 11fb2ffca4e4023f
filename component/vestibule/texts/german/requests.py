"""What is said about those who wait, in German."""

from typing import Final

from vestibule.texts.catalogue import Counted, Requests

REQUESTS: Final = Requests(
    nobody="Niemand wartet auf deine Antwort.",
    waiting=Counted(
        "{count} Person wartet auf deine Antwort:", "{count} Leute warten auf deine Antwort:"
    ),
    wants_presence="möchte deinen Status sehen und schreiben",
    wants_message="möchte schreiben",
    line="{number}. {contact} – {wish}, seit {since}; {more}",
    same_server="auf deinem Server",
    other_server="auf einem anderen Server",
    messages=Counted("{count} Nachricht wartet", "{count} Nachrichten warten"),
    asked=Counted("hat einmal gefragt", "hat {count} mal gefragt"),
    says="schreibt dazu: „{note}“",
    how_to_answer=(
        "Antworte mit einem Wort und Nummern: add, accept, deny, block oder later, "
        "zum Beispiel: accept {number}. Um zu lesen, was wartet: show {number}"
    ),
    quiet=Counted(
        "{count} Person wurde kürzlich abgelehnt (schreib rules, um zu sehen, wer).",
        "{count} Leute wurden kürzlich abgelehnt (schreib rules, um zu sehen, wer).",
    ),
    asked_again=Counted(
        "Seitdem wurde noch einmal vergeblich gefragt.",
        "Seitdem wurde noch {count} mal vergeblich gefragt.",
    ),
    came_in_line="{number}. {contact} – kam nach deinen Regeln herein, {at}",
    no_such_number="Eine Nummer {number} gibt es nicht. Schreib requests, um zu sehen, wer wartet.",
    nobody_to_answer=(
        "Es gibt niemanden, dem du antworten kannst. Schreib eine Adresse dazu, zum Beispiel: "
        "accept anna@example.net"
    ),
    who_is_meant=(
        "Die neueste Anfrage ist schon beantwortet. Wer ist gemeint? "
        "Schreib das Wort mit einer Nummer.\n{people}"
    ),
    nobody_waits_from={
        "accept": (
            "Von {identity} wartet niemand. Um ab jetzt alle hereinzulassen: allow {identity}"
        ),
        "add": "Von {identity} wartet niemand. Um ab jetzt alle hereinzulassen: allow {identity}",
        "deny": "Von {identity} wartet niemand. Um alle draußen zu halten: block {identity}",
        "later": "Von {identity} wartet niemand.",
    },
    needs_address="Schreib eine Adresse oder Nummer.",
    yourself="Das bist du selbst: Es hat sich nichts geändert.",
    me="Das bin ich: Es hat sich nichts geändert, sonst könntest du mich nicht mehr erreichen.",
    own_server=(
        "Das ist dein eigener Server, du würdest dich selbst abschneiden. "
        "Um seine Leute draußen zu halten, schreib: block same-server"
    ),
    decided_since=(
        "Seit du das geschrieben hast, hast du in deinem Client über {contact} entschieden, "
        "und das gilt: Es hat sich nichts geändert."
    ),
    accepted="{contact} sieht deinen Status und kann dir schreiben.",
    added="{contact} sieht deinen Status und kann dir schreiben; um den anderen hast du gebeten.",
    released=Counted(
        "{count} Nachricht ist zu dir unterwegs.", "{count} Nachrichten sind zu dir unterwegs."
    ),
    denied="{contact} sieht deinen Status nicht und kann dir nicht schreiben.",
    denied_for_now=Counted(
        "{contact} sieht deinen Status nicht und kann dir nicht schreiben. "
        "Wer innerhalb eines Tages wieder fragt, stört dich nicht.",
        "{contact} sieht deinen Status nicht und kann dir nicht schreiben. "
        "Wer innerhalb von {count} Tagen wieder fragt, stört dich nicht.",
    ),
    discarded=Counted(
        "{count} wartende Nachricht wurde weggeworfen.",
        "{count} wartende Nachrichten wurden weggeworfen.",
    ),
    blocked="{contact} ist gesperrt.",
    blocked_domain=(
        "{identity} ist gesperrt: Von dort kann dich niemand erreichen, auch Kontakte nicht."
    ),
    blocked_rule_only=(
        "{identity} ist gesperrt, für alle, die du noch nicht hereingelassen hast; "
        "Kontakte bleiben Kontakte."
    ),
    cleared=Counted("{count} Anfrage wurde gelöscht.", "{count} Anfragen wurden gelöscht."),
    reported=("Die Verwaltung dieses Servers erfährt es; was geschrieben wurde, bleibt bei dir."),
    later="{contact} wartet weiter und erfährt nichts.",
    admit_offer=Counted(
        "{count} wartende Person käme jetzt herein: {people}.",
        "{count} wartende Leute kämen jetzt herein: {people}.",
    ),
    admit_hint="Antworte: admit (oder für eine davon: admit {number})",
    nobody_to_admit=(
        "Niemand, der wartet, käme nach deinen Regeln herein. Um zu sehen, wer wartet: requests"
    ),
    admitted="{contact} ist hereingelassen.",
    still_waits=(
        "{contact} wartet weiter: Deine Regeln lassen niemanden von dort herein. Trotzdem: accept"
    ),
    not_waiting="{contact} wartet nicht auf deine Antwort.",
    no_messages="Von {contact} warten keine Nachrichten.",
    shown=Counted(
        "{contact} hat geschrieben (das siehst nur du):",
        "{contact} hat geschrieben (das siehst nur du):",
    ),
    shown_line="{at}: {words}",
    shown_more=Counted("… und {count} weitere Nachricht.", "… und {count} weitere Nachrichten."),
    no_words="(etwas, das ich nicht zeigen kann: verschlüsselt oder kein Text)",
)
