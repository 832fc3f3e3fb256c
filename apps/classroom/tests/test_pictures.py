"""Cleaning keeps a picture's pixels and removes its metadata."""

import io
import random
import struct
import zlib

import pytest
from PIL import Image, ImageOps

from apps.classroom.pictures import (
    DamagedPicture,
    PictureTooLarge,
    UnknownPicture,
    clean_picture,
    limits,
)
from apps.classroom.tests.pictures import (
    FORMATS,
    SECRET,
    animated,
    declaring_size,
    make_image,
    plain,
    png_chunk,
    with_metadata,
)

EXIF_KINDS = [kind for kind in FORMATS if kind != "gif"]


def open_image(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def displayed_pixels(data):
    """Return the pixels as a browser shows them, with the orientation applied."""
    return ImageOps.exif_transpose(open_image(data)).convert("RGB")


@pytest.mark.parametrize("kind", FORMATS)
def test_cleaned_picture_has_no_metadata_and_the_same_pixels(kind):
    original = with_metadata(kind)
    assert SECRET in original
    picture = clean_picture(original)
    assert picture.mime_type == f"image/{kind}"
    assert SECRET not in picture.data
    assert zlib.compress(SECRET)[2:-4] not in picture.data
    assert displayed_pixels(picture.data).tobytes() == displayed_pixels(original).tobytes()
    image = open_image(picture.data)
    assert not image.getexif().get_ifd(0x8825)
    assert not {"comment", "Comment", "Zipped", "xmp", "XML:com.adobe.xmp"} & set(image.info)


@pytest.mark.parametrize("kind", EXIF_KINDS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_kept(kind, orientation):
    original = with_metadata(kind, orientation)
    cleaned = clean_picture(original).data
    assert displayed_pixels(cleaned).tobytes() == displayed_pixels(original).tobytes()
    assert dict(open_image(cleaned).getexif()) == ({0x0112: orientation} if orientation > 1 else {})


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_animation_keeps_its_frames(kind):
    cleaned = clean_picture(animated(kind)).data
    before, after = open_image(animated(kind)), open_image(cleaned)
    assert SECRET not in cleaned
    assert (after.n_frames, after.info.get("loop")) == (3, before.info.get("loop"))
    for frame in range(3):
        before.seek(frame)
        after.seek(frame)
        assert after.convert("RGB").tobytes() == before.convert("RGB").tobytes()


@pytest.mark.parametrize("kind", FORMATS)
def test_cleaning_is_idempotent(kind):
    once = clean_picture(with_metadata(kind, 6) if kind in EXIF_KINDS else with_metadata(kind)).data
    assert clean_picture(once).data == once


@pytest.mark.parametrize("kind", FORMATS)
def test_trailing_data_is_removed(kind):
    behind = SECRET * 100 + b"PK\x03\x04<script>alert(1)</script>"
    cleaned = clean_picture(plain(kind) + behind).data
    assert cleaned == clean_picture(plain(kind)).data
    assert SECRET not in cleaned


def test_progressive_jpeg_keeps_all_its_scans():
    original = with_metadata("jpeg", progressive=True, quality=95)
    assert (
        displayed_pixels(clean_picture(original).data).tobytes()
        == displayed_pixels(original).tobytes()
    )


def test_jpeg_with_two_frame_headers_is_damaged():
    """The first could declare any size, whatever the second declares."""
    data = declaring_size("jpeg", 20_000, 20_000)
    at = data.index(b"\xff\xc0")
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    small = plain("jpeg")[at : at + 2 + length]
    with pytest.raises(DamagedPicture):
        clean_picture(data[: at + 2 + length] + small + data[at + 2 + length :])


def test_jpeg_thumbnail_is_removed():
    data = plain("jpeg")
    head = struct.pack(">H", 16 + 12) + data[6:18] + b"\x02\x02" + b"\x99" * 12
    cleaned = clean_picture(data[:4] + head + data[20:]).data
    assert b"\x99" * 12 not in cleaned
    assert displayed_pixels(cleaned).tobytes() == displayed_pixels(data).tobytes()


def test_cmyk_is_kept():
    original = io.BytesIO()
    make_image().convert("CMYK").save(original, "JPEG")
    cleaned = open_image(clean_picture(original.getvalue()).data)
    assert cleaned.mode == "CMYK"
    assert cleaned.tobytes() == open_image(original.getvalue()).tobytes()


def test_unknown_chunk_in_webp_frame_is_removed():
    data = animated("webp")
    at = data.index(b"ANMF")
    length = int.from_bytes(data[at + 4 : at + 8], "little")
    odd = b"ODD " + struct.pack("<I", len(SECRET)) + SECRET + b"\0"
    frame = data[at + 8 : at + 8 + length] + odd
    body = data[12:at] + b"ANMF" + struct.pack("<I", len(frame)) + frame + data[at + 8 + length :]
    original = b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
    assert SECRET not in clean_picture(original).data


@pytest.mark.parametrize("kind", FORMATS)
def test_truncated_picture_is_damaged(kind):
    data = plain(kind)
    for length in range(12, len(data), 3):
        with pytest.raises((DamagedPicture, UnknownPicture)):
            clean_picture(data[:length])


@pytest.mark.parametrize("kind", FORMATS)
def test_corrupted_picture_is_refused_or_cleaned(kind):
    rng = random.Random(kind)
    for original in (with_metadata(kind), plain(kind)):
        for _ in range(400):
            data = bytearray(original)
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            try:
                cleaned = clean_picture(bytes(data)).data
            except (DamagedPicture, PictureTooLarge, UnknownPicture):
                continue
            assert len(cleaned) <= len(data) + 64


@pytest.mark.parametrize("kind", FORMATS)
def test_header_declaring_huge_size_is_refused(kind):
    clean_picture(declaring_size(kind, 8000, 8000))
    # WebP limits the sides of a picture more strictly itself.
    sizes = [(16_000, 16_000)] if kind == "webp" else [(16_000, 16_000), (10, 16_385)]
    for width, height in sizes:
        with pytest.raises(PictureTooLarge):
            clean_picture(declaring_size(kind, width, height))


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
@pytest.mark.parametrize(
    ("bound", "most"), [("MAX_FRAMES", 3), ("MAX_ANIMATED_PIXELS", 3 * 24 * 16)]
)
def test_animation_with_too_many_frames_or_pixels_is_refused(kind, bound, most, monkeypatch):
    monkeypatch.setattr(limits, bound, most)
    clean_picture(animated(kind))
    monkeypatch.setattr(limits, bound, most - 1)
    with pytest.raises(PictureTooLarge):
        clean_picture(animated(kind))


def test_gif_with_thousands_of_frames_is_refused():
    data = plain("gif")
    at = 13 + 3 * (2 << (data[10] & 7))
    head, frame = data[:at], data[at:-1]
    with pytest.raises(PictureTooLarge):
        clean_picture(head + frame * 3001 + b";")
    clean_picture(head + frame * 3000 + b";")


@pytest.mark.parametrize("kind", EXIF_KINDS)
def test_picture_of_zero_size_is_damaged(kind):
    with pytest.raises(DamagedPicture):
        clean_picture(declaring_size(kind, 0, 0))


@pytest.mark.parametrize(
    "data", [b"", b"MZ", b"<svg/>", b"%PDF-1.7", b"BM" + b"\0" * 60, b"RIFF\0\0\0\0WAVE"]
)
def test_other_formats_are_unknown(data):
    with pytest.raises(UnknownPicture):
        clean_picture(data)


@pytest.mark.parametrize(
    "body", [b"", png_chunk(b"IDAT", b"x"), png_chunk(b"IHDR", b"\0\0\0\1" * 2 + b"\x08\2\0\0\0")]
)
def test_png_without_required_chunks_is_damaged(body):
    with pytest.raises(DamagedPicture):
        clean_picture(b"\x89PNG\r\n\x1a\n" + body + png_chunk(b"IEND", b""))


@pytest.mark.parametrize(
    "bit_depth_and_colour_type", [b"\x03\x02", b"\x10\x03", b"\x08\x09", b"\0\0"]
)
def test_png_of_an_unknown_colour_type_is_damaged(bit_depth_and_colour_type):
    data = plain("png")
    header = data[16:24] + bit_depth_and_colour_type + data[26:29]
    with pytest.raises(DamagedPicture):
        clean_picture(data[:8] + png_chunk(b"IHDR", header) + data[33:])


def test_long_run_of_fill_bytes_in_a_scan_is_searched_once(monkeypatch):
    """A search that is quadratic in the run would hold the process for hours, not milliseconds."""
    monkeypatch.setattr(limits, "MAX_BYTES_BESIDES", 3_000_000)
    data = plain("jpeg")
    at = data.rindex(b"\xff\xd9")
    run = b"\xff" * 2_000_000
    assert clean_picture(data[:at] + run + b"\0" + data[at:]).data.count(run) == 1
    assert clean_picture(data[:at] + run + data[at:]).data == clean_picture(data).data
