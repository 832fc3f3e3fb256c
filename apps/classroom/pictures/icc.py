"""Replace a colour profile, which has room for any text, by one of our own for the same colours."""

import struct

Primaries = tuple[tuple[float, float, float], ...]

# The XYZ of red, green and blue, adapted to D50, and the parameters of the transfer function
# (ICC.1, 10.18). sRGB needs no profile.
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_WIDE: dict[str, tuple[Primaries, tuple[float, ...]]] = {
    "Display P3": (
        (
            (0.51510, 0.24118, -0.00105),
            (0.29197, 0.69224, 0.04188),
            (0.15715, 0.06658, 0.78438),
        ),
        _SRGB_CURVE,
    ),
    "Adobe RGB": (
        (
            (0.60974, 0.31111, 0.01947),
            (0.20528, 0.62567, 0.06087),
            (0.14919, 0.06322, 0.74457),
        ),
        (2.19921875,),
    ),
}
_TOLERANCE = 0.01
_D50 = (0.96420, 1.0, 0.82491)
_MAX_TAGS = 100
_HEADER = 128  # bytes


def standard_profile(profile: bytes) -> bytes:
    """Return our own profile for the colour space of `profile`; empty for sRGB and unknown ones."""
    try:
        primaries = _read_primaries(profile)
    except struct.error:
        return b""
    for name, (known, curve) in _WIDE.items():
        if _are_equal(primaries, known):
            return _make_profile(name, known, curve)
    return b""


def _read_primaries(profile: bytes) -> Primaries:
    (count,) = struct.unpack_from(">I", profile, _HEADER)
    tags = {}
    for number in range(min(count, _MAX_TAGS)):
        tag, at, _size = struct.unpack_from(">4sII", profile, _HEADER + 4 + 12 * number)
        tags[tag] = at
    if not {b"rXYZ", b"gXYZ", b"bXYZ"} <= tags.keys():
        return ()
    return tuple(_read_xyz(profile, tags[tag]) for tag in (b"rXYZ", b"gXYZ", b"bXYZ"))


def _read_xyz(profile: bytes, at: int) -> tuple[float, float, float]:
    x, y, z = struct.unpack_from(">iii", profile, at + 8)
    return x / 65536, y / 65536, z / 65536


def _are_equal(found: Primaries, known: Primaries) -> bool:
    pairs = zip(sum(found, ()), sum(known, ()), strict=False)
    return bool(found) and all(abs(a - b) < _TOLERANCE for a, b in pairs)


def _make_profile(name: str, primaries: Primaries, curve: tuple[float, ...]) -> bytes:
    curve_tag = b"para" + struct.pack(">IHH", 0, 3 if len(curve) > 1 else 0, 0) + _fixed(curve)
    bodies = {
        b"desc": _text(name),
        b"cprt": _text("CC0"),
        b"wtpt": _xyz(_D50),
        b"rXYZ": _xyz(primaries[0]),
        b"gXYZ": _xyz(primaries[1]),
        b"bXYZ": _xyz(primaries[2]),
        b"rTRC": curve_tag,
        b"gTRC": curve_tag,
        b"bTRC": curve_tag,
    }
    table, data = struct.pack(">I", len(bodies)), b""
    start = _HEADER + 4 + 12 * len(bodies)
    for tag, body in bodies.items():
        table += struct.pack(">4sII", tag, start + len(data), len(body))
        data += body + b"\0" * (-len(body) % 4)
    return _make_header(start + len(data)) + table + data


def _make_header(size: int) -> bytes:
    head = struct.pack(">II I 4s4s4s", size, 0, 0x04300000, b"mntr", b"RGB ", b"XYZ ")
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + _fixed(_D50)
    return head + b"\0" * (_HEADER - len(head))


def _fixed(numbers: tuple[float, ...]) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(values)


def _text(words: str) -> bytes:
    encoded = words.encode("utf-16-be")
    return struct.pack(">4sIII2s2sII", b"mluc", 0, 1, 12, b"en", b"US", len(encoded), 28) + encoded
