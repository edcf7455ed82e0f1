"""CSS of everything shown in a notebook: light and dark, wide and narrow.

Every block has its own background, so it is readable on any page. JupyterLab, Colab and VS Code
mark their theme; elsewhere the system's theme applies. If the output is narrower than the table,
each row becomes a card.
"""

from __future__ import annotations

_LIGHT = (
    "--bg:#fff;--ink:#1c2126;--soft:#57606a;--line:#d8dee4;--head:#f4f6f8;--track:#e3e8ed;"
    "--good:#116329;--good-bg:#dcf5e3;--bad:#a40e26;--bad-bg:#ffe9e7;--wait:#57606a;"
    "--wait-bg:#eef1f4;--later:#0a4a91;--later-bg:#e1effe;--right:#a9dfb9;--mark:#1c2126"
)
_DARK = (
    "--bg:#16191d;--ink:#e8ecf0;--soft:#a5afba;--line:#353c44;--head:#1f242a;--track:#343b43;"
    "--good:#7ee2a0;--good-bg:#12351f;--bad:#ffa8a0;--bad-bg:#431a1a;--wait:#b6c0ca;"
    "--wait-bg:#2a3037;--later:#9ccbff;--later-bg:#132c4a;--right:#22603a;--mark:#e8ecf0"
)
STRONG = ".ag.ag.ag"  # outweighs the front ends' table styles (JupyterLab: two classes)
_DARK_HOSTS = ('[data-jp-theme-light="false"]', "html[theme=dark]", ".vscode-dark")
_LIGHT_HOSTS = ('[data-jp-theme-light="true"]', "html[theme=light]", ".vscode-light")

