"""Opens workbooks with openpyxl; imported by the first import of a workbook only."""

import io
import warnings
from typing import Any

from openpyxl.reader.excel import ExcelReader

warnings.filterwarnings("ignore", module="openpyxl")  # about styles, which are not read


_STYLES = "xl/styles.xml"
# Bytes; larger ones are ignored, so that dates are shown as numbers. 4 MiB of empty styles, 7 KB in
# the file, took 12 s and half a gigabyte.
MAX_STYLES = 256 * 1024


class _Reader(ExcelReader):
    def read_worksheets(self) -> None:
        """Read each part of the archive once, since any number of sheets may refer to the same."""
        parser: Any = self.parser
        sheets = [sheet for sheet in parser.sheets if sheet.id]
        parser.sheets = list({parser.rels[sheet.id].target: sheet for sheet in sheets}.values())
        super().read_worksheets()  # type: ignore[no-untyped-call]


def open_sheets(data: bytes) -> list[Any]:
    open_reader: Any = _Reader  # openpyxl has no annotations
    reader = open_reader(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    styles = reader.archive.NameToInfo.get(_STYLES)
    if styles is not None and styles.file_size > MAX_STYLES:
        del reader.archive.NameToInfo[_STYLES]
    reader.read()
    sheets: list[Any] = reader.wb.worksheets
    return sheets
