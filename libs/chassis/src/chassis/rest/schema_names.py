"""The names of schemas in the OpenAPI document: `WalletPageEnvelope` for `Envelope[PageOf[WalletResponse]]`."""

from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

REFERENCE: Final = "#/components/schemas/"


def name_of(parameter: Any) -> str:
    """Return the name of a generic model's parameter: "Wallet" for WalletResponse, "AOrB" for a union, "AList" for a list."""
    origin, arguments = get_origin(parameter), [name_of(argument) for argument in get_args(parameter)]
    if origin in {Union, UnionType}:
        return "Or".join(arguments)
    if origin:
        return "".join(arguments) + str(origin.__name__).capitalize()
    name = str(getattr(parameter, "__name__", parameter)).removesuffix("Response").removesuffix("Body")
    return name[:1].upper() + name[1:]


def name_by_title(document: dict[str, Any]) -> None:
    """Rename the schemas of a document to their titles, in place. Raises ValueError if two have the same title.

    Pydantic puts parameters of generic models, and modules of models with the same name, into names that clients would see.
    """
    schemas: dict[str, Any] = document["components"]["schemas"]
    titles = {name: schema.get("title", name) for name, schema in schemas.items()}
    if shared := sorted({title for title in titles.values() if list(titles.values()).count(title) > 1}):
        raise ValueError(f"several schemas are named {', '.join(shared)}: rename their classes")
    document["components"]["schemas"] = {titles[name]: schema for name, schema in schemas.items()}
    _rename_references(document, {f"{REFERENCE}{name}": f"{REFERENCE}{title}" for name, title in titles.items()})


def _rename_references(node: Any, names: dict[str, str]) -> None:
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str):
            node["$ref"] = names.get(reference, reference)
        for child in node.values():
            _rename_references(child, names)
    elif isinstance(node, list):
        for child in node:
            _rename_references(child, names)
