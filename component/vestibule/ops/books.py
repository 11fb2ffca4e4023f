"""Users' rules and requests at the shell: listed, explained, exported, imported.

Responsible for saying the same as the commands in chat, and the same as data for scripts.
Must not know how a decision is made or a rule is worded.
"""

from datetime import datetime
from typing import Any, Final

from vestibule.commands.admin_views import trail
from vestibule.commands.base import Call, Reply, Values
from vestibule.commands.case import Case, in_turn
from vestibule.commands.explaining import explained
from vestibule.commands.prospects import by_number, voices
from vestibule.commands.rules import show_rules
from vestibule.commands.table import BY_NODE
from vestibule.commands.transfer import export, import_, rule_text
from vestibule.config import Config
from vestibule.core.ledger import Deed
from vestibule.core.model import BareJid, Decision, Kind, Relation, Rule
from vestibule.core.profile import Held, Request
from vestibule.log import hasher
from vestibule.ops.invocation import Refused
from vestibule.ops.looking import address, change, look
from vestibule.store import ledger, reading
from vestibule.store.snapshot import snapshot

Json = dict[str, Any]

_NOTHING: Final = Values({})

_MOST_DEEDS: Final = 10

_WITHOUT_ROSTER: Final = (
    "(That is for a stranger: Prosody lets in by itself who is in the user's contact list. "
    "admin-explain, written to the door, looks there, too.)"
)


def rules_text(config: Config, user: str | None) -> str:
    """Return a user's rules, or the server's, as people read them."""
    if user is None:
        return "\n".join(f"#{rule.id} {rule.source}: {rule_text(rule)}" for rule in _ours(config))
    return look(config, user, lambda call: show_rules(call, _NOTHING)).text


def rules_data(config: Config, user: str | None) -> list[Json]:
    """Return the rules that speak for a user, or the server's own."""
    if user is None:
        return list(map(_rule, _ours(config)))

    def find(case: Case) -> list[Json]:
        return list(map(_rule, case.turn.rules_of(case.profile)))

    return look(config, user, lambda call: in_turn(call, find))


def exported(config: Config, user: str) -> str:
    """Return a user's settings and rules as an import reads them."""
    return look(config, user, lambda call: export(call, _NOTHING)).document


def imported(config: Config, user: str, text: str) -> Reply:
    """Take in settings and rules for a user, all or none; the component must be stopped."""

    async def take_in(call: Call) -> Reply:
        reply = await import_(call, Values({"text": (text,)}))
        await call.office.desk.courier.done(call.user)  # all of it waits for the next start now
        return reply

    return change(config, user, take_in)


def explanation(config: Config, user: str, contact: str) -> str:
    """Say what would happen if a contact asked or wrote now, why, and what happened lately."""
    known = _contact(contact)
    names = names_in_log(config, user, contact)
    with snapshot(config.database) as connection:
        deeds = ledger.deeds_between(connection, address(config, user), known, _MOST_DEEDS)

    async def tell(call: Call) -> str:
        def find(case: Case) -> str:
            return f"{call.texts.admin.as_seen_by.format(user=call.user)}\n{explained(case, known)}"

        lines = [await in_turn(call, find, {known: Relation()}), _WITHOUT_ROSTER]
        lines += [trail(call, deeds)] if deeds else []
        return "\n".join([*lines, f"In the log: user={names['user']} contact={names['contact']}"])

    return look(config, user, tell)


def names_in_log(config: Config, user: str, contact: str) -> dict[str, str]:
    """Return what to search the log for: it has hashes in place of addresses, unless configured."""
    named = str if config.log.addresses else hasher(config.secret.get_secret_value())
    return {"user": named(address(config, user)), "contact": named(_contact(contact))}


def explanation_data(config: Config, user: str, contact: str) -> Json:
    """Return the decisions about a contact, and all that was overruled."""
    known = _contact(contact)

    def find(case: Case) -> Json:
        request, held = case.profile.requests.get(known), case.profile.held.get(known)
        attempts = {
            kind.value: [
                _decision(said) for said in voices(case.turn, case.profile, known, Relation(), kind)
            ]
            for kind in Kind
        }
        return {
            "user": address(config, user),
            "contact": known,
            "roster": "unknown",
            "attempts": attempts,
            "request": _request(request, held) if request else None,
            "lately": list(map(_deed, deeds)),
            "in_log": names_in_log(config, user, contact),
        }

    with snapshot(config.database) as connection:
        deeds = ledger.deeds_between(connection, address(config, user), known, _MOST_DEEDS)
    return look(config, user, lambda call: in_turn(call, find))


def requests_text(config: Config, user: str) -> str:
    """Return who waits for a user, as people read it."""
    return look(config, user, lambda call: _listed(call)).text


def requests_data(config: Config, user: str) -> list[Json]:
    """Return who waits for a user."""

    def find(case: Case) -> list[Json]:
        profile = case.profile
        return [
            _request(request, profile.held.get(request.contact))
            for request in by_number(profile.requests.values())
        ]

    return look(config, user, lambda call: in_turn(call, find))


async def _listed(call: Call) -> Reply:
    return await BY_NODE["requests"].run(call, {})


def _ours(config: Config) -> list[Rule]:
    with snapshot(config.database) as connection:
        return reading.admin_rules(connection)


def _contact(text: str) -> BareJid:
    from vestibule.xmpp.address import prepare

    contact = prepare(text)
    if contact is None:
        raise Refused(f"{text} is no address", "write one like ann@example.net")
    return contact


def _rule(rule: Rule) -> Json:
    return {
        "id": rule.id,
        "source": rule.source.value,
        "identity": rule.identity,
        "sub_handling": rule.sub_handling.value,
        "scope": rule.scope.value,
        "from": _moment(rule.valid_from),
        "until": _moment(rule.valid_until),
        "note": rule.note,
        "text": rule_text(rule),
    }


def _deed(deed: Deed) -> Json:
    return {
        "at": _moment(deed.at),
        "actor": deed.actor,
        "what": deed.what,
        "verdict": deed.verdict,
        "reason": deed.reason,
        "rule": deed.rule,
    }


def _decision(said: Decision) -> Json:
    return {"verdict": said.verdict.value, "reason": said.reason.value, "rule": said.rule_id}


def _request(request: Request, held: Held | None) -> Json:
    return {
        "number": request.number,
        "contact": request.contact,
        "kind": request.kind.value,
        "first_at": _moment(request.first_at),
        "last_at": _moment(request.last_at),
        "asked": request.asked,
        "note": request.note,
        "held_messages": held.count if held else 0,
        "held_bytes": held.size if held else 0,
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
