"""Filling in forms as a person does: by what there is to choose.

Responsible for finding the field that offers something, whatever it is called.

Must not know any command.
"""

from vestibule.sandbox.client import Client
from vestibule.sandbox.commands import Answer, CommandReply

_DATA = "{jabber:x:data}"


def field_offering(reply: CommandReply, choice: str) -> str:
    """Return the name of the field that has `choice` among its options."""
    assert reply.form is not None, reply.notes
    for field in reply.form.iterfind(f"{_DATA}field"):
        if choice in {value.text for value in field.iterfind(f"{_DATA}option/{_DATA}value")}:
            return field.get("var", "")
    raise AssertionError(f"nothing offers {choice!r}")


async def choose(client: Client, service: str, node: str, *choices: str) -> CommandReply:
    """Open a command's form, choose, and send it off; what is not chosen stays as it was."""
    opened = await client.command(service, node)
    answers: dict[str, Answer] = {name: values for name, values in opened.fields.items() if name}
    for choice in choices:
        answers[field_offering(opened, choice)] = choice
    return await client.command(service, node, answers, action="complete", session=opened.session)
