"""Results of the retrieval benchmarks as rows and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.peers import Measured
from benchmarks.ranking import OURS, Quality, difference, quality

Row = dict[str, Any]
Table = dict[str, Row]
GAP = "minus ours"


def retrieval(found: Mapping[str, Measured], gold: Sequence[frozenset[int]]) -> Table:
    """Quality and cost by way. Differences are over the questions that both were asked."""
    measured = {label: _quality(row.ranked, row.ranked, gold) for label, row in found.items() if row.ranked}
    table = {}
    for label, numbers in measured.items():
        asked = found[label].ranked
        gap = {} if label == OURS else {GAP: difference(_quality(found[OURS].ranked, asked, gold).ndcg, numbers.ndcg)}
        table[label] = {"questions": len(asked), **numbers.means(), **found[label].costs(), **gap}
    return table


def _quality(ranked: Mapping[int, list[int]], rows: Iterable[int], gold: Sequence[frozenset[int]]) -> Quality:
    rows = sorted(rows)
    return quality([ranked[row] for row in rows], [gold[row] for row in rows])


def shares(right: Mapping[str, Mapping[str, Mapping[int, bool]]], ours: str, costs: Mapping[str, Row]) -> Table:
    """Per cent of right answers by way and measure, each over the questions that this way was asked."""
    table = {}
    for label, measures in right.items():
        first = next(iter(measures))
        row: Row = {"questions": len(measures[first])}
        row |= {name: round(100 * float(np.mean(list(each.values()))), 1) for name, each in measures.items()}
        row |= costs.get(label, {})
        if label != ours:
            both = sorted(measures[first])
            row[GAP] = difference(
                np.array([right[ours][first][number] for number in both], dtype=np.float64),
                np.array([measures[first][number] for number in both], dtype=np.float64),
            )
        table[label] = row
    return table


def markdown(title: str, table: Table) -> str:
    """One table; a difference to ours, with its interval, is in the second measure (the first counts questions)."""
    columns = list(dict.fromkeys(key for row in table.values() for key in row))
    named = [f"{GAP} ({columns[1]})" if key == GAP else key for key in columns]
    lines = [f"\n**{title}**\n", f"| | {' | '.join(named)} |", "|---" * (len(columns) + 1) + "|"]
    for label, row in table.items():
        told = {
            **row,
            **({GAP: "{difference:+.1f} [{low:+.1f}, {high:+.1f}]".format_map(row[GAP])} if GAP in row else {}),
        }
        lines.append(f"| {label} | {' | '.join(str(told.get(key, '')) for key in columns)} |")
    return "\n".join(lines)
