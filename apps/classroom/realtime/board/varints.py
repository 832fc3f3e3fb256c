"""lib0's variable-length numbers and byte strings, as y-protocols writes them."""

MAX_SAFE_INTEGER = 2**53 - 1  # JavaScript's; browsers cannot handle a larger client id


class Malformed(Exception):
    """Not a valid y-protocols frame or Yjs update, or beyond a limit that honest clients keep."""


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number and the position after it. Raises Malformed past 2^53-1 or the end."""
    number = shift = 0
    try:
        while True:
            byte = data[at]
            at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 56:
                raise Malformed("a number is too long")
    except IndexError as exc:
        raise Malformed("the frame ends early") from exc
    if number > MAX_SAFE_INTEGER:
        raise Malformed("a number is too large")
    return number, at


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    length, at = read_varint(data, at)
    end = at + length
    if end > len(data):
        raise Malformed("the frame ends early")
    return data[at:end], end
