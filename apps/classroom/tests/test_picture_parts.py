"""Pictures of very many parts, or of more bytes than their pixels can need, are refused."""

import io
import random
import struct

import pytest
from PIL import Image

from apps.classroom.pictures import DamagedPicture, PictureTooLarge, clean_picture, jpeg, limits
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


GIF_HEAD = b"GIF89a" + struct.pack("<HH", 9, 9) + bytes(3)
GIF_IMAGE = b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\x02\x02\x44\x01\0"


@pytest.mark.parametrize(("part", "limit"), [(b"\x21\x01\0", MANY), (GIF_IMAGE, limits.MAX_FRAMES)])
def test_gif_of_very_many_parts_is_refused(part, limit):
    """3.5 million empty extensions or 700,000 tiny images took seconds of CPU."""
    clean_picture(GIF_HEAD + part * (limit - 10) + GIF_IMAGE + b"\x3b")
    with pytest.raises((DamagedPicture, PictureTooLarge)):
        clean_picture(GIF_HEAD + part * (limit + 1) + GIF_IMAGE + b"\x3b")


@pytest.mark.parametrize("head", [b"\x21\x01", GIF_IMAGE[:-4]])
def test_gif_of_very_many_sub_blocks_is_refused(head):
    half = b"\x01\x44" * (limits.MAX_BLOCKS // 2)
    clean_picture(GIF_HEAD + GIF_IMAGE + (head + half[:-20] + b"\0") * 2 + b"\x3b")
    with pytest.raises(DamagedPicture):
        clean_picture(GIF_HEAD + GIF_IMAGE + (head + half + b"\0") * 2 + b"\x3b")


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


def test_small_picture_carries_no_file_behind_its_pixels():
    """A picture of 100 × 100 could carry 140 KB."""
    out = io.BytesIO()
    Image.new("RGB", (100, 100)).save(out, "JPEG")
    data, at = out.getvalue(), out.getvalue().rindex(b"\xff\xd9")
    with pytest.raises(DamagedPicture):
        clean_picture(data[:at] + b"\x11" * 40_000 + data[at:])


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (17, 17), (200, 150)])
@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("JPEG", "RGB", {"quality": 100, "subsampling": 0}),
        ("JPEG", "CMYK", {"quality": 100, "restart_marker_blocks": 1}),
        ("JPEG", "L", {"quality": 100}),
        ("JPEG", "RGB", {"quality": 100, "subsampling": 2}),
        ("WEBP", "RGB", {"quality": 100}),
        ("WEBP", "RGBA", {"quality": 100}),
        ("WEBP", "RGBA", {"lossless": True}),
    ],
)
def test_noise_of_black_and_white_in_best_quality_is_kept(size, kind, mode, options):
    """The worst case for an encoder, which the limits must leave room for."""
    channels = len(Image.new(mode, (1, 1)).getbands())
    chooser = random.Random(1)
    noise = bytes(chooser.choice((0, 255)) for _ in range(size[0] * size[1] * channels))
    for data in (noise, chooser.randbytes(len(noise))):
        out = io.BytesIO()
        Image.frombytes(mode, size, data).save(out, kind, **options)
        assert clean_picture(out.getvalue()).width == size[0]


@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
@pytest.mark.parametrize("options", [{"quality": 100, "subsampling": 0}, {"progressive": True}])
def test_jpeg_of_noise_in_best_quality_is_kept(mode, options):
    noise = Image.effect_noise((400, 300), 255)
    image, out = Image.merge(mode, [noise] * len(mode)), io.BytesIO()
    image.save(out, "JPEG", **options)
    assert struct.unpack(">H", clean_picture(out.getvalue()).data[:2]) == (0xFFD8,)
