"""Notices, settings, and what any command may say, in German."""

from typing import Final

from vestibule.core.model import Model, NoticePolicy, StrangerPolicy
from vestibule.texts.catalogue import General, Notices, Settings

NOTICES: Final = Notices(
    request_presence="{contact} möchte deinen Status sehen und dir schreiben (Anfrage {number}).",
    request_message="{contact} möchte dir schreiben (Anfrage {number}).",
    says="Mitgeschickt: „{note}“",
    request_reply=(
        "Antworte: add (hereinlassen und selbst hinzufügen), accept (nur hereinlassen), deny "
        "(ablehnen) oder block (sperren). Später schreib die Nummer dazu: add {number}"
    ),
    added=(
        "{contact} hat dich hinzugefügt, sieht jetzt deinen Status und kann dir schreiben "
        "(Nummer {number})."
    ),
    added_reply=(
        "Antworte: add (auch hinzufügen), deny (zurücknehmen) oder block (sperren). "
        "Später schreib die Nummer dazu: add {number}"
    ),
    digest=(
        "Noch mehr Leute möchten dich erreichen oder sind hereingekommen. "
        "Antworte: requests (wer wartet) oder who (wer drin ist)."
    ),
    lock_down=(
        "Sehr viele Fremde möchten dich auf einmal erreichen. In den nächsten {minutes} Minuten "
        "bitte ich sie alle, es später zu versuchen, und sage dir nichts davon. Deine Kontakte "
        "merken nichts. Um Fremde sofort wieder klingeln zu lassen, antworte: lock-down off"
    ),
    buttons={
        "add": "Hinzufügen",
        "accept": "Annehmen",
        "deny": "Ablehnen",
        "block": "Sperren",
        "requests": "Wer?",
        "lock-down off": "Klingeln lassen",
    },
    ask_first=(
        "Diese Person bekommt nur Nachrichten von Leuten, die sie kennt. "
        "Füge sie zuerst als Kontakt hinzu."
    ),
    asked_already=(
        "Du hast diese Person schon gefragt. Bitte warte auf ihre Antwort: "
        "Bis dahin bekommt sie keine Nachrichten von dir."
    ),
    reported=(
        "{user} meldet {contact} und hat sie gesperrt. "
        "Anfragen: {asked}; wartende Nachrichten: {held}."
    ),
    reported_reply=(
        "Um sie bei allen draußen zu halten, schreib: admin-rule enforced block {contact}"
    ),
    not_reachable="Deine Nachricht konnte nicht zugestellt werden.",
    too_much_waits=(
        "Für diese Person warten schon zu viele Nachrichten. Bitte versuche es später noch einmal."
    ),
)

GENERAL: Final = General(
    unknown_word="Das Wort „{word}“ kenne ich nicht.",
    say_help=(
        "Ich kenne: proactive, reactive, requests, add, accept, deny, block, rules, who, explain. "
        "Schreib help für alle Wörter und was sie tun."
    ),
    usage="Schreib es so: {usage}",
    help_intro=(
        "Schreib eines dieser Wörter. Was in [ ] steht, kann wegbleiben; ohne Nummer oder Adresse "
        "ist die neueste Anfrage oder Mitteilung gemeint. Auch mehrere auf einmal: accept 3 5. "
        "<identity> ist eine Adresse, @domain, @*.domain (alles darunter), added (wen du "
        "hinzugefügt hast), wrote-to (wem du geschrieben hast), same-server (dein Server) oder "
        "anyone (alle)."
    ),
    help_admin="Für die Verwaltung:",
    broken=(
        "Hier ist etwas schiefgegangen, und du kannst nichts dafür. Bitte versuche es noch "
        "einmal; wenn es wieder geschieht, nenne deiner Verwaltung die Nummer {incident}."
    ),
    not_written=(
        "Das konnte gerade nicht gespeichert werden, also hat sich nichts geändert. "
        "Bitte versuche es später noch einmal."
    ),
    not_confirmed=(
        "Dein Server hat es noch nicht bestätigt. Es geschieht, sobald er wieder antwortet."
    ),
    admins_only="Das darf nur die Verwaltung dieses Servers.",
    and_more="… und {count} weitere.",
    nothing_changed="Es hat sich nichts geändert.",
    enforced=(
        "{contact} kann nicht hereingelassen werden: Regel {rule} der Verwaltung dieses Servers "
        "sagt etwas anderes."
    ),
)

SETTINGS: Final = Settings(
    model={
        Model.PROACTIVE: "Deine Tür ist offen (proactive): Wer fragt, kommt sofort herein.",
        Model.REACTIVE: "Deine Tür hat eine Klingel (reactive): Wer fragt, wartet auf dich.",
    },
    strangers={
        StrangerPolicy.HOLD: "Nachrichten von Fremden warten, bis du antwortest.",
        StrangerPolicy.BOUNCE: "Nachrichten von Fremden gehen mit einem Rat zurück.",
        StrangerPolicy.DROP: "Nachrichten von Fremden werden weggeworfen.",
    },
    chosen_model={
        Model.PROACTIVE: (
            "Deine Tür ist jetzt offen (proactive): Wer fragt, sieht sofort deinen Status und "
            "kann dir schreiben. Ich sage dir, wer hereingekommen ist."
        ),
        Model.REACTIVE: (
            "Deine Tür hat jetzt eine Klingel (reactive): Fremde sehen dich offline und erreichen "
            "dich nicht, bis du antwortest. Ich sage dir, wer fragt."
        ),
    },
    chosen_strangers={
        StrangerPolicy.HOLD: (
            "Nachrichten von Fremden warten (strangers hold), bis du sie hereinlässt."
        ),
        StrangerPolicy.BOUNCE: (
            "Nachrichten von Fremden gehen zurück (strangers bounce), mit dem Rat, "
            "dich zuerst zu fragen."
        ),
        StrangerPolicy.DROP: (
            "Nachrichten von Fremden werden weggeworfen (strangers drop); sie erfahren es nicht."
        ),
    },
    chosen_notices={
        NoticePolicy.ALL: "Ich sage dir, wer fragt und wer hereinkommt (notices all).",
        NoticePolicy.DIGEST: (
            "Ich sage dir nicht mehr, wer fragt oder hereinkommt, nur noch höchstens einmal in der "
            "Stunde, dass es etwas zu sehen gibt (notices digest). Zum Nachsehen schreib: requests"
        ),
        NoticePolicy.NONE: (
            "Ich sage dir nichts ungefragt (notices none). Dein Programm zeigt weiter, wer deinen "
            "Status sehen möchte; um alle zu sehen, die warten, schreib: requests"
        ),
    },
    only_reactive="Das zählt, sobald du reactive bist.",
    locked="Die Verwaltung dieses Servers hat das festgelegt: Hier sind alle {model}.",
    is_locked="(Von der Verwaltung dieses Servers festgelegt.)",
    back_to_default="Ab jetzt gilt für dich, was dein Server für alle hat.",
    language="Ab jetzt schreibe ich dir auf Deutsch.",
    language_auto="Ab jetzt schreibe ich dir in der Sprache deines Programms.",
    lock_down_on="Bis {until} werden alle Fremden gebeten, es später zu versuchen.",
    lock_down_off="Fremde können klingeln wie immer.",
    lock_down_ended="Von jetzt an können Fremde wieder klingeln.",
)
