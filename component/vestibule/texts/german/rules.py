"""What is said about rules, reasons and one's own data, in German."""

from typing import Final

from vestibule.core.identity import Problem
from vestibule.core.model import Model, Reason, SubHandling
from vestibule.texts.catalogue import Counted, Explain, Rules, Transfer

RULES: Final = Rules(
    none="Du hast keine eigenen Regeln. Mach eine, zum Beispiel: allow @example.net",
    yours="Deine Regeln:",
    enforced="Regeln dieses Servers, stärker als deine:",
    default="Regeln dieses Servers, solange deine nichts anderes sagen:",
    denied="Vorübergehend abgelehnt:",
    denied_line="{contact} – bis {until}",
    denied_again=Counted("hat noch einmal gefragt", "hat noch {count} mal gefragt"),
    how_to_change=(
        "Ändere sie mit allow, confirm, polite-block oder block; "
        "nimm eine mit ihrer Nummer oder ihrem Namen weg: forget {number}"
    ),
    meaning={
        SubHandling.ALLOW: "kommen ohne Frage herein",
        SubHandling.CONFIRM: "müssen auf deine Antwort warten",
        SubHandling.POLITE_BLOCK: (
            "glauben sich drin, sehen dich aber offline und dringen nicht durch"
        ),
        SubHandling.BLOCK: "erreichen dich nicht",
    },
    line="{number}. {rule} – {meaning}",
    only_presence="nur dein Status",
    only_messages="nur Nachrichten",
    starts="ab {at}",
    ends="bis {at}",
    ended="vorbei seit {at}",
    note="„{note}“",
    made="Ab jetzt: {rule}",
    replaced="(Vorher: {earlier}.)",
    allow_ends=(
        "Wer bis dahin hereinkommt, bleibt drin; um das zu beenden, schreib deny mit der Adresse."
    ),
    settled_stay="Kontakte, die schon drin sind, bleiben drin.",
    forgotten="Was du über {identity} entschieden hattest, ist vergessen.",
    forgotten_rule="Vergessen: {rule}",
    nothing_known="Über {identity} hattest du nichts entschieden.",
    too_many="Du hast {most} Regeln, mehr passen nicht. Nimm zuerst welche weg: forget",
    all_is_anyone="all meint alle, die warten. Für alle, die es gibt, schreib anyone.",
    bad_duration="„{text}“ ist keine Dauer. Schreib zum Beispiel 7d, 12h oder 2 weeks.",
    bad_moment="„{text}“ ist kein Datum. Schreib zum Beispiel 2026-01-31 oder 2026-01-31 18:00.",
    ends_before="Die Regel wäre vorbei, bevor sie beginnt. Wähle ein späteres Ende.",
    bad_identity={
        Problem.EMPTY: (
            "Sag, wer gemeint ist: eine Adresse, @domain, @*.domain, added, wrote-to, "
            "same-server oder anyone."
        ),
        Problem.RESOURCE: (
            "Lass den Teil nach dem Schrägstrich in „{text}“ weg: "
            "Eine Regel gilt für alle Geräte eines Kontakts."
        ),
        Problem.LOCAL_WILDCARD: (
            "„{text}“ mischt einen Namen und einen Stern: Schreib eine Adresse, oder "
            "@*.domain für alle Unterdomänen."
        ),
        Problem.WILDCARD: (
            "Der Stern in „{text}“ kann nur für Unterdomänen stehen, wie in @*.example.net; "
            "für alle schreib anyone."
        ),
        Problem.WORD: (
            "„{text}“ ist weder eine Adresse noch eines der Wörter added, wrote-to, same-server, "
            "anyone; eine Domäne ohne Punkt schreibt man @domain."
        ),
        Problem.LOCAL: (
            "„{text}“ ist keine Adresse: Vor dem @ steht ein Zeichen, das dort nicht stehen kann."
        ),
        Problem.DOMAIN: "„{text}“ ist keine Adresse: Nach dem @ steht keine Domäne.",
        Problem.LENGTH: "„{text}“ ist zu lang für eine Adresse.",
    },
    bad_line="Zeile {number}, {line}: {problem}",
    bad_word=(
        "„{word}“ beginnt keine Zeile; proactive, reactive, strangers, notices, allow, confirm, "
        "polite-block und block tun es."
    ),
)

