"""How deeply the values of a Yjs update (v1) nest, found without recursion.

Only asked about updates that hold very many arrays and objects: it walks every value in Python.
"""

from apps.classroom.realtime.varints import Malformed, read_bytes, read_varint

# What a struct is or holds, by the low five bits of its first byte.
_GC, _DELETED, _JSON, _BINARY, _TEXT, _EMBED, _FORMAT, _TYPE, _VALUES, _SUBDOCUMENT, _SKIP = range(
    11
)
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
    if kind in (_GC, _SKIP, _DELETED):  # a length
        at = read_varint(update, at)[1]
    elif kind == _JSON:
        count, at = read_varint(update, at)
        for _ in range(count):
            at = read_bytes(update, at)[1]
    elif kind in (_BINARY, _TEXT, _EMBED):
        at = read_bytes(update, at)[1]
    elif kind == _FORMAT:  # key and value
        at = read_bytes(update, read_bytes(update, at)[1])[1]
    elif kind == _TYPE:
        ref, at = read_varint(update, at)
        if ref in (_XML_ELEMENT, _XML_HOOK):
            at = read_bytes(update, at)[1]
    elif kind == _VALUES:
        count, at = read_varint(update, at)
        at = _past_values(update, at, count, limit)
    elif kind == _SUBDOCUMENT:  # guid and options
        at = _past_values(update, read_bytes(update, at)[1], 1, limit)
    else:
        raise Malformed("unknown content")
    return at


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
