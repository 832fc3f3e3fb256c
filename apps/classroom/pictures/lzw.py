"""Find the end of a GIF's compressed pixels, without decoding them."""

from apps.classroom.pictures.errors import DamagedPicture

_MAX_CODES = 4096


def end_of_pixels(data: bytes, min_bits: int, pixels: int) -> int:
    """Return how many bytes of `data` hold the pixels; all, if there are fewer pixels.

    Raises DamagedPicture for a code that cannot occur.
    """
    clear = 1 << min_bits
    lengths = [1] * clear + [0, 0]  # pixels of each code; then the two control codes
    first = len(lengths)
    bits = min_bits + 1
    buffer = filled = done = 0
    previous = 0  # pixels of the previous code; 0 after a clear code
    full_at = 0  # where the last pixel ended
    for at, byte in enumerate(data, 1):
        buffer |= byte << filled
        filled += 8
        while filled >= bits:
            code = buffer & (1 << bits) - 1
            buffer >>= bits
            filled -= bits
            if code == clear + 1:
                return at - filled // 8
            if full_at:
                return full_at
            if code == clear:
                del lengths[first:]
                bits, previous = min_bits + 1, 0
                continue
            if previous and len(lengths) < _MAX_CODES:
                lengths.append(previous + 1)
                if len(lengths) == 1 << bits and bits < 12:
                    bits += 1
            if code >= len(lengths):
                raise DamagedPicture("has a damaged image")
            previous = lengths[code]
            done += previous
            if done >= pixels:
                full_at = at - filled // 8
    return full_at or len(data)
