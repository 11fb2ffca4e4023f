"""What administrators are told, in German."""

from typing import Final

from vestibule.core.model import Model, StrangerPolicy
from vestibule.texts.catalogue import Admin, Counted

ADMIN: Final = Admin(
    default_model={
        Model.PROACTIVE: (
            "Wer nichts gewählt hat, hat eine offene Tür (proactive): "
            "Wer fragt, kommt sofort herein."
        ),
        Model.REACTIVE: (
            "Wer nichts gewählt hat, hat eine Klingel (reactive): "
            "Wer fragt, wartet auf eine Antwort."
        ),
    },
    default_strangers={
        StrangerPolicy.HOLD: "Nachrichten derer, die warten, werden aufgehoben (hold).",
        StrangerPolicy.BOUNCE: (
            "Nachrichten derer, die warten, gehen mit einem Rat zurück (bounce)."
        ),
        StrangerPolicy.DROP: "Nachrichten derer, die warten, werden weggeworfen (drop).",
    },
    at_host="Auf {host}: {told}",
    locked="Die Leute können nichts anderes wählen (lock).",
    unlocked="Die Leute können etwas anderes wählen.",
    no_rules="Es gibt keine Regeln für alle.",
    enforced="Erzwungen, stärker als die Regeln der Leute:",
    default="Vorgegeben, solange die Regeln der Leute nichts anderes sagen:",
    settled_stay="Kontakte, die schon hereingelassen wurden, bleiben drin.",
    as_seen_by="So sieht es {user}:",
    held=Counted(
        "{count} Nachricht wartet ({size} Bytes).", "{count} Nachrichten warten ({size} Bytes)."
    ),
    no_user="„{text}“ ist niemand von diesem Server. Schreib eine Adresse wie anna@example.org.",
    stats="Was entschieden wurde, nach Gründen:",
    stats_line="{name}: {day} heute, {week} in 7 Tagen, {month} in 30 Tagen",
    no_stats="Es wurde noch nichts entschieden.",
    deeds=Counted(
        "Die letzte Entscheidung:", "Die letzten {count} Entscheidungen, neueste zuerst:"
    ),
    no_deeds="Darüber wurde nichts entschieden, soweit es noch aufgeschrieben ist.",
    by_itself="Regeln und Einstellungen",
    tried=Counted(
        "{count} Versuch der letzten Zeit wurde geprüft, {changed} ginge anders aus:",
        "{count} Versuche der letzten Zeit wurden geprüft, {changed} gingen anders aus:",
    ),
    tried_same=Counted(
        "{count} Versuch der letzten Zeit wurde geprüft; er ginge gleich aus.",
        "{count} Versuche der letzten Zeit wurden geprüft; alle gingen gleich aus.",
    ),
    tried_line="{contact} → {user}, {kind}: jetzt {now}, dann {then}",
    line="Zeile {number}: {rule}",
    bad_word=(
        "„{word}“ beginnt keine Zeile; enforced, default, allow, confirm, polite-block, block, "
        "proactive und reactive tun es."
    ),
)
