"""
Sheet: A4 pages with headings, facts, pictures, tables and a chart; the only import of ``fpdf``.

The font is Noto Sans CJK SC, shipped as a subset (ASCII, GB 2312) with
TrueType outlines, so that a report looks the same on every machine; a
character that the font lacks is printed as 〓.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path

from fpdf import FPDF, FontFace
from fpdf.enums import TextMode, WrapMode, XPos, YPos
from fpdf.fonts import TTFFont

from api.report.lines import broken
from api.report.pictures import Picture
from api.report.printing import FONT

INK = (28, 32, 34)
FAINT = (104, 112, 116)
RULE = (206, 212, 214)
ACCENT = (12, 99, 94)
ALARM = (176, 42, 30)
MARGIN_MM = 15.0
WIDTH_MM = 210.0 - 2 * MARGIN_MM
CLEARANCE_MM = 2.6
"""What is kept free of a cell's width, padding included."""
MISSING = "〓"
"""What printers have set for a missing character since lead type (geta)."""


@dataclass(frozen=True, slots=True)
class Dot:
    """
    One reading of a series.

    Attributes:
        at_s: seconds from the first.

        percent: ``None`` where there was no valid reading.

        spread: its standard deviation, percentage points; 0: unknown.
    """

    at_s: float
    percent: float | None
    spread: float = 0.0


class _Pages(FPDF):
    """Pages with a foot line."""

    foot = ""

    def footer(self) -> None:
        """Write the foot line and the page's number."""
        self.set_y(-11)
        self.set_font("sheet", size=7)
        self.set_text_color(*FAINT)
        self.cell(WIDTH_MM - 22, 4, self.foot)
        self.cell(22, 4, f"第 {self.page_no()} 页 / 共 {{nb}} 页", align="R")


