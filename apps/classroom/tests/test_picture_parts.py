"""Pictures of very many parts, or of more bytes than their pixels can need, are refused."""

import io
import struct

import pytest
from PIL import Image

from apps.classroom.pictures import DamagedPicture, clean_picture, jpeg, limits
from apps.classroom.tests.pictures import animated, plain, png_chunk
from apps.classroom.tests.test_hidden_data import make_webp, webp_chunks

MANY = limits.MAX_PARTS


def png_of(parts):
    data = plain("png")
    return data[:33] + png_chunk(b"teXt", b"") * parts + data[33:]


def webp_of(parts):
    (first, *rest) = webp_chunks(animated("webp"))
    return make_webp([first, *[(b"ABCD", b"")] * parts, *rest])


def jpeg_of(parts):
    data = plain("jpeg")
    return data[:2] + b"\xff\xfe\0\x02" * parts + data[2:]


@pytest.mark.parametrize("build", [png_of, webp_of, jpeg_of])
def test_picture_of_very_many_parts_is_refused(build):
    """The millions of empty parts that fit into 10 MB took a request thread a second."""
    clean_picture(build(MANY - 100))
    with pytest.raises(DamagedPicture):
        clean_picture(build(MANY + 1))


def test_webp_frame_of_many_chunks_is_refused():
    chunks = webp_chunks(animated("webp"))
    at = next(number for number, (kind, _) in enumerate(chunks) if kind == b"ANMF")
    chunks[at] = b"ANMF", chunks[at][1] + b"ABCD\0\0\0\0" * 20
    with pytest.raises(DamagedPicture):
        clean_picture(make_webp(chunks))


def test_jpeg_segment_of_many_tables_is_refused():
    table, data = bytes(17), plain("jpeg")
    with pytest.raises(DamagedPicture):
        clean_picture(data[:2] + jpeg._segment(0xC4, table * 9) + data[2:])


def test_jpeg_scan_of_more_bytes_than_pixels_is_refused():
    """Only a decoder knows where the pixels end within a scan."""
    data, room = plain("jpeg"), limits.MAX_BYTES_BESIDES
    end = data.rindex(b"\xff\xd9")
    clean_picture(data[:end] + b"\x11" * room + data[end:])
    with pytest.raises(DamagedPicture):
        clean_picture(data[:end] + b"\x11" * (room + 8 * 24 * 16) + data[end:])


@pytest.mark.parametrize("options", [{}, {"lossless": True}])
def test_webp_of_more_bytes_than_pixels_is_refused(options):
    out = io.BytesIO()
    Image.new("RGB", (24, 16)).save(out, "WEBP", **options)
    ((kind, body),) = webp_chunks(out.getvalue())
    clean_picture(make_webp([(kind, body + b"\x11" * limits.MAX_BYTES_BESIDES)]))
    with pytest.raises(DamagedPicture):
        clean_picture(make_webp([(kind, body + b"\x11" * (limits.MAX_BYTES_BESIDES + 3072))]))


@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
@pytest.mark.parametrize("options", [{"quality": 100, "subsampling": 0}, {"progressive": True}])
def test_jpeg_of_noise_in_best_quality_is_kept(mode, options):
    noise = Image.effect_noise((400, 300), 255)
    image, out = Image.merge(mode, [noise] * len(mode)), io.BytesIO()
    image.save(out, "JPEG", **options)
    assert struct.unpack(">H", clean_picture(out.getvalue()).data[:2]) == (0xFFD8,)
