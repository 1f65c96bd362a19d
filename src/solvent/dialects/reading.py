"""Reading documents that anyone may have written: a cursor that knows where it stands.

Whatever is not as the dialect says becomes one error, chosen by whose document it is, that names the field.
What a field means is its dialect's business.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from solvent.domain.call import Json
from solvent.errors import CallInvalid, SolventError, UsageContradictory

_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a document and the *path* to it; ``wrong`` is the error that its checks raise."""

    value: Any = field(repr=False)
    path: str = ""
    wrong: type[SolventError] = CallInvalid

    def invalid(self, words: str) -> SolventError:
        """Return the error that says what this field is or must be; *words* follow its name."""
        return self.wrong(f"{self.path or 'the body'} {words}")

    def get(self, *names: str) -> "Field | None":
        """Return the member under the first of *names* that is there and not null.

        Raises:
            SolventError: this is no object, or two of the names (spellings of one field) are there.
        """
        found: Field | None = None
        members = self.object()
        for name in names:
            value = members.get(name)
            if value is None:
                continue
            if found is not None:
                raise found.invalid(f"is given twice, also as {name}; give it once")
            found = self._member(name, value)
        return found

    def some(self, *names: str) -> "tuple[Field, ...]":
        """Return the member as ``get`` does, as a tuple of one; an empty one where it is not there."""
        found = self.get(*names)
        return () if found is None else (found,)

    def need(self, *names: str) -> "Field":
        """Return the member as ``get`` does; its absence is an error too."""
        found = self.get(*names)
        if found is None:
            raise self._member(names[0], None).invalid("is missing; the call cannot be read without it")
        return found

    def object(self) -> Json:
        """Return the value, which must be an object."""
        if not isinstance(self.value, dict):
            raise self.invalid(f"must be an object; it is {_kind(self.value)}")
        return self.value

    def members(self) -> Iterator["Field"]:
        """Yield every member that is not null; ``name`` tells which it is."""
        for name, value in self.object().items():
            if value is not None:
                yield self._member(name, value)

    def each(self) -> Iterator["Field"]:
        """Yield the elements of the value, which must be a list."""
        if not isinstance(self.value, list):
            raise self.invalid(f"must be a list; it is {_kind(self.value)}")
        for place, value in enumerate(self.value):
            yield Field(value, f"{self.path}[{place}]", self.wrong)

    @property
    def name(self) -> str:
        """The last step of the path."""
        return self.path.rpartition(".")[2]

    def text(self) -> str:
        """Return the value, which must be a string."""
        if not isinstance(self.value, str):
            raise self.invalid(f"must be a string; it is {_kind(self.value)}")
        return self.value

    def word(self, *allowed: str) -> str:
        """Return the value, which must be one of the strings *allowed*."""
        text = self.text()
        if text not in allowed:
            raise self.invalid(f"is {text[:_SHOWN]!r}; it must be one of {', '.join(allowed)}")
        return text

    def count(self) -> int:
        """Return the value, which must be a whole number of at least zero."""
        value = self.value
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int or value < 0:
            raise self.invalid(f"must be a whole number of at least 0; it is {_kind(self.value)}")
        return value

    def number(self) -> float:
        """Return the value, which must be a number; a whole one stays whole."""
        if type(self.value) not in (int, float):
            raise self.invalid(f"must be a number; it is {_kind(self.value)}")
        return self.value  # type: ignore[no-any-return]  # checked one line above

    def flag(self) -> bool:
        """Return the value, which must be true or false."""
        if not isinstance(self.value, bool):
            raise self.invalid(f"must be true or false; it is {_kind(self.value)}")
        return self.value

    def text_of(self, *names: str) -> str | None:
        """Return a member that is a string; None where it is not there."""
        found = self.get(*names)
        return None if found is None else found.text()

    def count_of(self, *names: str) -> int | None:
        """Return a member that is a whole number of at least zero; None where it is not there."""
        found = self.get(*names)
        return None if found is None else found.count()

    def number_of(self, *names: str) -> float | None:
        """Return a member that is a number; None where it is not there."""
        found = self.get(*names)
        return None if found is None else found.number()

    def flag_of(self, *names: str) -> bool | None:
        """Return a member that is true or false; None where it is not there."""
        found = self.get(*names)
        return None if found is None else found.flag()

    def object_of(self, *names: str) -> Json | None:
        """Return a member that is an object; None where it is not there."""
        found = self.get(*names)
        return None if found is None else found.object()

    def list_of(self, *names: str) -> Iterator["Field"]:
        """Yield the elements of a member that is a list; none where it is not there."""
        found = self.get(*names)
        if found is not None:
            yield from found.each()

    def dumped(self) -> str:
        """Return the value as compact JSON text."""
        try:
            return orjson.dumps(self.value).decode()
        except orjson.JSONEncodeError as error:
            raise self.invalid("cannot be written as JSON; it may be nested too deeply") from error

    def _member(self, name: str, value: Any) -> "Field":
        return Field(value, f"{self.path}.{name}" if self.path else name, self.wrong)


def of_call(document: Json) -> Field:
    """Return the cursor at the root of a caller's *document*: its errors are ``CallInvalid``."""
    return Field(document)


def of_reply(document: Any, path: str = "") -> Field:
    """Return the cursor at a provider's *document*, found at *path*: its errors are ``UsageContradictory``."""
    return Field(document, path, UsageContradictory)


def parse_reply(text: str | bytes) -> Json:
    """Return the object that a provider wrote as *text*.

    Raises:
        UsageContradictory: it is no JSON object.
    """
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UsageContradictory(f"the provider sent what is not JSON ({error})") from error
    if not isinstance(document, dict):
        raise UsageContradictory(f"the provider sent {_kind(document)} where its dialect has an object")
    return document


def _kind(value: Any) -> str:
    """Name a wrong value without quoting what may be private; numbers may be shown."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)[:_SHOWN]
    names: dict[type, str] = {str: "a string", list: "a list", dict: "an object"}
    return names.get(type(value), "of another kind")
