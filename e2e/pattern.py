"""The pattern of pattern.ts and encoder.ts for peers in Python: the time of day as bars in the upper third."""
import time

import numpy

TIME_BITS, CHECK_BITS = 20, 4
BITS = TIME_BITS + CHECK_BITS


def now_ms() -> int:
    return int(time.time() * 1000) % 2**TIME_BITS


def _check(at_ms: int) -> int:
    check = 0
    for at in range(0, TIME_BITS, CHECK_BITS):
        check ^= (at_ms >> at) & (2**CHECK_BITS - 1)
    return check


def draw(width: int, height: int) -> numpy.ndarray:
    """A frame taken now, as rows of red, green and blue."""
    at_ms = now_ms()
    word = at_ms * 2**CHECK_BITS + _check(at_ms)
    line = numpy.array([235 if word >> (BITS - 1 - x * BITS // width) & 1 else 16 for x in range(width)], numpy.uint8)
    picture = numpy.full((height, width, 3), 90, numpy.uint8)
    picture[: height // 3] = line[None, :, None]
    return picture


def age_ms(luma: numpy.ndarray) -> int | None:
    """How old a frame is, by its brightness; None where it can't be read."""
    height, width = luma.shape
    row = luma[height // 6]
    word = 0
    for bit in range(BITS):
        word = word * 2 + (int(row[int((bit + 0.5) * width / BITS)]) > 128)
    at_ms = word >> CHECK_BITS
    if _check(at_ms) != word % 2**CHECK_BITS:
        return None
    age = (now_ms() - at_ms) % 2**TIME_BITS
    return 0 if age > 2 ** (TIME_BITS - 1) else age
