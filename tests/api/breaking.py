"""What of an API would break its callers: the old document against the new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

METHODS = ("get", "post", "put", "patch", "delete")


def breaking_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What callers of the old one can't do any more, in words."""
    return [
        *_lost_operations(old, new),
        *_changed_schemas(old["components"]["schemas"], new["components"]["schemas"]),
    ]


def _operations(document: Mapping[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    return {
        operation["operationId"]: (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def _lost_operations(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    known = _operations(new)
    for name, (where, operation) in _operations(old).items():
        if name not in known:
            yield f"{name} ({where}) is gone"
            continue
        there, now = known[name]
        if there != where:
            yield f"{name} moved from {where} to {there}"
        yield from _changed_parameters(name, operation, now)
        for status in operation["responses"]:
            if status.startswith("2") and status not in now["responses"]:
                yield f"{name} no longer answers {status}"


def _changed_parameters(name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    before = {p["name"]: p for p in old.get("parameters", ())}
    after = {p["name"]: p for p in new.get("parameters", ())}
    for parameter in before.keys() - after.keys():
        yield f"{name} no longer takes {parameter}"
    for parameter, now in after.items():
        if now.get("required") and not before.get(parameter, {}).get("required"):
            yield f"{name} now needs {parameter}"
    if new.get("requestBody", {}).get("required") and "requestBody" not in old:
        yield f"{name} now needs a body"


def _changed_schemas(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in old.items():
        if name not in new:
            yield f"{name} is gone"
            continue
        now = new[name]
        fields, now_fields = schema.get("properties", {}), now.get("properties", {})
        for field in fields.keys() - now_fields.keys():
            yield f"{name}.{field} is gone"
        for field in fields.keys() & now_fields.keys():
            if _type(fields[field]) != _type(now_fields[field]):
                yield f"{name}.{field} has another type"
        is_taken = name.endswith(("In", "Patch"))
        for field in set(now.get("required", ())) - set(schema.get("required", ())):
            if is_taken:
                yield f"{name}.{field} is needed now"


def _type(schema: Mapping[str, Any]) -> object:
    """What kind of value a field holds; values that come to an enum break nobody."""
    options = schema.get("anyOf", [schema])
    return sorted(str(o.get("$ref") or (o.get("type"), o.get("format"))) for o in options)