EXPLAIN: Final = Explain(
    no_address="Schreib eine Adresse, zum Beispiel: explain anna@example.net",
    asks={
        "pass": "{contact} sieht deinen Status schon.",
        "approve": "Wenn {contact} deinen Status sehen will, geschieht das sofort.",
        "ask": (
            "Wenn {contact} deinen Status sehen will, wartet die Anfrage auf deine Antwort, "
            "und du bist solange offline zu sehen."
        ),
        "deny": (
            "Wenn {contact} deinen Status sehen will, kommt eine Absage, "
            "und du wirst nicht gestört."
        ),
        "polite": (
            "Wenn {contact} deinen Status sehen will, sieht es nach einer Zusage aus, "
            "aber du bist immer offline zu sehen."
        ),
        "wait": (
            "Wenn {contact} deinen Status sehen möchte, kommt keine Antwort, "
            "und die Bitte muss wiederholt werden."
        ),
        "drop": (
            "Wenn {contact} deinen Status sehen will, kommt keine Antwort, "
            "und du bist offline zu sehen."
        ),
    },
    writes={
        "pass": "Was {contact} schreibt, wird zugestellt.",
        "hold": "Was {contact} schreibt, wartet, bis du antwortest.",
        "bounce": "Was {contact} schreibt, geht zurück, mit dem Rat, zuerst zu fragen.",
        "refuse": "Was {contact} schreibt, geht zurück, ohne einen Grund.",
        "drop": "Was {contact} schreibt, wird weggeworfen, ohne eine Antwort.",
        "wait": "Was {contact} schreibt, geht zurück, mit der Bitte, es später zu versuchen.",
    },
    because={
        Reason.MODEL_PROACTIVE: "deine Tür ist offen",
        Reason.MODEL_REACTIVE: "deine Tür hat eine Klingel",
        Reason.RULE_USER: "eine Regel von dir sagt es",
        Reason.RULE_ADMIN_DEFAULT: "eine Regel dieses Servers sagt es, und keine von dir",
        Reason.RULE_ADMIN_ENFORCED: "eine Regel dieses Servers sagt es, stärker als deine",
        Reason.APPROVED: "du hast es erlaubt",
        Reason.CODE: "die Anfrage bringt einen Code von dir mit",
        Reason.ADDED: "du hast sie hinzugefügt",
        Reason.WROTE_TO: "du hast ihnen geschrieben",
        Reason.DENIED_RECENTLY: "du hast sie vor Kurzem abgelehnt",
        Reason.NO_CONTENT: "es sagt nichts (zum Beispiel, dass jemand tippt)",
        Reason.IN_ORDER: "frühere Nachrichten sind noch unterwegs",
        Reason.LIMIT_REQUESTS: "zu viele Leute warten schon",
        Reason.LIMIT_CONTACT: "von dort warten schon zu viele Nachrichten",
        Reason.LIMIT_USER: "es warten schon zu viele Nachrichten",
        Reason.LOCK_DOWN: "es kamen zu viele Fremde auf einmal",
        Reason.OUTAGE_REFUSE: (
            "es konnte gerade nichts entschieden werden, also mussten sie es später versuchen"
        ),
        Reason.OUTAGE_PASS: "es konnte gerade nichts entschieden werden, also kam es durch",
        Reason.OUTAGE_STOCK: "es konnte gerade nichts entschieden werden, also ging es ohne mich",
        Reason.EXPIRED: "zu lange kam keine Antwort",
        Reason.WITHDRAWN: "die Anfrage wurde zurückgezogen",
        Reason.GIVEN_UP: "es gab nicht rechtzeitig eine Entscheidung",
        Reason.ACCOUNT_DELETED: "das Konto wurde gelöscht",
        Reason.BLOCKED: "du hast sie gesperrt",
        Reason.DENIED: "du hast sie abgelehnt",
        Reason.MALFORMED: "es war nicht zu verstehen",
        Reason.NOT_WRITTEN: "es konnte nicht gespeichert werden",
        Reason.FAILED: "hier ist etwas schiefgegangen",
    },
    why="Warum: {because}",
    otherwise="Wäre es nicht so, entschiede das: {because}",
    rule="Es ist Regel {rule}.",
    waits="{contact} wartet gerade auf deine Antwort (Anfrage {number}).",
    roster_unknown=("(Deine Kontaktliste war gerade nicht zu sehen; sie kann daran etwas ändern.)"),
    who_model={
        Model.PROACTIVE: "Deine Tür ist offen: Wer fragt, sieht deinen Status und kann schreiben.",
        Model.REACTIVE: "Deine Tür hat eine Klingel: Neue sehen nichts, bevor du antwortest.",
    },
    sees_you="Diese sehen deinen Status und können dir schreiben:",
    who_approved="Diese hast du hereingelassen, sie haben aber noch nicht nach dem Status gefragt:",
    who_added="Diese hast du hinzugefügt, also können sie dir schreiben:",
    who_wrote="Diesen hast du geschrieben, also können sie dir schreiben:",
    who_rules="Diese kommen nach Regeln ohne Frage herein:",
    who_revoke="Um es jemandem wieder zu nehmen, schreib deny und die Adresse.",
    sent_asked="Diese hast du nach ihrem Status gefragt, und sie haben nicht geantwortet:",
    sent_granted="Von diesen siehst du den Status:",
    sent_none="Du hast niemanden gefragt und siehst niemandes Status.",
)

TRANSFER: Final = Transfer(
    exported=(
        "Deine Einstellungen und Regeln. Um sie wieder einzulesen, schreib import und "
        "darunter diesen Text."
    ),
    imported=Counted("{count} Zeile wurde eingelesen.", "{count} Zeilen wurden eingelesen."),
    import_empty="Es gibt nichts einzulesen. Schreib import, und darunter eine Regel je Zeile.",
    import_failed=Counted(
        "{count} Zeile ist falsch, darum hat sich nichts geändert:",
        "{count} Zeilen sind falsch, darum hat sich nichts geändert:",
    ),
    forget_me=(
        "Damit wird alles gelöscht, was hier über dich steht: Einstellungen, Regeln, Anfragen und "
        "die Nachrichten, die auf dich warten. Deine Kontaktliste und die Sperrliste deines "
        "Programms bleiben. Wenn du sicher bist, schreib: forget-me yes"
    ),
    forgotten="Alles über dich ist hier gelöscht.",
)
