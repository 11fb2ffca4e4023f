"""What administrators decide and look at."""

from pathlib import Path

import pytest
from tests.builders import ALICE, ALLOW, BLOCK, BOB, CAROL, CONFIRM, at
from tests.support.scene import ADMIN, Scene, a_scene

from vestibule.commands.base import Access
from vestibule.commands.table import TABLE
from vestibule.core.model import (
    BareJid,
    Model,
    Relation,
    Scope,
    Settings,
    Source,
    StrangerPolicy,
    Verdict,
)
from vestibule.desk import house as choices
from vestibule.desk.events import take_in
from vestibule.gate.dialogue import Act, Event, EventKind

pytestmark = pytest.mark.asyncio

HOST = BareJid("example.org")


async def order(scene: Scene, words: str) -> str:
    """Return what the administrator is answered."""
    return await scene.say(words, user=ADMIN)


@pytest.mark.parametrize(
    "word", [w.name for c in TABLE if c.access is Access.ADMIN for w in c.words]
)
async def test_nobody_else_may(scene: Scene, word: str) -> None:
    await scene.asks()

    told = await scene.say(f"{word} proactive lock")

    assert "Only administrators of this server can do this." == told
    assert word not in await scene.say("help")
    assert word in await order(scene, "help")


async def test_defaults_hold_at_once_and_for_good(scene: Scene) -> None:
    assert Verdict.ASK is await scene.asks()
    scene.gate.flushed.clear()

    told = await order(scene, "admin-defaults proactive bounce")

    assert "Who chose nothing is proactive" in told
    assert [HOST] == scene.gate.flushed
    assert Verdict.APPROVE is await scene.asks(CAROL)
    house = scene.desk.house
    house.defaults = Settings()
    choices.apply(house, Settings(), await scene.database.chosen_for_all())
    assert Settings(Model.PROACTIVE, StrangerPolicy.BOUNCE) == house.defaults


async def test_hosts_may_differ_until_administrators_choose_for_all(scene: Scene) -> None:
    house, own = scene.desk.house, {"example.org": Settings(Model.PROACTIVE)}
    choices.apply(house, Settings(), {}, own)
    scene.office.host_settings = own
    assert Verdict.APPROVE is await scene.asks()

    assert "At example.org: Who chose nothing is proactive" in await order(scene, "admin-defaults")
    told = await order(scene, "admin-defaults reactive")

    assert "At example.org" not in told
    assert Verdict.ASK is await scene.asks(CAROL)


async def test_a_lock_overrides_what_users_chose(scene: Scene) -> None:
    await scene.say("proactive")

    told = await order(scene, "admin-defaults reactive lock")

    assert "Users cannot choose otherwise" in told
    assert Verdict.ASK is await scene.asks()
    assert "everybody is reactive here" in await scene.say("proactive")
    await order(scene, "admin-defaults unlock")
    assert Verdict.APPROVE is await scene.asks(CAROL)


async def test_back_to_what_is_configured(scene: Scene) -> None:
    await order(scene, "admin-defaults proactive lock drop")

    told = await order(scene, "admin-defaults configured")

    assert "Who chose nothing is reactive" in told
    assert "Users can choose otherwise." in told
    assert {} == await scene.database.chosen_for_all()


async def test_a_mistake_changes_nothing(scene: Scene) -> None:
    assert "“open” cannot be chosen here" in await order(scene, "admin-defaults open")
    assert {} == await scene.database.chosen_for_all()
    assert "Users can choose otherwise." in await order(scene, "admin-defaults")


async def test_an_enforced_rule_beats_the_users(scene: Scene) -> None:
    await scene.say("allow @example.net")

    told = await order(scene, "admin-rule enforced block @example.net for 7d # spam")

    assert "block @example.net – cannot reach you (until 2025-11-10 12:00 UTC; “spam”)" in told
    assert "already stay in" in told
    assert HOST in scene.gate.flushed
    assert Verdict.DROP is await scene.asks()
    (rule,) = await scene.database.admin_rules()
    assert (rule.user, rule.source, rule.valid_until) == (None, Source.ADMIN_ENFORCED, at(days=7))
    listed = await scene.say("rules")
    assert "Rules of this server, stronger than yours:" in listed
    assert "(rule-admin-enforced)" in await scene.say("explain alice@example.net")


