"""Writes autograder/fonts/hangul.otf: the Hangul that matplotlib's own font lacks, and no more.

    python scripts/hangul_font.py /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc

Taken from Noto Sans CJK KR (Debian's fonts-noto-cjk 1:20220127+repack1, SIL Open Font License 1.1):
the 2350 syllables of KS X 1001, the letters, and punctuation; without hints and layout tables.
The same font file always makes the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

TARGET = Path(__file__).parents[1] / "autograder" / "fonts" / "hangul.otf"
FAMILY = "Autograder Hangul"
LETTERS = [*range(0x3131, 0x3164), *range(0x3001, 0x3004), *range(0x3008, 0x3012)]
KOREAN = 1  # the collection's second font: Noto Sans CJK KR
DROPPED = ["GSUB", "GPOS", "GDEF", "BASE", "vhea", "vmtx", "VORG", "DSIG", "gasp", "kern"]


def syllables() -> list[int]:
    """The syllables that KS X 1001 has: in EUC-KR they take two bytes."""
    return [c for c in range(0xAC00, 0xD7A4) if _in_two_bytes(chr(c))]


def _in_two_bytes(character: str) -> bool:
    try:
        return len(character.encode("euc_kr")) == 2
    except UnicodeEncodeError:
        return False


def main() -> int:
    font = TTFont(sys.argv[1], fontNumber=KOREAN, recalcTimestamp=False)
    options = subset.Options()
    options.hinting = options.glyph_names = False
    options.layout_features, options.name_IDs = [], [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += DROPPED
    cut = subset.Subsetter(options)
    cut.populate(unicodes=[0x20, *syllables(), *LETTERS])
    cut.subset(font)
    for number, name in ((1, FAMILY), (2, "Regular"), (4, FAMILY), (6, FAMILY.replace(" ", ""))):
        font["name"].setName(name, number, 3, 1, 0x409)
    font["name"].setName(f"{FAMILY}, cut from Noto Sans CJK KR", 3, 3, 1, 0x409)
    font["CFF "].cff.fontNames = [FAMILY.replace(" ", "")]
    font.save(TARGET)
    print(f"{TARGET}: {TARGET.stat().st_size} bytes, {len(syllables())} syllables")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
