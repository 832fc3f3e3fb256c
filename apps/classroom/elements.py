"""Check the property types of Excalidraw 0.18 elements.

Browsers fill in a missing property, but one wrong type stops the rendering of the whole board.
Browsers check elements too; this check keeps undrawable elements out of the history.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

MAX_NAME = 2048
MAX_TEXT = 256 * 1024
MAX_POINTS = 100_000
MAX_NAMES = 2000  # groups of one element; elements bound to it
MAX_COORDINATE = 2.0**27  # the update scanner's bound for points must not be higher

Number = Annotated[float, Meta(ge=-MAX_COORDINATE, le=MAX_COORDINATE)]
# Versions, seeds and timestamps: up to the largest integer that JavaScript represents exactly.
Count = Annotated[float, Meta(ge=-(2.0**53), le=2.0**53)]
Name = Annotated[str, Meta(max_length=MAX_NAME)]
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Point = Annotated[list[Number], Meta(min_length=2, max_length=3)]
Points = Annotated[list[Point], Meta(min_length=1, max_length=MAX_POINTS)]


class Roundness(Struct, rename="camel"):
    type: Number
    value: Number | UnsetType | None = UNSET


class Bound(Struct, rename="camel"):
    id: Name
    type: Literal["arrow", "text"]


class Binding(Struct, rename="camel"):
    element_id: Name
    focus: Number | UnsetType | None = UNSET
    gap: Number | UnsetType | None = UNSET
    fixed_point: Point | UnsetType | None = UNSET


class Segment(Struct, rename="camel"):
    start: Point
    end: Point
    index: Number


class Crop(Struct, rename="camel"):
    x: Number
    y: Number
    width: Number
    height: Number
    natural_width: Number
    natural_height: Number


Names = Annotated[list[Name], Meta(max_length=MAX_NAMES)]
Bounds = Annotated[list[Bound], Meta(max_length=MAX_NAMES)]
Segments = Annotated[list[Segment], Meta(max_length=MAX_POINTS)]
Pressures = Annotated[list[Number], Meta(max_length=MAX_POINTS)]
Type = Literal[
    "rectangle",
    "diamond",
    "ellipse",
    "arrow",
    "line",
    "freedraw",
    "text",
    "image",
    "frame",
    "magicframe",
    "embeddable",
    "iframe",
    "selection",
]

_PROPERTIES: Final[dict[Any, str]] = {
    Type: "type",
    Name: "id strokeColor backgroundColor fillStyle strokeStyle strokeSharpness textAlign"
    " verticalAlign status",
    Name | None: "index frameId link containerId startArrowhead endArrowhead fileId name",
    Number: "x y width height angle strokeWidth roughness opacity fontSize fontFamily lineHeight"
    " baseline",
    Count: "seed version versionNonce updated",
    bool: "isDeleted locked autoResize elbowed polygon simulatePressure",
    bool | None: "startIsSpecial endIsSpecial",
    Names: "groupIds",
    Bounds | None: "boundElements",
    Roundness | None: "roundness",
    dict[str, Any] | None: "customData",
    Text: "text originalText rawText",
    Points: "points",
    Point | None: "lastCommittedPoint",
    Point: "scale",
    Binding | None: "startBinding endBinding",
    Segments | None: "fixedSegments",
    Pressures: "pressures",
    Crop | None: "crop",
}
_Element = msgspec.defstruct(
    "_Element",
    [
        (name, type_ | UnsetType, UNSET)
        for type_, names in _PROPERTIES.items()
        for name in names.split()
    ],
)


def is_valid_element(value: object) -> bool:
    """Whether browsers can draw a value; values without a `type` are not elements and pass."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return True
    try:
        msgspec.convert(value, _Element)
    except msgspec.ValidationError:
        return False
    return True
