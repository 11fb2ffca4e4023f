"""Contact codes: making, listing and ending them, and what is wrong with a wish."""

import re
from typing import Any

import pytest
from tests.builders import ALICE, BOB, CAROL, NOW
from tests.support.scene import ADMIN, Scene

from vestibule.commands import codes as commands
from vestibule.commands.front import call_from
from vestibule.core.model import BareJid, Content, Kind, Relation, Verdict
from vestibule.core.profile import Code
from vestibule.desk import checks, codes
from vestibule.desk.events import take_in
from vestibule.desk.turn import Turn
from vestibule.gate.dialogue import Act, Answer, Check, Event, EventKind

pytestmark = pytest.mark.asyncio

ADDRESS = re.compile(r"xmpp:bob@example\.org\?roster;preauth=([\w-]{16})")


async def made(scene: Scene, words: str = "code") -> tuple[str, str]:
    """Make a code; return its token and its number."""
    told = await scene.say(words)
    token, number = ADDRESS.search(told), re.search(r"revoke-code (\d{4})\n", told)
    assert token, told
    assert number, told
    return token[1], number[1]


async def brings(scene: Scene, token: str, contact: BareJid = ALICE) -> Verdict:
    """Let a contact ask with a code."""
    check = Check(
        name=f"code-{contact}-{len(scene.gate.acts)}/1",
        kind=Kind.SUBSCRIBE,
        user=BOB,
        contact=contact,
        relation=Relation(),
        content=Content.WORTH_KEEPING,
        wire=str,
        token=token,
    )

    async def judge(turn: Turn) -> Answer:
        return checks.judge(turn, await turn.profile(BOB), check)

    return (await scene.desk.do(judge)).verdict


async def test_a_code_is_an_address_to_hand_out(scene: Scene) -> None:
    told = await scene.say("code")

    assert "can be used once, until 2025-11-10 12:00 UTC" in told
    assert ADDRESS.fullmatch(told.splitlines()[-1])
    [code] = (await scene.book()).codes.values()
    assert ("", 1) == (code.label, code.uses_left)
    assert codes.USUAL_LIFE == code.expires_at - NOW


@pytest.mark.parametrize(
    ("words", "label", "life", "uses"),
    [
        ("code choir", "choir", "7 days, 0:00:00", 1),
        ("code The Choir for 2 weeks uses 20", "The Choir", "14 days, 0:00:00", 20),
        ("Code uses: 3, FOR 90s, ", "", "0:01:30", 3),
        ("code for the choir for 1d", "for the choir", "1 day, 0:00:00", 1),
        ("code for 366d uses 1000", "", "366 days, 0:00:00", 1000),
    ],
)
async def test_what_a_code_is_for(
    scene: Scene, words: str, label: str, life: str, uses: int
) -> None:
    await made(scene, words)

    [code] = (await scene.book()).codes.values()
    assert (label, life, uses) == (code.label, str(code.expires_at - NOW), code.uses_left)


async def test_a_short_life_is_told_to_the_second(scene: Scene) -> None:
    assert "until 2025-11-03 12:00:05 UTC" in await scene.say("code for 5s")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("code for", "is no length of time"),
        ("code for mum", "“mum” is no length of time"),
        ("code for 0s", "is no length of time"),
        ("code for 367d", "366 days at most"),
        ("code uses", "is no number of uses"),
        ("code uses ten", "“ten” is no number of uses. Write one from 1 to 1000."),
        ("code uses 0", "from 1 to 1000"),
        ("code uses -1", "from 1 to 1000"),
        ("code uses 1001", "from 1 to 1000"),
        ("code uses ³", "from 1 to 1000"),
        ("code uses " + "9" * 3000, "from 1 to 1000"),
        ("code " + "long " * 30, "too long"),
        ("revoke-code", "revoke-code <number> | <address>"),
        ("revoke-code 17", "You have no code 17."),
        ("revoke-code " + "x" * 3000, "You have no code xxx"),
    ],
)
async def test_mistakes_are_told_and_make_nothing(scene: Scene, words: str, expected: str) -> None:
    told = await scene.say(words)

    assert expected in told
    assert {} == (await scene.book()).codes
    assert len(told) < 500


async def test_codes_are_listed_the_one_that_ends_first_before_the_others(scene: Scene) -> None:
    assert "You have no codes. To make one, write: code" == await scene.say("codes")
    tokens, numbers = zip(
        *[await made(scene, words) for words in ("code b uses 2", "code for 1d", "code c for 9d")],
        strict=True,
    )
    b, day, c = numbers

    told = (await scene.say("codes")).splitlines()

    assert [
        "Your codes, and how often each can still be used:",
        f"{day}. (no label) – once, until 2025-11-04 12:00 UTC: "
        f"xmpp:bob@example.org?roster;preauth={tokens[1]}",
        f"{b}. b – 2 times, until 2025-11-10 12:00 UTC: "
        f"xmpp:bob@example.org?roster;preauth={tokens[0]}",
        f"{c}. c – once, until 2025-11-12 12:00 UTC: "
        f"xmpp:bob@example.org?roster;preauth={tokens[2]}",
        "To end one, write revoke-code and its number.",
    ] == told
    assert "You have no codes" in await scene.say("codes", user=CAROL)


