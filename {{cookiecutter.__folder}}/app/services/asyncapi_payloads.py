"""The payloads of events in the AsyncAPI document, and the schemas that they refer to."""

from collections.abc import Collection
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from app.utils.message_broker import Event
from app.utils.schema_fit import COMPUTED_DEFAULT

Part = dict[str, Any]


class PayloadSchema(GenerateJsonSchema):
    """Pydantic's schemas, as AsyncAPI reads them and as changes of them are judged."""

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        """Promise what is always written, whether it has a default or not."""
        if self.mode == "serialization" and field["type"] != "typed-dict-field":
            return field.get("serialization_exclude_if") is None
        return super().field_is_required(field, total)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Tell that there is a default, where it is computed each time, too."""
        computed = {COMPUTED_DEFAULT: True} if "default_factory" in schema else {}
        return {**super().default_schema(schema), **computed}

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        """Leave out the discriminator: the alternatives say the same."""
        union = super().tagged_union_schema(schema)
        return {word: value for word, value in union.items() if word != "discriminator"}


def describe_payloads(events: Collection[type[Event]]) -> tuple[list[Part], Part]:
    """Return a reference to the payload of each event, and the schemas that they refer to.

    What is sent is described as it is written, what others send as it must be to be read.
    """
    modes = [(each, "validation" if each.sent_by else "serialization") for each in events]
    payloads, definitions = models_json_schema(
        modes,  # type: ignore[arg-type]  # the modes are literals, which a list does not keep
        ref_template="#/components/schemas/{model}",
        schema_generator=PayloadSchema,
    )
    schemas = definitions.get("$defs", {})
    return [payloads[mode] for mode in modes], schemas  # type: ignore[index]  # as above
