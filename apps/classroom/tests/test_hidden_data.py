"""Nothing but pixels is left of a picture, wherever else a container has room for bytes."""

import io
import struct
import zlib

import pytest
from PIL import Image, ImageCms

from apps.classroom.pictures import (
    CleanerBusy,
    DamagedPicture,
    PictureTooLarge,
    clean_picture,
    clean_picture_isolated,
    isolation,
    png,
)
from apps.classroom.pictures.icc import _WIDE, _make_profile, standard_profile
from apps.classroom.tests.pictures import (
    SECRET,
    SIZE,
    animated,
    make_image,
    plain,
    png_chunk,
)


def cleaned(data):
    result = clean_picture(data).data
    Image.open(io.BytesIO(result)).load()
    return result


def chunks_of(data):
    at, found = 8, []
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        found.append((kind, data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def make_png(chunks):
    return png.SIGNATURE + b"".join(png_chunk(kind, body) for kind, body in chunks)


def edit_png(data, kind, change):
    return make_png((k, change(body) if k == kind else body) for k, body in chunks_of(data))


def insert_png_chunk(data, kind, body):
    head, *rest = chunks_of(data)
    return make_png([head, (kind, body), *rest])


def webp_chunks(data):
    at, found = 12, []
    while at < len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        found.append((kind, data[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    return found


def make_webp(chunks):
    body = b"".join(
        struct.pack("<4sI", kind, len(part)) + part + b"\0" * (len(part) % 2)
        for kind, part in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


# -- colour profiles -------------------------------------------------------------------------


def camera_profile(space="Display P3"):
    """Return a profile with a text of its own, as devices write it."""
    profile = _make_profile(SECRET.decode(), *_WIDE[space])
    return profile[:4] + SECRET[:4] + profile[8:48] + SECRET[:8] + profile[56:] + SECRET


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("space", ["Display P3", "Adobe RGB"])
def test_colour_profile_is_replaced_by_one_of_our_own(kind, space):
    out = io.BytesIO()
    make_image().save(out, kind, icc_profile=camera_profile(space))
    result = cleaned(out.getvalue())
    profile = Image.open(io.BytesIO(result)).info["icc_profile"]
    assert profile == _make_profile(space, *_WIDE[space])
    opened = ImageCms.getOpenProfile(io.BytesIO(profile))
    assert ImageCms.getProfileDescription(opened).strip() == space
    assert cleaned(result) == result


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_other_colour_profile_is_removed(kind):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (srgb + SECRET, b"\0" * 36 + b"acsp" + b"\0" * 88 + SECRET):
        out = io.BytesIO()
        make_image().save(out, kind, icc_profile=profile)
        result = cleaned(out.getvalue())
        assert SECRET not in result
        assert "icc_profile" not in Image.open(io.BytesIO(result)).info


@pytest.mark.parametrize("length", [0, 100, 131, 140, 200, 400])
def test_truncated_colour_profile_is_ignored(length):
    standard_profile(camera_profile()[:length])


def test_large_colour_profile_is_inflated_in_part():
    bomb = b"x\0\0" + zlib.compress(b"\0" * 50_000_000)
    cleaned(insert_png_chunk(plain("png"), b"iCCP", bomb))


# -- PNG -------------------------------------------------------------------------------------


def test_bytes_behind_the_pixels_of_a_png_are_removed():
    data = edit_png(plain("png"), b"IDAT", lambda body: body + SECRET)
    assert cleaned(data) == cleaned(plain("png"))


def test_second_stream_in_further_idat_chunks_is_removed():
    *chunks, end = chunks_of(plain("png"))
    data = make_png([*chunks, (b"IDAT", SECRET), (b"IDAT", zlib.compress(SECRET)), end])
    assert cleaned(data) == cleaned(plain("png"))


def test_rows_below_the_declared_height_are_refused():
    def add_rows(body):
        return zlib.compress(zlib.decompress(body) + SECRET * 5)

    with pytest.raises(DamagedPicture):
        clean_picture(edit_png(plain("png"), b"IDAT", add_rows))


@pytest.mark.parametrize("kind", [b"cHRM", b"gAMA", b"sBIT", b"bKGD", b"pHYs", b"tRNS", b"PLTE"])
def test_other_chunks_of_a_png_are_removed(kind):
    result = cleaned(insert_png_chunk(plain("png"), kind, SECRET))
    assert result == cleaned(plain("png"))


def test_bytes_behind_header_and_end_of_a_png_are_removed():
    data = edit_png(plain("png"), b"IEND", lambda body: SECRET)
    assert cleaned(data) == cleaned(plain("png"))
    with pytest.raises(DamagedPicture):
        clean_picture(edit_png(plain("png"), b"IHDR", lambda body: body + SECRET))


def test_palette_has_no_more_entries_than_colours():
    out = io.BytesIO()
    make_image().quantize(4).save(out, "png", bits=2)
    data = edit_png(out.getvalue(), b"PLTE", lambda body: body[:12] + SECRET + b"x")
    data = insert_png_chunk(data, b"tRNS", b"\xff" * 4 + SECRET)
    result = cleaned(data)
    assert SECRET not in result
    assert len(dict(chunks_of(result))[b"PLTE"]) == 12


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (9, 17)])
def test_png_of_each_mode_keeps_its_pixels(mode, interlaced, size):
    out = io.BytesIO()
    image = Image.new(mode, size) if mode == "I;16" else make_image().resize(size).convert(mode)
    image.save(out, "png")
    data = out.getvalue()
    if interlaced:  # the streams of Adam7's passes, as long as they have to be
        header = png._Header(dict(chunks_of(data))[b"IHDR"][:12] + b"\1")
        raw = zlib.compress(b"\0" * header.raw_size(*size))
        data = edit_png(data, b"IHDR", lambda body: body[:12] + b"\1")
        data = edit_png(data, b"IDAT", lambda body: raw)
    before = Image.open(io.BytesIO(data)).convert("RGBA").tobytes()
    after = Image.open(io.BytesIO(cleaned(data))).convert("RGBA").tobytes()
    assert after == before


def test_bytes_behind_a_frame_of_an_apng_are_removed():
    data = edit_png(animated("png"), b"fdAT", lambda body: body + SECRET)
    assert cleaned(data) == cleaned(animated("png"))


def test_frames_without_an_animation_are_removed():
    chunks = [(k, body) for k, body in chunks_of(animated("png")) if k != b"acTL"]
    kinds = {kind for kind, _ in chunks_of(cleaned(make_png(chunks)))}
    assert kinds == {b"IHDR", b"IDAT", b"IEND"}


def frame_at(left, top, width, height):
    def change(body):
        return body[:4] + struct.pack(">IIII", width, height, left, top) + body[20:]

    return change


@pytest.mark.parametrize(
    "place", [(1, 0, *SIZE), (0, 1, *SIZE), (0, 0, 25, 16), (2**31, 0, *SIZE), (0, 0, 0, 16)]
)
def test_apng_frame_outside_its_canvas_is_refused(place):
    with pytest.raises(DamagedPicture):
        clean_picture(edit_png(animated("png"), b"fcTL", frame_at(*place)))


def test_apng_with_many_frames_of_many_pixels_is_refused_before_it_is_inflated(monkeypatch):
    monkeypatch.setattr(png, "_MAX_INFLATED", 3 * 16 * (1 + 3 * 24))
    clean_picture(animated("png"))
    monkeypatch.setattr(png, "_MAX_INFLATED", 3 * 16 * (1 + 3 * 24) - 1)
    with pytest.raises(PictureTooLarge):
        clean_picture(animated("png"))


def test_png_of_huge_size_is_refused_before_it_is_inflated(monkeypatch):
    monkeypatch.setattr(png.zlib, "decompressobj", None)
    head = struct.pack(">II", 20_000, 20_000) + b"\x08\2\0\0\0"
    with pytest.raises(PictureTooLarge):
        clean_picture(edit_png(plain("png"), b"IHDR", lambda body: head))


# -- JPEG ------------------------------------------------------------------------------------


def segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


@pytest.mark.parametrize(
    "extra",
    [
        segment(0xDB, b"\x03" + (SECRET * 4)[:64]),
        segment(0xC4, b"\x13" + b"\0" * 15 + bytes((len(SECRET),)) + SECRET),
        segment(0xDD, b"\0\0" + SECRET),
        segment(0xCC, SECRET),
        segment(0xE0, b"JFIF\0\1\1\1\0\1\0\1\0\0" + SECRET),
        segment(0xEE, b"Adobe\0\x64" + b"12345\1" + SECRET),
        segment(0xE2, b"MPF\0" + SECRET),
        segment(0xE2, b"ICC_PROFILE\0\1\1" + SECRET),
        segment(0xFE, SECRET),
        segment(0xF7, SECRET),
        segment(0xC4, b"\0" + b"\0" * 15 + bytes((len(SECRET),)) + SECRET),
        b"\xff" * 50 + segment(0xEF, SECRET),
    ],
)
def test_segment_that_no_scan_uses_is_removed(extra):
    data = plain("jpeg")
    result = cleaned(data[:2] + extra + data[2:])
    assert SECRET not in result
    assert b"12345" not in result


@pytest.mark.parametrize("marker", [0xC3, 0xC5, 0xC9, 0xCF])
def test_jpeg_that_no_browser_draws_is_refused(marker):
    with pytest.raises(DamagedPicture):
        clean_picture(plain("jpeg").replace(b"\xff\xc0", bytes((0xFF, marker)), 1))


# -- GIF -------------------------------------------------------------------------------------


def gif_parts(data):
    """Return the header, the compressed pixels' blocks without their end, and the rest."""
    at = 13 + 3 * (2 << (data[10] & 7))
    at = data.index(b"\x2c", at) + 11
    end = at
    while data[end]:
        end += data[end] + 1
    return data[:at], data[at:end], data[end:]


def test_blocks_behind_the_pixels_of_a_gif_are_removed():
    head, pixels, rest = gif_parts(plain("gif"))
    block = bytes((len(SECRET),)) + SECRET
    assert cleaned(head + pixels + block + rest) == cleaned(plain("gif"))


def test_bytes_behind_the_pixels_in_their_own_block_are_removed():
    head, pixels, rest = gif_parts(plain("gif"))
    longer = bytes((pixels[0] + len(SECRET),)) + pixels[1:] + SECRET
    assert cleaned(head + longer + rest) == cleaned(plain("gif"))


def test_bytes_behind_pixels_without_an_end_code_are_removed():
    """1 × 1 pixel of 3-bit codes: clear, 0, 0 …, without an end code."""
    head = b"GIF89a" + struct.pack("<HH", 1, 1) + b"\x80\0\0" + b"\0" * 6
    image = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02"
    pixels = b"\x04"
    data = head + image + bytes((1 + len(SECRET),)) + pixels + SECRET + b"\0\x3b"
    assert SECRET not in clean_picture(data).data


@pytest.mark.parametrize("colours", [2, 4, 16, 200])
@pytest.mark.parametrize("size", [(3, 3), (300, 200)])
def test_gif_keeps_its_pixels(colours, size):
    out = io.BytesIO()
    image = Image.effect_noise(size, 90).quantize(colours)
    image.save(out, "gif")
    before = Image.open(io.BytesIO(out.getvalue())).convert("RGB").tobytes()
    after = Image.open(io.BytesIO(cleaned(out.getvalue()))).convert("RGB").tobytes()
    assert after == before


def noisy_gif():
    out = io.BytesIO()
    Image.effect_noise((500, 400), 90).save(out, "gif")
    return out.getvalue()


def test_large_gif_is_cleaned_in_a_subprocess(monkeypatch):
    data = noisy_gif()
    expected = clean_picture(data)
    monkeypatch.setattr(isolation, "clean_picture", None)
    assert clean_picture_isolated(data + SECRET) == expected
    with pytest.raises(DamagedPicture):
        clean_picture_isolated(data[:-5000])


def test_second_large_gif_is_refused_while_one_is_cleaned(monkeypatch):
    monkeypatch.setattr(isolation, "MAX_WAIT", 0)
    with isolation._slot, pytest.raises(CleanerBusy):
        clean_picture_isolated(noisy_gif())


@pytest.mark.parametrize(
    "extension",
    [
        b"\x21\xf9\x04\0\0\0\0" + bytes((len(SECRET),)) + SECRET + b"\0",
        b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0" + bytes((len(SECRET),)) + SECRET + b"\0",
        b"\x21\xff\x0bNETSCAPE2.0" + bytes((len(SECRET),)) + SECRET + b"\0",
        b"\x21\xff\x0bXMP DataXMP" + bytes((len(SECRET),)) + SECRET + b"\0",
        b"\x21\x01" + bytes((len(SECRET),)) + SECRET + b"\0",
        b"\x21\xfe" + bytes((len(SECRET),)) + SECRET + b"\0",
    ],
)
def test_gif_extension_loses_its_text(extension):
    data = plain("gif")
    at = 13 + 3 * (2 << (data[10] & 7))
    assert SECRET not in cleaned(data[:at] + extension + data[at:])


# -- WebP ------------------------------------------------------------------------------------


def still_webp(**options):
    out = io.BytesIO()
    image = make_image().convert("RGBA")
    image.putalpha(120)
    image.save(out, "webp", icc_profile=camera_profile(), **options)
    return webp_chunks(out.getvalue())


@pytest.mark.parametrize("kind", [b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"VP8X", b"XYZW"])
@pytest.mark.parametrize("options", [{}, {"lossless": True}])
def test_further_chunk_of_a_webp_is_removed(kind, options):
    chunks = still_webp(**options)
    assert cleaned(make_webp([*chunks, (kind, SECRET * 2)])) == cleaned(make_webp(chunks))


def test_chunk_behind_a_simple_webp_is_removed():
    chunks = webp_chunks(plain("webp"))
    assert cleaned(make_webp([*chunks, *chunks, (b"EXIF", SECRET)])) == cleaned(plain("webp"))


def test_reserved_bits_of_a_webp_are_cleared():
    [(kind, head), *rest] = still_webp()
    data = make_webp([(kind, bytes((head[0] | 0xC1,)) + b"abc" + head[4:]), *rest])
    assert cleaned(data) == cleaned(make_webp([(kind, head), *rest]))


def change_frames(data, change):
    return make_webp((k, change(body) if k == b"ANMF" else body) for k, body in webp_chunks(data))


@pytest.mark.parametrize(
    ("at", "value"), [(0, 1), (3, 1), (0, 0xFFFFFF), (6, 24), (9, 16), (6, 22), (9, 0xFFFFFF)]
)
def test_webp_frame_outside_its_canvas_or_of_another_size_is_refused(at, value):
    def change(body):
        return body[:at] + value.to_bytes(3, "little") + body[at + 3 :]

    with pytest.raises(DamagedPicture):
        clean_picture(change_frames(animated("webp"), change))


@pytest.mark.parametrize("size", [(23, 15), (24, 16), (16_000, 16_000)])
def test_webp_canvas_of_another_size_than_its_image_is_refused(size):
    [(kind, head), *rest] = still_webp()
    canvas = b"".join((side - 1).to_bytes(3, "little") for side in size)
    data = make_webp([(kind, head[:4] + canvas), *rest])
    if size == SIZE:
        cleaned(data)
        return
    with pytest.raises((DamagedPicture, PictureTooLarge)):
        clean_picture(data)