_RULES = """
.ag{container-type:inline-size;background:var(--bg);color:var(--ink);border:1px solid var(--line);
border-radius:8px;margin:6px 0;overflow:hidden;font:14px/1.5 system-ui,-apple-system,"Segoe UI",
Roboto,"Noto Sans KR","Noto Sans CJK KR","Malgun Gothic","Apple SD Gothic Neo",sans-serif;
word-break:keep-all;overflow-wrap:anywhere}
.ag p{margin:0}
.ag .ag-head{padding:10px 14px;background:var(--head)}
.ag .ag-head strong{margin-right:8px}
.ag .ag-note{padding:8px 14px;color:var(--soft)}
.ag caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);
white-space:nowrap}
.ag table{border-collapse:collapse;border-spacing:0;width:100%;margin:0;border:0;font-size:14px;
table-layout:auto;
color:inherit;background:none}
.ag tr{background:none}
.ag th,.ag td{text-align:left;line-height:1.5;vertical-align:top;padding:10px 14px;border:0;
border-bottom:1px solid var(--line);background:none;color:inherit;white-space:normal;max-width:none}
.ag tbody tr:nth-child(n),.ag tbody tr:hover{background:none}
.ag tbody tr:last-child>*{border-bottom:0}
.ag thead th{font-size:12px;font-weight:600;color:var(--soft);padding-block:6px;
white-space:nowrap}
.ag thead .ag-points{text-align:right}
.ag tbody th{font-weight:600;min-width:10em;max-width:24em}
.ag .ag-text{white-space:pre-line;unicode-bidi:isolate;min-width:8.5em;max-width:26em}
.ag .ag-label{display:none}
.ag .ag-state{width:10em;overflow-wrap:normal}
.ag .ag-state span{display:inline-block;border-radius:12px;padding:1px 10px;font-weight:600;
font-size:13px}
.ag .ag-state i{font-style:normal}
.ag .ag-points{white-space:nowrap;text-align:right;font-variant-numeric:tabular-nums}
.ag .ag-good{color:var(--good);background:var(--good-bg)}
.ag .ag-bad{color:var(--bad);background:var(--bad-bg)}
.ag .ag-wait{color:var(--wait);background:var(--wait-bg)}
.ag .ag-later{color:var(--later);background:var(--later-bg)}
.ag .ag-hint{margin-top:6px;padding:6px 10px;border-left:3px solid var(--later);
background:var(--later-bg);border-radius:0 4px 4px 0}
.ag .ag-line{margin-top:8px;min-width:13em;max-width:20em}
.ag svg{display:block;width:100%;height:26px;overflow:visible}
.ag small{display:block;color:var(--soft);font-size:12.5px;line-height:1.4;margin-top:6px}
.ag ul{list-style:none;margin:4px 0 0;padding:0}
.ag .ag-line ul{color:var(--soft);font-size:12.5px;line-height:1.5}
.ag .ag-line li{margin:0;padding:0 0 0 18px;position:relative}
.ag .ag-line li i{position:absolute;left:3px;top:.3em;width:8px;height:.9em;box-sizing:border-box}
.ag .ag-line li .ag-key-score{border-radius:99px;height:8px;top:.45em}
.ag .ag-key-score.ag-key-good{background:var(--good)}
.ag .ag-key-score.ag-key-bad{background:var(--bad)}
.ag .ag-key-target{border-left:3px solid var(--mark);margin-left:3px}
.ag .ag-key-right{background:var(--right);border-radius:2px}
.ag .ag-key-base{border-left:2px dashed var(--soft);margin-left:3px}
.ag .ag-key-start{border-left:2px dotted var(--bad);margin-left:3px}
.ag .ag-track{fill:var(--track)}.ag .ag-right{fill:var(--right)}
.ag .ag-fill-good{fill:var(--good)}.ag .ag-fill-bad{fill:var(--bad)}
.ag circle{stroke:var(--bg);stroke-width:2}
.ag .ag-dot-good{fill:var(--good)}.ag .ag-dot-bad{fill:var(--bad)}
.ag .ag-mark-target{stroke:var(--mark);stroke-width:3}
.ag .ag-mark-base{stroke:var(--soft);stroke-width:2;stroke-dasharray:4 3}
.ag .ag-mark-start{stroke:var(--bad);stroke-width:2;stroke-dasharray:1.5 2.5}
.ag img{display:block;max-width:100%;height:auto;margin:8px 0 0;border-radius:4px;background:#fff}
.ag .ag-strip{display:flex;gap:2px;height:5px;background:var(--bg)}
.ag .ag-strip i{display:block;height:100%;background:var(--track);min-width:2px}
.ag .ag-strip .ag-piece-later{background:repeating-linear-gradient(135deg,var(--later) 0 2px,
var(--later-bg) 2px 6px)}
.ag .ag-strip .ag-piece-later i{display:none}
.ag .ag-strip .ag-got{background:var(--good);min-width:0}
.ag .ag-list{margin:0;padding:10px 14px;color:inherit;font-size:14px}
.ag .ag-list li{padding:4px 0}
.ag .ag-chip{display:inline-block;border-radius:99px;padding:1px 10px;font-weight:600;
font-size:13px}
.ag .ag-chip i{position:static;font-style:normal}
.ag a{color:var(--later)}
.ag code{background:none;color:inherit;padding:0;font-size:12.5px}
.ag .ag-meter{display:block;position:relative;height:8px;border-radius:4px;background:var(--track);
margin:3px 0;max-width:32em;overflow:hidden}
.ag .ag-meter i{position:absolute;left:0;top:0;height:100%}
.ag .ag-meter u{position:absolute;top:0;width:2px;height:100%;background:var(--mark)}
.ag .ag-meter-good{background:var(--good)}.ag .ag-meter-bad{background:var(--bad)}
.ag details{border-top:1px solid var(--line);padding:8px 14px}
.ag summary{cursor:pointer;color:var(--soft)}
.ag summary:focus-visible{outline:2px solid var(--later);outline-offset:2px}
.ag pre{white-space:pre-wrap;margin:6px 0 0;font-size:12.5px;background:none;color:inherit}
@container (max-width:920px){
.ag table,.ag tbody,.ag td,.ag tbody th{display:block}
.ag thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.ag tbody tr{display:grid;grid-template-columns:2fr 3fr 3fr;column-gap:20px;padding:12px 14px 4px;
border-bottom:1px solid var(--line)}
.ag tbody tr:last-child{border-bottom:0}
.ag tbody th,.ag tbody td{padding:0 0 8px;border:0;min-width:0;max-width:none}
.ag tbody th{grid-column:1/-1}
.ag tbody .ag-state~td{grid-row:3}
.ag tbody .ag-state{grid-area:1/1}
.ag tbody .ag-state~.ag-points{grid-area:1/3;text-align:right}
.ag tbody .ag-state+th{grid-row:2}
.ag tbody .ag-none{display:none}
.ag .ag-label{display:block;font-size:12px;color:var(--soft)}
.ag .ag-text,.ag .ag-line{max-width:none}
.ag .ag-text{min-width:0}
.ag .ag-state{width:auto;white-space:nowrap}
}
@container (max-width:560px){
.ag tbody tr{grid-template-columns:1fr auto}
.ag tbody td,.ag tbody .ag-state~td{grid-area:auto/1/auto/-1}
.ag tbody .ag-state{grid-area:1/1}
.ag tbody .ag-state~.ag-points{grid-area:1/2}
.ag .ag-line{min-width:0}
}
"""


def _style() -> str:
    dark = ",".join(f"{host} {STRONG}" for host in _DARK_HOSTS)
    light = ",".join(f"{host} {STRONG}" for host in _LIGHT_HOSTS)
    rules = f".ag{{{_LIGHT}}}@media(prefers-color-scheme:dark){{.ag{{{_DARK}}}}}{_RULES}"
    rules = rules.replace(".ag ", f"{STRONG} ").replace(".ag{", f"{STRONG}{{")
    themes = f"{dark}{{{_DARK}}}{light}{{{_LIGHT}}}"
    return f"<style>{(rules + themes).replace(chr(10), '')}</style>"


STYLE = _style()
