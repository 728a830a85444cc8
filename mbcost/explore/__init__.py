"""The explorer: one HTML file with sliders that gives the same integers as the command line, without a server.

The costs come from the recorded walk (:mod:`mbcost.separated.trace`), written out as straight-line JavaScript: no cost
formula stands a second time here. Only the primitives of the exact arithmetic exist in JavaScript too
(``page/arithmetic.js``). The page is real files in ``page/``, which :mod:`mbcost.explore.page` puts into one.
"""