@pytest.mark.parametrize("name", ["{number}", "{number}.", "#{number}", "{token}", "{address}"])
async def test_a_code_is_revoked_by_whatever_names_it(scene: Scene, name: str) -> None:
    token, number = await made(scene, "code choir")
    address = f"<xmpp:bob@example.org?roster;preauth={token}>"

    told = await scene.say(
        "revoke-code " + name.format(number=number, token=token, address=address)
    )

    assert f"Code {number}, choir, lets nobody in any more. Who came in by it stays in." == told
    assert {} == (await scene.book()).codes
    assert Verdict.ASK is await brings(scene, token)


async def test_several_codes_are_revoked_at_once(scene: Scene) -> None:
    (_, first), (kept, _), (_, third) = [await made(scene) for _ in range(3)]

    told = await scene.say(f"revoke-code {first}, {third} {first} 17")

    assert 3 == len(told.splitlines())
    assert "You have no code 17." in told
    assert [kept] == list((await scene.book()).codes)


async def test_nobody_revokes_the_codes_of_others(scene: Scene) -> None:
    token, _ = await made(scene)

    assert "You have no code" in await scene.say(f"revoke-code {token}", user=CAROL)
    assert [token] == list((await scene.book()).codes)


async def test_a_number_goes_on_naming_the_same_code(scene: Scene) -> None:
    await made(scene, "code for 1h")
    token, number = await made(scene, "code for 2h")
    scene.clock.advance(hours=1)

    listed = await scene.say("codes")

    assert 3 == len(listed.splitlines())
    assert f"{number}. " in listed
    assert [token] == list((await scene.book()).codes)


async def test_no_two_codes_of_a_user_have_one_number(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = iter(["same", "same", "other"])
    monkeypatch.setattr("secrets.token_urlsafe", lambda _: next(tokens))

    await scene.say("code")
    await scene.say("code")

    assert {"same", "other"} == set((await scene.book()).codes)


async def test_there_is_room_for_so_many(scene: Scene) -> None:
    for _ in range(codes.MOST_CODES):
        await made(scene, "code for 1h")

    told = await scene.say("code")

    assert "You have 50 codes, and more do not fit." in told
    assert codes.MOST_CODES == len((await scene.book()).codes)
    scene.clock.advance(hours=1)
    await made(scene)
    assert 1 == len((await scene.book()).codes)


async def test_who_brings_a_code_comes_in_and_is_added(scene: Scene) -> None:
    token, number = await made(scene, "code uses 2")
    await scene.writes()

    assert Verdict.APPROVE is await brings(scene, token)

    await scene.settled()
    assert (Act.ADD, BOB, ALICE) in scene.gate.acts
    assert [] == await scene.waiting()
    assert {} == (await scene.book()).held
    assert f"{number}. (no label) – once" in await scene.say("codes")
    assert Verdict.APPROVE is await brings(scene, token, CAROL)
    assert "You have no codes" in await scene.say("codes")
    assert Verdict.ASK is await brings(scene, token, BareJid("eve@x.example"))


@pytest.mark.parametrize("before", ["block alice@example.net", "polite-block alice@example.net"])
async def test_a_code_does_not_help_whom_the_user_keeps_out(scene: Scene, before: str) -> None:
    token, _ = await made(scene)
    await scene.say(before)

    assert Verdict.APPROVE is not await brings(scene, token)

    assert [token] == list((await scene.book()).codes)


async def test_a_code_brought_while_we_were_away_counts_too(scene: Scene) -> None:
    token, _ = await made(scene)
    event = Event(EventKind.REQUESTED, BOB, ALICE, Relation(pending=True), token=token)

    await scene.desk.do(lambda turn: take_in(turn, event))

    await scene.settled()
    assert {(Act.APPROVE, BOB, ALICE), (Act.ADD, BOB, ALICE)} <= set(scene.gate.acts)
    assert {} == (await scene.book()).codes


async def test_codes_are_in_the_audit_trail_without_their_tokens(scene: Scene) -> None:
    token, number = await made(scene, "code choir")
    await scene.say(f"revoke-code {number}")

    told = await scene.say("admin-audit", user=ADMIN)

    assert "bob@example.org: revoke-code" in told
    assert "bob@example.org: code" in told
    assert token not in told


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("bob@example.org", "xmpp:bob@example.org?"),
        (
            "jörg;=#%+@bücher.example",
            "xmpp:j%C3%B6rg%3B%3D%23%25%2B@b%C3%BCcher.example?",
        ),
        ("bob@[2001:db8::1]", "xmpp:bob@[2001:db8::1]?"),
    ],
)
async def test_addresses_are_escaped(user: str, expected: str) -> None:
    address = commands.address_of(BareJid(user), Code("A-b_1", "", NOW, 1))

    assert f"{expected}roster;preauth=A-b_1" == address


async def test_the_form_shows_the_codes_there_are(scene: Scene) -> None:
    [command] = commands.COMMANDS
    token, number = await made(scene, "code choir")
    call = await call_from(scene.office, BOB, None)
    assert command.prefill is not None

    form: Any = await command.prefill(call)

    assert {"action": ["make"], "for": ["7d"], "uses": ["1"]} == form.values
    [option] = form.options["code"]
    assert number == option.value
    assert f"{number}. choir – once, until 2025-11-10 12:00 UTC" == option.label
    assert token in (await command.run(call, {"action": ["list"]})).text
    assert not (await command.run(call, {"action": ["revoke"], "code": [number]})).failed
    assert "You have no codes" in (await command.run(call, {})).text
