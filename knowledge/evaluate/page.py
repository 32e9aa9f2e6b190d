"""The evaluation as one HTML page without any outside file, for people who do not read JSON."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from knowledge.evaluate.metrics import MEASURES
from knowledge.evaluate.outcome import Outcome
from knowledge.evaluate.pictures import CALIBRATION, CONFUSION

HALVES = {"fitted": "调过的一半", "held": "没看过的一半"}
STYLE = """
body{font:16px/1.6 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;max-width:76rem;margin:1rem auto;
padding:0 1rem;color:#1a1a1a;background:#fff}
table{border-collapse:collapse;margin:.6rem 0 1.4rem;font-size:.9rem}caption{text-align:left;font-weight:600}
th,td{border:1px solid #ccc;padding:.3rem .5rem;text-align:left;vertical-align:top}th{background:#f2f4f7}
td.n{text-align:right;white-space:nowrap}.i{color:#555;font-size:.85em}.bad{color:#a40000;font-weight:600}
img{max-width:100%}.wide{overflow-x:auto}
"""


def page(
    config: Mapping[str, Any], summary: Mapping[str, Any], halves: Mapping[str, Sequence[Outcome]], out: Path
) -> str:
    """The whole page; pictures are taken from ``out`` when they are there."""
    parts = [_config(config), _overview(summary)]
    for name, numbers in summary.items():
        parts.append(f"<h2>{escape(HALVES.get(name, name))}（{escape(name)}，{numbers['rows']} 题）</h2>")
        parts.append(_split("按类型", numbers["by_kind"]))
        parts.append(_split("按说法", numbers["by_style"]))
        parts.append(_calibration(numbers))
        parts.append(_confusion(numbers))
        parts.append(_wrong(halves[name]))
    parts += [_picture(out / CALIBRATION, "概率准不准"), _picture(out / CONFUSION, "哪些事项容易混")]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    return (
        f'<!doctype html>\n<html lang="zh-CN"><head>{head}<title>标准题评测</title><style>{STYLE}</style></head>'
        f"<body><h1>标准题评测</h1>\n{''.join(parts)}</body></html>\n"
    )


def _table(caption: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """``rows`` hold finished cells (``<td>…``)."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return (
        f'<div class="wide"><table><caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>\n"
    )


def _cell(text: object, css: str = "") -> str:
    return f'<td class="{css}">{escape(str(text))}</td>' if css else f"<td>{escape(str(text))}</td>"


def _rate(rate: Mapping[str, float] | None) -> str:
    if rate is None:
        return _cell("–", "n")
    told = f"{100 * rate['share']:.1f}% <span class='i'>{rate['hits']}/{rate['of']}"
    return f"<td class='n'>{told} [{100 * rate['low']:.0f}–{100 * rate['high']:.0f}]</span></td>"


def _config(config: Mapping[str, Any]) -> str:
    rows = ([_cell(key), _cell(value)] for key, value in config.items())
    return _table("这次测的是什么", ("项", "值"), rows)


def _overview(summary: Mapping[str, Any]) -> str:
    names = list(summary)
    rows = [
        [_cell(measure.label + ("（越低越好）" if measure.lower_is_better else ""))]
        + [_rate(summary[name]["all"].get(measure.name)) for name in names]
        for measure in MEASURES
    ]
    return _table("总表（方括号里是 95% 区间）", ("量", *(HALVES.get(name, name) for name in names)), rows)


def _split(caption: str, parts: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    shown = [measure for measure in MEASURES if any(measure.name in found for found in parts.values())]
    rows = ([_cell(part), *(_rate(found.get(measure.name)) for measure in shown)] for part, found in parts.items())
    return _table(caption, ("", *(measure.label for measure in shown)), rows)


def _calibration(numbers: Mapping[str, Any]) -> str:
    rows = (
        [_cell(f"{row['start']:.1f}–", "n"), _cell(f"{row['promised']:.2f}", "n"), _rate(row["came_true"])]
        for row in numbers["calibration"]
    )
    caption = f"第一个结果的概率和实际对的比例（平均差 {numbers['calibration_error']:.3f}）"
    return _table(caption, ("概率", "平均概率", "实际对的"), rows)


def _confusion(numbers: Mapping[str, Any]) -> str:
    rows = ([_cell(row["wanted"]), _cell(row["given"]), _cell(row["count"], "n")] for row in numbers["confusion"])
    return _table("该给的和给了的（没给对的）", ("该给", "给了", "次数"), rows)


def _wrong(outcomes: Iterable[Outcome]) -> str:
    """Every row that is not good, or good with the wrong door, with what search thought."""
    wrong = [item for item in outcomes if not item.good or item.door_ok is False]
    rows = (
        [
            _cell(item.row.q),
            _cell(f"{item.row.kind} {item.row.style}"),
            _cell(_faults(item), "bad"),
            _cell(_wanted(item)),
            _cell(f"{item.answer.status.value}/{item.answer.reason} {item.matter or ''} → {item.door or '–'}"),
            _cell("；".join(f"{row.key} {row.probability:.2f}（{row.question}）" for row in item.top)),
            _cell(item.answer.text),
        ]
        for item in wrong
    )
    head = ("问题", "类型", "错在", "该给", "给了", "前三个结果", "答复")
    return _table(f"没全对的 {len(wrong)} 题（只是去处不对的也在里面）", head, rows)


def _faults(item: Outcome) -> str:
    judged = {
        "状态": item.status_ok,
        "事项": item.matter_ok,
        "段落": item.section_ok,
        "数字": item.figures_ok,
        "不该说的": item.never_ok,
        "去处": item.door_ok,
    }
    return "、".join(name for name, right in judged.items() if right is False)


def _wanted(item: Outcome) -> str:
    row = item.row
    parts = [f"状态 {' '.join(row.status)}", f"事项 {' '.join(row.guides)}", f"去处 {' '.join(row.doors)}"]
    parts += [f"数字 {' '.join(row.figures)}", f"不说 {' '.join(row.never)}"]
    return "；".join(part for part in parts if not part.endswith(" "))


def _picture(path: Path, caption: str) -> str:
    if not path.is_file():
        return ""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<h2>{escape(caption)}</h2><img alt="{escape(caption)}" src="data:image/png;base64,{data}">\n'