class Sheet:
    """
    A report in the making.

    Args:
        title: of the document, for the reader's window.

        foot: text at the foot of each page.

        made: creation time in the file.

        font: an OpenType or TrueType font.
    """

    def __init__(self, *, title: str, foot: str, made: datetime, font: Path = FONT) -> None:
        self._pdf = _Pages(format="A4")
        self._pdf.set_margins(MARGIN_MM, 11)
        self._pdf.set_auto_page_break(auto=True, margin=14)
        self._pdf.add_font("sheet", fname=font)
        face = self._pdf.fonts["sheet"]
        self._glyphs = frozenset(face.cmap if isinstance(face, TTFFont) else ())
        self._pdf.foot = self._shown(foot)
        self._pdf.set_title(title)
        self._pdf.set_creator("Plumewatch")
        self._pdf.set_creation_date(made)
        self._pdf.set_lang("zh-CN")
        self._pdf.add_page()

    def to_bytes(self) -> bytes:
        """Return the PDF."""
        return bytes(self._pdf.output())

    def head(self, kicker: str, title: str, lines: Sequence[str], code_png: bytes, code_caption: str) -> None:
        """Write the head of the first page with a QR code at its right."""
        pdf, top = self._pdf, self._pdf.get_y()
        side = 27.0
        left = 210 - MARGIN_MM - side
        pdf.image(BytesIO(code_png), left, top, side, side)
        self._text(7, FAINT)
        pdf.set_xy(left - 4, top + side)
        pdf.cell(side + 8, 4, self._shown(code_caption), align="C")
        pdf.set_xy(MARGIN_MM, top)
        self._text(8.5, ACCENT)
        pdf.cell(WIDTH_MM - side - 6, 4.5, self._shown(kicker), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._text(19, INK)
        with pdf.local_context(text_mode=TextMode.FILL_STROKE, line_width=0.12, draw_color=INK):
            pdf.cell(WIDTH_MM - side - 6, 11, self._shown(title), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._text(9.5, INK)
        for line in lines:
            pdf.cell(WIDTH_MM - side - 6, 5.4, self._shown(line), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pdf.set_y(top + side + 5)

    def heading(self, text: str, note: str = "", *, keep_mm: float = 24.0) -> None:
        """Write a heading; it goes to the next page with what follows if less than ``keep_mm`` is left on this one."""
        pdf = self._pdf
        if pdf.get_y() + keep_mm > pdf.page_break_trigger:
            pdf.add_page()
        pdf.ln(2.2)
        self._text(11, ACCENT)
        with pdf.local_context(text_mode=TextMode.FILL_STROKE, line_width=0.07, draw_color=ACCENT):
            pdf.cell(pdf.get_string_width(text) + 3, 6, self._shown(text))
        self._text(7.5, FAINT)
        pdf.cell(0, 6.6, self._shown(note), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pdf.set_draw_color(*ACCENT)
        pdf.set_line_width(0.3)
        pdf.line(MARGIN_MM, pdf.get_y(), 210 - MARGIN_MM, pdf.get_y())
        pdf.ln(0.8)

    def notice(self, text: str, *, is_alarm: bool = False) -> None:
        """Write what must not be overlooked, in a frame; an alarm in red."""
        pdf, colour = self._pdf, ALARM if is_alarm else ACCENT
        self._text(8.5, colour)
        pdf.set_draw_color(*colour)
        pdf.set_line_width(0.25)
        pdf.multi_cell(
            WIDTH_MM,
            4.6,
            self._broken(text, WIDTH_MM - 2 * CLEARANCE_MM),
            border=1,
            align="L",
            padding=(1, 2, 1, 2),
            wrapmode=WrapMode.CHAR,
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )
        pdf.ln(1.2)

    def facts(self, rows: Sequence[tuple[str, str]], columns: int = 2) -> None:
        """Write label and value pairs; those without a value are left out."""
        shown = [(label, value) for label, value in rows if value]
        cells: list[str] = []
        for label, value in shown:
            cells += [label, value]
        labels = WIDTH_MM / columns * (0.245 if columns > 1 else 0.1225)
        self.table(
            (),
            [cells[start : start + 2 * columns] for start in range(0, len(cells), 2 * columns)],
            [labels, WIDTH_MM / columns - labels] * columns,
            faint=frozenset(range(0, 2 * columns, 2)),
        )

    def table(
        self,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        widths_mm: Sequence[float],
        *,
        size_pt: float = 8.5,
        faint: frozenset[int] = frozenset(),
        alarms: frozenset[str] = frozenset(),
    ) -> None:
        """
        Write a table; the header is repeated on each page.

        Args:
            header: nothing for a table without one.

            rows: short ones are filled up with empty cells.

            widths_mm: of the columns, together at most `WIDTH_MM`.

            size_pt: of the letters.

            faint: columns that are set in grey: labels and numbers of rows.

            alarms: texts that are set in red.
        """
        pdf = self._pdf
        self._text(size_pt, INK)
        pdf.set_draw_color(*RULE)
        pdf.set_line_width(0.12)
        with pdf.table(
            width=round(sum(widths_mm), 3),
            col_widths=tuple(widths_mm),
            align="L",
            text_align="LEFT",
            line_height=size_pt * 0.485,
            padding=(0.6, 1.2, 0.6, 0),
            borders_layout="HORIZONTAL_LINES",
            first_row_as_headings=bool(header),
            headings_style=FontFace(color=FAINT, size_pt=size_pt - 1),
            wrapmode=WrapMode.CHAR,
        ) as table:
            for line in ([header] if header else []) + list(rows):
                row = table.row()
                for column in range(len(widths_mm)):
                    text = line[column] if column < len(line) else ""
                    colour = FAINT if column in faint else ALARM if text in alarms else INK
                    shown = self._broken(text, widths_mm[column] - CLEARANCE_MM)
                    row.cell(shown, style=None if line is header else FontFace(color=colour))
        pdf.ln(0.6)

    def pictures(self, pictures: Sequence[Picture], height_mm: float) -> None:
        """Write pictures side by side, each as large as fits, with its words below."""
        if not pictures:
            return
        pdf, gap = self._pdf, 4.0
        width = (WIDTH_MM - gap * (len(pictures) - 1)) / len(pictures)
        drawn = [min(width / picture.size_wh[0], height_mm / picture.size_wh[1]) for picture in pictures]
        tallest = max(scale * picture.size_wh[1] for scale, picture in zip(drawn, pictures, strict=True))
        if pdf.get_y() + tallest + 10 > pdf.page_break_trigger:
            pdf.add_page()
        top = pdf.get_y() + 1
        lowest = top
        for index, (scale, picture) in enumerate(zip(drawn, pictures, strict=True)):
            left = MARGIN_MM + index * (width + gap)
            wide, high = scale * picture.size_wh[0], scale * picture.size_wh[1]
            pdf.image(BytesIO(picture.image), left + (width - wide) / 2, top, wide, high)
            pdf.set_xy(left, top + tallest + 0.8)
            self._text(7.5, FAINT)
            caption = self._broken(picture.caption, width - CLEARANCE_MM)
            pdf.multi_cell(width, 3.6, caption, align="C", wrapmode=WrapMode.CHAR)
            lowest = max(lowest, pdf.get_y())
        pdf.set_xy(MARGIN_MM, lowest + 0.5)

    def chart(
        self, dots: Sequence[Dot], limit_percent: float | None, caption: str, ends: tuple[str, str] | None = None
    ) -> None:
        """
        Draw a series of readings in per cent over time, each with its spread.

        What has no number is a grey cross on the base line; `ends` are written below first and last reading, else the
        seconds are.
        """
        pdf, height = self._pdf, 25.0
        if pdf.get_y() + height + 12 > pdf.page_break_trigger:
            pdf.add_page()
        left, right, top = MARGIN_MM + 9, 210 - MARGIN_MM - 9, pdf.get_y() + 3
        base = top + height
        last_s = max(max((dot.at_s for dot in dots), default=0.0), 1.0)
        self._text(6.5, FAINT)
        for percent in range(0, 101, 20):
            y = base - height * percent / 100
            pdf.set_draw_color(*RULE)
            pdf.set_line_width(0.1)
            pdf.line(left, y, right, y)
            pdf.set_xy(MARGIN_MM, y - 1.5)
            pdf.cell(8, 3, f"{percent}%", align="R")
            pdf.set_xy(right + 1, y - 1.5)
            pdf.cell(8, 3, f"{percent // 20} 级")
        if limit_percent is not None:
            pdf.set_draw_color(*ALARM)
            with pdf.local_context(dash_pattern={"dash": 1.2, "gap": 0.8, "phase": 0}, line_width=0.25):
                pdf.line(left, base - height * limit_percent / 100, right, base - height * limit_percent / 100)
        before: tuple[float, float] | None = None
        for dot in dots:
            x = left + (right - left) * dot.at_s / last_s
            if dot.percent is None:
                pdf.set_draw_color(*FAINT)
                pdf.set_line_width(0.2)
                pdf.line(x - 0.6, base - 0.6, x + 0.6, base + 0.6)
                pdf.line(x - 0.6, base + 0.6, x + 0.6, base - 0.6)
                before = None
                continue
            y = base - height * dot.percent / 100
            pdf.set_draw_color(*ACCENT)
            if dot.spread:
                high, low = min(100.0, dot.percent + dot.spread), max(0.0, dot.percent - dot.spread)
                pdf.set_line_width(0.12)
                pdf.line(x, base - height * high / 100, x, base - height * low / 100)
            pdf.set_line_width(0.3)
            if before is not None:
                pdf.line(*before, x, y)
            with pdf.local_context(fill_color=ACCENT):
                pdf.circle(x, y, 0.55, style="F")
            before = (x, y)
        self._text(6.5, FAINT)
        first, last = ends or ("0 s", f"{last_s:.0f} s")
        for text, align in ((first, "L"), (caption, "C"), (last, "R")):
            pdf.set_xy(left, base + 1.6)
            pdf.cell(right - left, 3, self._shown(text), align=align)
        pdf.set_xy(MARGIN_MM, base + 5.6)

    def paragraph(self, text: str, *, size_pt: float = 8.5, faint: bool = False) -> None:
        """Write a paragraph."""
        self._text(size_pt, FAINT if faint else INK)
        self._pdf.multi_cell(
            WIDTH_MM,
            size_pt * 0.53,
            self._broken(text, WIDTH_MM - CLEARANCE_MM),
            align="L",
            wrapmode=WrapMode.CHAR,
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )

    def signatures(self, labels: Sequence[str]) -> None:
        """Leave lines to be signed by hand."""
        pdf = self._pdf
        if pdf.get_y() + 14 > pdf.page_break_trigger:
            pdf.add_page()
        pdf.ln(6)
        width = WIDTH_MM / len(labels)
        self._text(8.5, INK)
        for index, label in enumerate(labels):
            pdf.set_x(MARGIN_MM + index * width)
            pdf.cell(pdf.get_string_width(label) + 1.5, 5, self._shown(label))
            x, y = pdf.get_x(), pdf.get_y() + 5
            pdf.set_draw_color(*FAINT)
            pdf.set_line_width(0.2)
            pdf.line(x, y, MARGIN_MM + (index + 1) * width - 4, y)
        pdf.ln(7)

    def _text(self, size_pt: float, colour: tuple[int, int, int]) -> None:
        self._pdf.set_font("sheet", size=size_pt)
        self._pdf.set_text_color(*colour)

    def _broken(self, text: str, width_mm: float) -> str:
        """Return the text in lines of that width at the present size."""
        return broken(self._shown(text), width_mm, self._pdf.get_string_width)

    def _shown(self, text: str) -> str:
        """Return the text with characters that the font lacks replaced, and without line breaks."""
        return "".join(letter if ord(letter) in self._glyphs else MISSING for letter in " ".join(text.split()))
