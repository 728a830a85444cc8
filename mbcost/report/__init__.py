"""One `Report` value, many formats; the only number formatting of the program.

What a command found out is a `Report`: tables of fields that know their kind, exact values, notes. `render` writes it for a
terminal, a spreadsheet, a program, a pull request or a paper. Importing this package imports no format.

>>> columns = (Column("name", "layer", "name"), Column("params", "params", "count"))
>>> print(render(Table("Classifier", columns, (("fc", 1025000),)), "csv"), end="")
name,params
fc,1025000
"""

from __future__ import annotations

from mbcost.report.formats import FORMATS, register, render
from mbcost.report.report import Field, Report, Rows, at
from mbcost.report.table import Column, Table, Where

__all__ = ["FORMATS", "Column", "Field", "Report", "Rows", "Table", "Where", "at", "register", "render"]
