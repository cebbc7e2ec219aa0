"""Values as JSON for Cedar."""

import json

import orjson


def to_json(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # Numbers beyond 64 bits, for example: Cedar refuses them, so the request is denied.
        return json.dumps(value)
