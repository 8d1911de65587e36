"""JSON Schema of the types that are sent and answered, each described once; pydantic makes it."""

import re
from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaValue

from service.web.openapi.fields import Json
from service.web.openapi.parts import Media

__all__ = ["Types"]

Key: TypeAlias = tuple[int, Literal["serialization"]]
PLACE = "#/components/schemas/{model}"
MEMBER = re.compile(r"^(\w+): (.+(?:\n +.+)*)", re.MULTILINE)


class Types:
    """The types of a document.

    Attributes:
        schemas: by name.
    """

    def __init__(self, kinds: Iterable[Any]) -> None:
        """Make the schemas of all of them together, so that equal names are told apart."""
        self._kinds = {repr(kind): kind for kind in kinds}
        adapters: list[tuple[str, Literal["serialization"], TypeAdapter[Any]]] = [
            (name, "serialization", TypeAdapter[Any](kind)) for name, kind in self._kinds.items()
        ]
        places, definitions = TypeAdapter.json_schemas(adapters, ref_template=PLACE)
        self._places = {name: place for (name, _), place in places.items()}
        self.schemas: dict[str, JsonSchemaValue] = definitions.get("$defs", {})
        for schema in self.schemas.values():
            _spread(schema)

    def of(self, kind: object) -> JsonSchemaValue:
        """Return the schema of one of them, or a reference to it."""
        return self._places[repr(kind)]

    def media(self, media: Media) -> Json:
        """Describe one form of a body; one that is no JSON is text or bytes, of which there is no schema."""
        if media.kind is None:
            return {}
        described: Json = {"schema": self.of(media.kind)}
        if media.example is not None:
            described["example"] = media.example
        return described


def _spread(schema: JsonSchemaValue) -> None:
    """Give each member the sentence that the docstring of its type has for it."""
    sentence, _, members = schema.get("description", "").partition("\n\nAttributes:\n")
    if sentence:
        schema["description"] = sentence
    for member in schema.get("properties", {}).values():
        if member.get("default", ...) is None:  # which says no more than that it may be missing
            del member["default"]
    for name, said in MEMBER.findall(re.sub(r"(?m)^ {4}", "", members)):
        schema["properties"][name].setdefault("description", re.sub(r"\s+", " ", said))
