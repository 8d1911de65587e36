import unicodedata

import numpy as np
import pytest

from service.training import glyphs


def test_a_character_is_printed_and_drawn_by_pens_of_growing_width():
    printed, *drawn = glyphs.characters("DejaVuSans", "A")
    assert all(picture.shape == (784,) for picture in (printed, *drawn))
    ink = [picture.mean() for picture in drawn]
    assert ink == sorted(ink)
    alike = np.corrcoef([printed, *drawn])
    assert alike[0, 1:].min() > 0.5


def test_characters_stand_in_the_frame_of_a_digit():
    pictures = glyphs.characters("DejaVuSerif", "KM").reshape(-1, 28, 28)
    for picture in pictures:
        rows, columns = np.flatnonzero(picture.max(axis=1) > 0.1), np.flatnonzero(picture.max(axis=0) > 0.1)
        assert max(np.ptp(rows), np.ptp(columns)) + 1 <= 21
        mass = picture / picture.sum()
        centre = [(mass.sum(axis=axis) * np.arange(28)).sum() for axis in (1, 0)]
        assert centre == pytest.approx([13.5, 13.5], abs=1)


def test_numerals_are_the_ten_digits_of_each_font():
    numerals = glyphs.numerals(glyphs.SEEN_FONTS[:2])
    assert np.bincount(numerals.labels).tolist() == [8] * 10
    fives = numerals.images[numerals.labels == 5]
    np.testing.assert_array_equal(fives[:4], glyphs.characters("DejaVuSans", "5"))


def test_what_is_held_out_is_no_font_and_no_letter_that_is_seen():
    assert not {font.file for font in glyphs.SEEN_FONTS} & {font.file for font in glyphs.HELD_OUT_FONTS}
    seen = "".join(glyphs.ALPHABETS[name] for name in glyphs.SEEN_ALPHABETS)
    assert not set(seen) & set(glyphs.ALPHABETS[glyphs.HELD_OUT_ALPHABET])


def test_no_letter_of_the_held_out_alphabet_is_drawn_as_one_that_is_seen():
    seen = {picture.tobytes() for picture in glyphs.letters(glyphs.SEEN_FONTS)}
    assert not [p for p in glyphs.letters(glyphs.OTHER_ALPHABET_FONTS) if p.tobytes() in seen]


@pytest.mark.parametrize("name", glyphs.ALPHABETS)
def test_an_alphabet_has_letters_of_its_own_script_and_none_that_is_a_digit(name):
    letters = glyphs.ALPHABETS[name]
    assert all(unicodedata.name(letter).startswith(name.upper()) for letter in letters)
    assert not set(letters) & set("OoIilSsZzBbgqDQjОоЗзЭэБбВвЧчІιοΟΖΒΙθδσ")  # noqa: RUF001  # look-alikes


@pytest.mark.parametrize("fonts", [glyphs.SEEN_FONTS, glyphs.HELD_OUT_FONTS, glyphs.OTHER_ALPHABET_FONTS])
def test_every_font_has_every_letter_that_it_is_used_for(fonts):
    """A letter that a font lacks comes out as the same empty box as any other such letter."""
    printed = glyphs.letters(fonts)[::4]
    numbers = [sum(len(glyphs.ALPHABETS[name]) for name in font.alphabets) for font in fonts]
    for letters in np.split(printed, np.cumsum(numbers)[:-1]):
        assert len(np.unique(letters, axis=0)) == len(letters)
    assert len(printed) == sum(numbers)