async def test_a_default_rule_gives_way(scene: Scene) -> None:
    await order(scene, "admin-rule default allow @example.net")

    assert Verdict.APPROVE is await scene.asks()
    await scene.say("confirm @example.net")
    assert Verdict.ASK is await scene.asks(BareJid("eve@example.net"))


async def test_an_enforced_block_clears_every_queue(scene: Scene) -> None:
    await scene.asks(ALICE)
    await scene.writes(ALICE)
    await scene.asks(ALICE, user=CAROL)
    await scene.asks(BareJid("eve@x.example"))

    told = await order(scene, "admin-rule enforced block @example.net")

    assert "2 requests were cleared away." in told
    assert [BareJid("eve@x.example")] == await scene.waiting()
    assert [] == await scene.waiting(CAROL)
    assert {(Act.DENY, BOB, ALICE), (Act.DENY, CAROL, ALICE)} <= set(scene.gate.acts)


async def test_the_newest_word_of_an_admin_holds(scene: Scene) -> None:
    await order(scene, "admin-rule enforced block @example.net")
    await order(scene, "admin-rule default confirm @example.net")

    await order(scene, "admin-rule enforced allow @example.net messages")

    rules = {(r.source, r.sub_handling, r.scope) for r in scene.desk.house.admin_rules}
    assert rules == {
        (Source.ADMIN_ENFORCED, BLOCK, Scope.PRESENCE),
        (Source.ADMIN_ENFORCED, ALLOW, Scope.MESSAGES),
        (Source.ADMIN_DEFAULT, CONFIRM, Scope.BOTH),
    }
    on_disk = {(r.source, r.sub_handling, r.scope) for r in await scene.database.admin_rules()}
    assert rules == on_disk


async def test_rules_for_everybody_are_listed_and_taken_away(scene: Scene) -> None:
    assert "There are no rules for everybody." == await order(scene, "admin-rules")
    await order(scene, "admin-rule enforced block @x.example @y.example")
    await order(scene, "admin-rule default allow same-server")

    assert (await order(scene, "admin-rules")).splitlines() == [
        "Enforced, stronger than users' rules:",
        "1. block @x.example – cannot reach you",
        "2. block @y.example – cannot reach you",
        "Default, unless users' rules say otherwise:",
        "3. allow same-server – come in without asking",
    ]
    told = await order(scene, "admin-forget 1, 3 77")
    assert told.count("Forgotten:") == 2
    assert "There is no number 77." in told
    assert [2] == [rule.id for rule in await scene.database.admin_rules()]
    assert [2] == [rule.id for rule in scene.desk.house.admin_rules]


@pytest.mark.parametrize(
    "words",
    [
        "admin-rule",
        "admin-rule enforced",
        "admin-rule block @x.example",
        "admin-rule enforced block",
        "admin-rule enforced block nonsense",
        "admin-rule enforced block @x.example for ever",
        "admin-forget",
        "admin-user",
        "admin-user nonsense",
        "admin-user eve@x.example",
        "admin-explain",
        "admin-explain bob@example.org",
        "admin-explain bob@example.org @x.example",
        "admin-audit nonsense",
        "admin-dry-run\nnonsense",
    ],
)
async def test_mistakes_are_told(scene: Scene, words: str) -> None:
    told = await order(scene, words)

    assert told
    assert "went wrong" not in told
    assert [] == await scene.database.admin_rules()


async def test_a_user_is_shown_without_what_strangers_wrote(scene: Scene) -> None:
    await scene.say("proactive")
    await scene.say("confirm @example.net")
    await scene.asks(note="secret note")
    await scene.writes(words="secret words")

    told = await order(scene, "admin-user BOB@example.org")

    assert told.startswith("As bob@example.org sees it:\nYou are proactive")
    assert "confirm @example.net" in told
    assert "1. alice@example.net – wants to see your status" in told
    assert "1 message waits (" in told
    assert "secret" not in told


async def test_explain_for_anybody(scene: Scene) -> None:
    scene.gate.relations[BOB, ALICE] = Relation(authorized=True)

    told = await order(scene, "admin-explain bob@example.org alice@example.net")

    assert "As bob@example.org sees it:" in told
    assert "can see your status already" in told


