"""How deeply the values of a Yjs update (v1) nest, found without recursion.

Only asked about updates that hold very many arrays and objects: it walks every value in Python.
"""

from apps.classroom.realtime.varints import Malformed, read_bytes, read_varint

_GC, _SKIP = 0, 10
_HAS_ORIGIN, _HAS_RIGHT_ORIGIN, _HAS_KEY = 0x80, 0x40, 0x20
_XML_ELEMENT, _XML_HOOK = 3, 5
_FIXED = {127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0}
_INT, _STRING, _OBJECT, _ARRAY, _BUFFER = 125, 119, 118, 117, 116


def is_deeper(update: bytes, limit: int) -> bool:
    """Whether a value nests more than `limit` levels. Raises Malformed where it cannot be read."""
    try:
        return _walk(update, limit)
    except IndexError as exc:
        raise Malformed("the update ends early") from exc


def _walk(update: bytes, limit: int) -> bool:
    clients, at = read_varint(update, 0)
    for _ in range(clients):
        structs, at = read_varint(update, at)
        _client, at = read_varint(update, at)
        _clock, at = read_varint(update, at)
        for _ in range(structs):
            info = update[at]
            at = _past_parent(update, at + 1, info)
            at = _past_content(update, at, info & 0x1F, limit)
            if at < 0:
                return True
    return False


def _past_id(update: bytes, at: int) -> int:
    _client, at = read_varint(update, at)
    return read_varint(update, at)[1]


def _past_parent(update: bytes, at: int, info: int) -> int:
    if info & 0x1F in (_GC, _SKIP):
        return at
    if info & _HAS_ORIGIN:
        at = _past_id(update, at)
    if info & _HAS_RIGHT_ORIGIN:
        at = _past_id(update, at)
    if info & (_HAS_ORIGIN | _HAS_RIGHT_ORIGIN):
        return at
    named, at = read_varint(update, at)
    at = read_bytes(update, at)[1] if named == 1 else _past_id(update, at)
    return read_bytes(update, at)[1] if info & _HAS_KEY else at


def _past_content(update: bytes, at: int, kind: int, limit: int) -> int:
    """Where the content ends, or -1 when it nests too deeply."""
    match kind:
        case 0 | 10 | 1:  # collected, skipped, deleted: a length
            return read_varint(update, at)[1]
        case 2:  # JSON texts
            count, at = read_varint(update, at)
            for _ in range(count):
                at = read_bytes(update, at)[1]
            return at
        case 3 | 4 | 5:  # bytes, text, embedded JSON
            return read_bytes(update, at)[1]
        case 6:  # formatting: key and JSON
            return read_bytes(update, read_bytes(update, at)[1])[1]
        case 7:  # a shared type
            ref, at = read_varint(update, at)
            return read_bytes(update, at)[1] if ref in (_XML_ELEMENT, _XML_HOOK) else at
        case 8:
            count, at = read_varint(update, at)
            return _past_values(update, at, count, limit)
        case 9:  # a subdocument: guid and options
            return _past_values(update, read_bytes(update, at)[1], 1, limit)
    raise Malformed("unknown content")


def _past_values(update: bytes, at: int, count: int, limit: int) -> int:
    """Steps over `count` values; `open_` holds how many values each open container still lacks,
    negative for objects, whose values have a key before them."""
    open_ = [count]
    while open_:
        if open_[-1] == 0:
            open_.pop()
            continue
        if len(open_) > limit:
            return -1
        if open_[-1] < 0:
            at = read_bytes(update, at)[1]
            open_[-1] += 1
        else:
            open_[-1] -= 1
        kind = update[at]
        at += 1
        if kind in _FIXED:
            at += _FIXED[kind]
        elif kind == _INT:
            while update[at] & 0x80:
                at += 1
            at += 1
        elif kind in (_STRING, _BUFFER):
            at = read_bytes(update, at)[1]
        elif kind in (_ARRAY, _OBJECT):
            size, at = read_varint(update, at)
            open_.append(size if kind == _ARRAY else -size)
        else:
            raise Malformed("unknown value")
    return at
