"""Parts of a prompt that chat and responses say alike."""

from solvent.dialects.canonical import Format, Prompt, ToolChoice, ToolResult, Turn
from solvent.dialects.images import split_data_url
from solvent.dialects.reading import Field
from solvent.dialects.refusals import only


def read_schema(held: Field) -> Format:
    """Return the form of a named schema; a description beside it moves into it, where every dialect has one."""
    only(held, ("type", "name", "schema", "strict", "description"))
    described = held.text_of("description")
    about = {"description": described} if described else {}
    schema = about | (held.object_of("schema") or {})
    return Format("schema", held.need("name").text(), schema, held.flag_of("strict"))


def read_choice(chosen: Field | None, parallel: bool | None) -> ToolChoice | None:  # noqa: FBT001 - as sent
    """Return the choice among tools that is left open or said by one word; None where nothing is said."""
    if chosen is None:
        return None if parallel is None else ToolChoice(parallel=parallel)
    match chosen.word("auto", "none", "required"):
        case "none":
            return ToolChoice("none", parallel=parallel)
        case "required":
            return ToolChoice("required", parallel=parallel)
        case _:
            return ToolChoice("auto", parallel=parallel)


def inline_data(found: Field) -> tuple[str, str]:
    """Return media type and base64 data of a data URL."""
    split = split_data_url(found.text())
    if split is None:
        raise found.invalid("must be a data URL in base64, such as data:image/png;base64,…")
    return split


def add_result(turns: list[Turn], result: ToolResult) -> None:
    """Add *result* to the turn of results that it follows: the results of one answer belong together."""
    last = turns[-1].parts if turns else ()
    if last and all(isinstance(part, ToolResult) for part in last):
        turns[-1] = Turn("user", (*last, result))
    else:
        turns.append(Turn("user", (result,)))


def effort(prompt: Prompt) -> str | None:
    """Return how hard to think; no tokens to think with are the effort ``none``."""
    return "none" if prompt.thinking_tokens == 0 else prompt.effort
