"""Both ends of one contract: what the gate sends is read, what it expects is written."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.builders import ALICE, BOB
from tests.unit.gate.golden import FOLDER, canonical, golden, tidied

from vestibule.core.model import BareJid, Content, Kind, Relation, Verdict
from vestibule.gate import writing
from vestibule.gate.dialogue import (
    NAMESPACE,
    Act,
    Answer,
    Check,
    CheckBatch,
    Event,
    EventIq,
    EventKind,
    HeldMessage,
    Hello,
    Outcome,
    PairState,
)
from vestibule.gate.reading import Malformed, Reader
from vestibule.gate.writing import BounceText
from vestibule.xmpp.address import prepare
from vestibule.xmpp.stanzas import element_to_string, request

HOST = "example.org"
JID = "vestibule.example.org"
RUN = "gate-9f3kQ2xW7aZd"
CAROL = BareJid("carol@example.net")

READER = Reader([HOST], prepare=prepare, render=element_to_string)


# From the gate -----------------------------------------------------------------------------


def checks_of(name: str) -> tuple[Check, ...]:
    batch = READER.read(golden(name))
    assert isinstance(batch, CheckBatch)
    assert (HOST, f"{RUN}-2") == (batch.host, batch.iq)
    assert None not in batch.checks
    return tuple(check for check in batch.checks if check is not None)


def test_hello_is_read_with_its_journal_in_order() -> None:
    expected = Hello(
        host=HOST,
        iq=f"{RUN}-1",
        version="1",
        events=(
            Event(EventKind.APPROVED, BOB, ALICE, Relation(pending=True)),
            Event(EventKind.REQUESTED, BOB, CAROL, note="It is Carol, from the choir."),
        ),
    )

    assert expected == READER.read(golden("hello"))


def test_checks_are_read_with_their_facts() -> None:
    stranger, waiting, curious, busy = checks_of("checks")

    assert (Kind.SUBSCRIBE, BOB, ALICE) == (stranger.kind, stranger.user, stranger.contact)
    assert Relation() == stranger.relation
    assert "We met at the fair." == stranger.note
    assert (Kind.MESSAGE, Relation(pending=True)) == (waiting.kind, waiting.relation)
    assert (Kind.IQ, "mallory@example.com") == (curious.kind, curious.contact)
    known = Relation(added=True, authorized=True, asked=True)
    assert (CAROL, known) == (busy.contact, busy.relation)


def test_checks_are_named_by_batch_and_place() -> None:
    names = [check.name for check in checks_of("checks")]

    assert [f"{RUN}-2/1", f"{RUN}-2/2", f"{RUN}-2/3", f"{RUN}-2/4"] == names


def test_a_message_keeps_its_stanza_and_tells_its_content() -> None:
    check = checks_of("checks")[1]
    (stanza,) = golden("checks")[0][1]

    assert canonical(stanza) == canonical(check.wire())
    assert 'xmlns="jabber:client"' in check.wire()
    assert Content.WORTH_KEEPING is check.content


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "event",
            Event(
                EventKind.APPROVED,
                BOB,
                ALICE,
                Relation(added=True, pending=True, asked=True),
            ),
        ),
        (
            "event-requested",
            Event(EventKind.REQUESTED, BOB, CAROL, note="It is Carol, from the choir."),
        ),
        ("event-given-up", Event(EventKind.GIVEN_UP, None, None, batch=f"{RUN}-2", checks=4)),
        ("event-unblocked-all", Event(EventKind.UNBLOCKED, BOB, None)),
        ("event-deleted", Event(EventKind.DELETED, BOB, None)),
    ],
)
def test_events_are_read(name: str, expected: Event) -> None:
    iq = golden(name)

    assert EventIq(HOST, iq.get("id", ""), expected) == READER.read(iq)


def test_a_request_taken_meanwhile_brings_its_code() -> None:
    iq = golden("event-requested")
    ET.SubElement(iq[0][0], "{urn:xmpp:pars:0}preauth", token="of-use")

    said = READER.read(iq)

    assert isinstance(said, EventIq)
    assert "of-use" == said.event.token


@pytest.mark.parametrize("kind", set(EventKind) - {EventKind.GIVEN_UP})
def test_every_kind_of_event_about_a_contact_has_the_same_form(kind: EventKind) -> None:
    iq = golden("event")
    iq[0].set("kind", kind)

    said = READER.read(iq)

    assert isinstance(said, EventIq)
    assert (kind, BOB, ALICE) == (said.event.kind, said.event.user, said.event.contact)


@pytest.mark.parametrize("name", ["state-result", "roster-result"])
def test_states_are_read(name: str) -> None:
    states = {(pair.user, pair.contact): pair for pair in READER.states(golden(name))}

    friends = Relation(added=True, authorized=True)
    assert PairState(BOB, CAROL, True, friends) == states[BOB, CAROL]
    assert states[BOB, ALICE].exists


def test_an_account_that_is_gone_has_no_state() -> None:
    gone = READER.states(golden("state-result"))[-1]

    assert PairState(BareJid("gone@example.org"), ALICE, False, Relation()) == gone


@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        pytest.param("event", "kind", "vanished", id="an unknown kind of event"),
        pytest.param("event", "user", "bob@example.net", id="a user of another host"),
        pytest.param("event", "contact", "a@b@c", id="a contact that is no address"),
        pytest.param("event-deleted", "user", "", id="nobody"),
        pytest.param("event-given-up", "checks", "0", id="nothing given up"),
        pytest.param("event-given-up", "checks", "1001", id="more given up than fits a batch"),
        pytest.param("event-given-up", "batch", "", id="no batch given up"),
    ],
)
def test_an_event_that_makes_no_sense_is_refused(name: str, attribute: str, value: str) -> None:
    iq = golden(name)
    iq[0].set(attribute, value)

    with pytest.raises(Malformed):
        READER.read(iq)


# To the gate -------------------------------------------------------------------------------


def hello() -> Hello:
    said = READER.read(golden("hello"))
    assert isinstance(said, Hello)
    return said


def batch() -> CheckBatch:
    said = READER.read(golden("checks"))
    assert isinstance(said, CheckBatch)
    return said


def event() -> EventIq:
    said = READER.read(golden("event"))
    assert isinstance(said, EventIq)
    return said


def an_act(name: str) -> str:
    """Return the IQ that carries out one act; the golden file says about whom."""
    about = golden(name)[0]
    user, contact = BareJid(about.get("user", "")), BareJid(about.get("contact", ""))
    releasing = about.get("releasing") == "1"
    return asked(name, writing.act(Act(name), user, contact, releasing=releasing))


def asked(name: str, payload: str) -> str:
    return request("set", golden(name).get("id", ""), HOST, JID, payload)


def test_hello_tells_what_became_of_strangers_without_a_verdict() -> None:
    hello = golden("hello")
    for kind, outcome, count in (
        ("message", "pass", "12"),
        ("iq", "refuse", "3"),
        ("message", "shrug", "1"),
        ("letter", "pass", "1"),
        ("message", "stock", "-1"),
        ("message", "stock", "9" * 40),
    ):
        attributes = {"kind": kind, "outcome": outcome, "count": count}
        ET.SubElement(hello[0], f"{{{NAMESPACE}}}unjudged", attributes)

    read = READER.read(hello)

    assert isinstance(read, Hello)
    assert {(Kind.MESSAGE, Outcome.PASS): 12, (Kind.IQ, Outcome.REFUSE): 3} == read.unjudged
    assert len(read.events) == 2


def test_a_verdict_may_be_remembered_for_all_strangers() -> None:
    batch = READER.read(golden("checks"))
    assert isinstance(batch, CheckBatch)
    answers = [Answer(Verdict.WAIT, remember=60, for_strangers=True), *ANSWERS[1:]]

    written = writing.checks_answer(JID, batch, answers)

    assert "<remember seconds='60' scope='strangers' places='1'/>" in written


def test_one_remark_names_all_the_checks_it_is_true_of() -> None:
    batch = READER.read(golden("checks"))
    assert isinstance(batch, CheckBatch)
    answers = [Answer(Verdict.REFUSE, remember=60)] * 50 + [Answer(Verdict.PASS, remember=300)]

    written = ET.fromstring(writing.checks_answer(JID, batch, answers))

    assert [remark.get("places", "").split()[-1] for remark in written[0]] == ["50", "51"]


def held(number: int, stamp: str) -> HeldMessage:
    """Return a message as it was held: with the stanza of the golden check, or one like it."""
    stanza = golden("deliver")[0][number - 41][0]
    return HeldMessage(number, stamp, element_to_string(stanza))


ANSWERS = [
    Answer(Verdict.ASK),
    Answer(Verdict.HOLD),
    Answer(Verdict.REFUSE, remember=60),
    Answer(Verdict.HOLD, releasing=True),
]
BOUNCES = [
    BounceText(
        Verdict.BOUNCE, "auth", "subscription-required", "Add this person as a contact first."
    ),
    BounceText(
        Verdict.BOUNCE,
        "auth",
        "subscription-required",
        "Please wait for the answer.",
        waiting=True,
    ),
    BounceText(Verdict.WAIT, "wait", "resource-constraint", "Too many messages are waiting."),
]
PAIRS = [(BOB, ALICE), (BOB, CAROL), (BareJid("gone@example.org"), ALICE)]
STAMPS = {41: "2025-11-03T12:00:00.000Z", 42: "2025-11-03T12:00:05.250Z"}


def test_the_two_sides_are_left_as_they_are() -> None:
    """The answers below are made from what is read, so both must be about the same."""
    assert (HOST, f"{RUN}-3") == (event().host, event().iq)
    assert (HOST, f"{RUN}-1") == (hello().host, hello().iq)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (
            "hello-result",
            lambda: writing.hello_answer(JID, hello(), BOUNCES, [(BOB, ALICE)], takes_reports=True),
        ),
        ("checks-result", lambda: writing.checks_answer(JID, batch(), ANSWERS)),
        ("event-result", lambda: writing.event_answer(JID, event(), releasing=True)),
        *((act.value, lambda act=act: an_act(act.value)) for act in Act),
        ("settled", lambda: asked("settled", writing.settled(BOB, ALICE))),
        ("flush", lambda: asked("flush", writing.flush(BOB))),
        ("roster", lambda: asked("roster", writing.roster(BOB))),
        ("state", lambda: asked("state", writing.state(PAIRS))),
        (
            "deliver",
            lambda: asked(
                "deliver",
                writing.deliver(
                    BOB, ALICE, [held(number, STAMPS[number]) for number in STAMPS], again=True
                ),
            ),
        ),
    ],
)
def test_answers_and_acts_are_written(name: str, written: object) -> None:
    assert callable(written)

    assert canonical(golden(name)) == canonical(written())


@pytest.mark.parametrize("name", ["hello-error", "checks-error", "event-error"])
def test_refusals_are_written(name: str) -> None:
    error = golden(name)[0]
    condition = error[0].tag.rpartition("}")[2]
    told = error[1].text or ""

    iq = golden(name).get("id", "")
    written = writing.error(JID, HOST, iq, error.get("type", ""), condition, told)

    assert canonical(golden(name)) == canonical(written)


# -- a check that checks nothing is a defect ---------------------------------------------------


def test_every_file_is_read_by_a_test_here() -> None:
    source = Path(__file__).read_text("utf-8")
    names = {path.stem for path in FOLDER.glob("*.xml")}
    by_enum = {act.value for act in Act}
    by_lua = {"act-result", "act-error"}  # the answer's content means nothing to the component

    assert names
    assert [] == [name for name in sorted(names - by_enum - by_lua) if f'"{name}"' not in source]


def test_every_file_says_who_says_it() -> None:
    for path in FOLDER.glob("*.xml"):
        iq = golden(path.stem)
        is_request = iq.get("type") == "set"
        is_of_gate = iq.get("from") == HOST
        assert {HOST, JID} == {iq.get("from"), iq.get("to")}
        assert (is_request == is_of_gate) == iq.get("id", "").startswith("gate-"), path.name
        assert all(child.tag.startswith(f"{{{NAMESPACE}}}") for child in iq if is_request)


def test_white_space_for_people_is_left_out() -> None:
    tidy = tidied(ET.fromstring("<a>\n  <b>two words</b>\n</a>"))

    assert b"<a><b>two words</b></a>" == ET.tostring(tidy)