async def test_figures_by_reason(scene: Scene) -> None:
    assert "Nothing has been decided yet." == await order(scene, "admin-stats")
    await scene.asks()
    await scene.writes()
    scene.clock.advance(days=3)
    await scene.writes()

    told = await order(scene, "admin-stats")

    assert "model-reactive → ask: 0 today, 1 in 7 days, 1 in 30 days" in told
    assert "model-reactive → hold: 1 today, 2 in 7 days, 2 in 30 days" in told


async def test_the_audit_trail_tells_who_did_what_and_why(scene: Scene) -> None:
    await scene.say("allow eve@x.example")
    await scene.asks(BareJid("eve@x.example"))
    await scene.asks(ALICE)
    await scene.say("deny alice@example.net")
    approved = Event(EventKind.APPROVED, BOB, CAROL)
    await scene.desk.do(lambda turn: take_in(turn, approved))
    await order(scene, "admin-rule enforced block @spam.example")

    told = await order(scene, "admin-audit")

    lines = [line.split(": ", 1)[1] for line in told.splitlines()[1:]]
    assert lines == [
        "root@example.org: admin-rule block @spam.example",
        "bob@example.org: approved carol@example.org → bob@example.org",
        "bob@example.org: deny alice@example.net → bob@example.org",
        "rules and settings: subscribe alice@example.net → bob@example.org ask (model-reactive)",
        "rules and settings: subscribe eve@x.example → bob@example.org approve (rule-user, 1)",
        "bob@example.org: allow eve@x.example → bob@example.org",
    ]
    about = await order(scene, "admin-audit alice@example.net")
    assert len(about.splitlines()) == 3
    assert "Nothing has been decided" in await order(scene, "admin-audit @nowhere.example")


async def test_who_deletes_their_data_is_no_longer_in_the_trail(scene: Scene) -> None:
    await scene.asks()
    await scene.say("block alice@example.net")
    await scene.writes()  # refused: nothing else is written, so this waits for the next turn
    await scene.say("forget-me yes")

    assert "alice" not in await order(scene, "admin-audit")


async def test_a_dry_run_tells_what_would_change(scene: Scene) -> None:
    await scene.asks(ALICE)
    await scene.writes(BareJid("eve@x.example"))
    await scene.say("allow @y.example")
    await scene.asks(BareJid("joe@y.example"))
    await order(scene, "admin-audit")  # which has all of it written down
    rows = len(await scene.database.deeds("", 100))

    told = await order(
        scene,
        "admin-dry-run\n"
        "# tried out only\n"
        "enforced allow @example.net\n"
        "default block @y.example\n"
        "enforced block anyone messages",
    )

    assert told.splitlines() == [
        "4 recent attempts were tried, 2 would be decided otherwise:",
        "eve@x.example → bob@example.org, message: now hold, then refuse "
        "(line 5: block anyone messages)",
        "alice@example.net → bob@example.org, subscribe: now ask, then approve "
        "(line 3: allow @example.net)",
    ]
    assert [] == scene.desk.house.admin_rules
    assert [] == await scene.database.admin_rules()
    assert rows == len(await scene.database.deeds("", 100))


async def test_a_dry_run_that_changes_nothing(scene: Scene) -> None:
    await scene.asks()

    assert "1 recent attempt was tried; it would be decided the same." == await order(
        scene, "admin-dry-run"
    )
    assert "then approve (model-proactive)" in await order(scene, "admin-dry-run\nproactive")


async def test_a_dry_run_names_every_wrong_line(scene: Scene) -> None:
    told = await order(scene, "admin-dry-run\nenforced\nallow\nreject @x.example\nblock @a.example")

    assert [2, 3, 4] == [int(line[5]) for line in told.splitlines() if line.startswith("Line")]


async def test_admins_choices_survive_a_restart(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        await order(scene, "admin-defaults proactive lock")
        house = scene.desk.house
        house.defaults, house.locked = Settings(), False

        choices.apply(house, Settings(), await scene.database.chosen_for_all())

        assert (Model.PROACTIVE, True) == (house.defaults.model, house.locked)
