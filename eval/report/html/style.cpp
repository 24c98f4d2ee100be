#include "eval/report/html/style.h"

namespace odin {

// Blue and orange distinguish in from out. They are from Okabe and Ito's palette for every kind of
// colour vision. Hatching and dashes do the same for readers who see no colour.
std::string_view html_style() {
  return R"css(
:root {
  color-scheme: light dark;
  --page: #ffffff; --panel: #f5f6f8; --text: #1b1e23; --muted: #565d68; --line: #d3d8df;
  --in: #0072b2; --out: #c75000; --note: #1b1e23;
  --d0: #666d78; --d1: #7a3fb5; --d2: #00785a; --d3: #b3266b;
  --d4: #1f5fa8; --d5: #96570a; --d6: #3b3f9f; --d7: #a3341f;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #14171c; --panel: #1d2128; --text: #e8eaee; --muted: #a5adb9; --line: #3a414c;
    --in: #56b4e9; --out: #f2a33a; --note: #e8eaee;
    --d0: #aab1bc; --d1: #c9a2f7; --d2: #45d3a5; --d3: #ff92c5;
    --d4: #7db5ff; --d5: #e0a458; --d6: #a5a8ff; --d7: #ff9a84;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 1.5rem clamp(0.75rem, 3vw, 2.5rem) 3rem; max-width: 80rem;
  background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere;
}
h1 { font-size: clamp(1.35rem, 4vw, 1.9rem); line-height: 1.2; margin: 0 0 0.25rem; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.5rem 0 0.75rem; }
h3 { font-size: 1.08rem; line-height: 1.3; margin: 1.75rem 0 0.5rem; }
h4 { font-size: 0.95rem; line-height: 1.3; margin: 1rem 0 0.4rem; }
p { margin: 0.4rem 0; max-width: 48rem; }
a { color: inherit; text-decoration-color: var(--muted); text-underline-offset: 0.15em; }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible {
  outline: 2px solid var(--in); outline-offset: 2px;
}
small, .muted { color: var(--muted); font-size: 0.85em; font-weight: normal; }
code {
  font: 0.9em ui-monospace, "DejaVu Sans Mono", monospace;
  background: var(--panel); border: 1px solid var(--line); border-radius: 4px;
  padding: 0.1em 0.35em; user-select: all;
}
dl {
  display: flex; flex-wrap: wrap; gap: 0.75rem 2.25rem; margin: 1.25rem 0 0; padding: 0.9rem 1.1rem;
  background: var(--panel); border-radius: 8px;
}
dt { color: var(--muted); font-size: 0.8rem; }
dd { margin: 0; font-weight: 600; }

table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: start; color: var(--muted); font-size: 0.9rem; padding-bottom: 0.6rem; }
th, td { padding: 0.35rem 0.6rem; text-align: end; vertical-align: baseline; }
th:first-child { text-align: start; }
thead th {
  vertical-align: bottom; font-size: 0.85rem; line-height: 1.25; border-bottom: 2px solid var(--line);
  overflow-wrap: normal;
}
tbody th { font-weight: normal; }
.results tbody { border-bottom: 1px solid var(--line); }
.results tbody th[scope=rowgroup] { font-weight: 600; padding-top: 0.8rem; }
.results tbody tr:last-child > * { padding-bottom: 0.8rem; }
.results td { width: 13%; white-space: nowrap; }
.results td small, .results th[scope=row] small { display: block; line-height: 1.3; }
.results .missing { text-align: start; white-space: normal; width: auto; color: var(--muted); }
.best { font-weight: 700; }

.pictures {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); gap: 1rem;
}
figure { margin: 0; }
.pictures > figure {
  background: var(--panel); border-radius: 8px; padding: 0.75rem 0.85rem; max-width: 34rem;
  break-inside: avoid;
}
.pictures figcaption { font-weight: 600; margin-bottom: 0.4rem; }
.pictures figcaption small { display: block; }
.pictures svg { display: block; width: 100%; height: auto; }
.legend {
  list-style: none; margin: 0.4rem 0 0; padding: 0; display: flex; flex-wrap: wrap;
  gap: 0.2rem 1.1rem; font-size: 0.88rem;
}
.legend li { display: flex; align-items: flex-start; gap: 0.45rem; }
.pictures .legend svg { width: 30px; height: 12px; flex: none; margin-top: 0.35em; }
svg { color: var(--text); }
svg text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: currentColor; }
svg .tick { font-size: 10.5px; fill: var(--muted); }
svg .label { fill: var(--muted); }
svg .note { paint-order: stroke; stroke: var(--panel); stroke-width: 3px; stroke-linejoin: round; }
.axis { stroke: var(--muted); }
.grid { stroke: var(--line); }
.chance { stroke: var(--muted); stroke-dasharray: 2 4; }
.level { stroke: var(--muted); stroke-width: 0.75; }
.curve { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.dot { fill: var(--panel); stroke-width: 2.2; }
.d0 { stroke: var(--d0); } .d1 { stroke: var(--d1); } .d2 { stroke: var(--d2); } .d3 { stroke: var(--d3); }
.d4 { stroke: var(--d4); } .d5 { stroke: var(--d5); } .d6 { stroke: var(--d6); } .d7 { stroke: var(--d7); }
.curve.d0 { stroke-dasharray: 6 3; } .curve.d2 { stroke-dasharray: 9 3 2 3; } .curve.d3 { stroke-dasharray: 2.5 2.5; }
.curve.d5 { stroke-dasharray: 6 3; } .curve.d6 { stroke-dasharray: 9 3 2 3; } .curve.d7 { stroke-dasharray: 2.5 2.5; }
.curve.p1 { stroke-dasharray: 14 3; } .curve.p2 { stroke-dasharray: 10 2 2 2 2 2; } .curve.p3 { stroke-dasharray: 1.5 4; }
.dots-in { fill: none; stroke: var(--in); stroke-width: 3.2; stroke-linecap: round; stroke-opacity: 0.6; }
.crosses-out { fill: none; stroke: var(--out); stroke-opacity: 0.8; }
.bars-in { fill: var(--in); fill-opacity: 0.45; stroke: var(--in); stroke-width: 1.2; }
.bars-out { fill: url(#hatch); stroke: var(--out); stroke-width: 1.2; }
#hatch path { stroke: var(--out); stroke-width: 1.3; }
.threshold { stroke: var(--text); stroke-width: 1.2; stroke-dasharray: 4 3; }
.cell, .no-cell { shape-rendering: crispEdges; }
.no-cell { fill: var(--line); }
.frame-outside { fill: none; stroke: #000000; stroke-width: 4.5; }
.frame-inside { fill: none; stroke: #ffffff; stroke-width: 2; }
details { margin-top: 0.5rem; font-size: 0.88rem; }
summary { cursor: pointer; color: var(--muted); }
.scroll { overflow-x: auto; margin-top: 0.4rem; }
.scroll table { width: auto; font-size: 0.8rem; }
.scroll th, .scroll td { padding: 0.15rem 0.4rem; white-space: nowrap; }
.scroll tbody th { position: sticky; left: 0; background: var(--panel); }
.scroll .comparison { font-size: 0.9rem; }
.scroll .comparison th, .scroll .comparison td { padding: 0.2rem 0.5rem; }
.comparison thead th { border-bottom: 0; }
.comparison thead th[scope=colgroup] {
  text-align: center; white-space: normal; overflow-wrap: anywhere; max-width: 12rem;
}
.comparison thead tr:last-child th { border-bottom: 2px solid var(--line); text-align: end; }
.scroll .comparison tbody th {
  background: var(--page); min-width: 7rem; max-width: 14rem; white-space: normal; overflow-wrap: break-word;
}
.comparison tbody tr:hover > * { background: var(--panel); }
.comparison td small { margin-left: 0.3em; }
.show { position: fixed; top: 0; left: 0; opacity: 0; pointer-events: none; }
.boxes { display: flex; flex-wrap: wrap; gap: 0.4rem; padding: 0.4rem 0; background: var(--page); }
.boxes label {
  display: flex; align-items: center; gap: 0.4rem; padding: 0.1rem 0.6rem; cursor: pointer;
  border: 1px dashed var(--muted); border-radius: 1rem; font-size: 0.88rem;
}
.boxes label::before {
  content: ""; flex: none; width: 0.7em; height: 0.7em; border: 1px solid currentColor; border-radius: 2px;
}
.boxes svg { width: 30px; height: 12px; flex: none; }
@media screen and (min-width: 60rem) and (min-height: 40rem) {
  .boxes { position: sticky; top: 0; z-index: 1; }
}

.sheet {
  list-style: none; margin: 0; padding: 0; display: grid; gap: 0.6rem 0.5rem;
  grid-template-columns: repeat(auto-fill, minmax(5rem, 1fr));
}
.sheet li { break-inside: avoid; min-width: 0; font-size: 0.75rem; line-height: 1.3; }
.sheet img {
  display: block; width: 100%; max-width: 6rem; height: auto; aspect-ratio: 1;
  image-rendering: pixelated; border-radius: 3px; margin-bottom: 0.2rem;
}
.sheet b { display: block; font-weight: 600; }
.sides { display: grid; gap: 0 2rem; }
@media (min-width: 60rem) { .sides { grid-template-columns: 1fr 1fr; } }

@media (max-width: 40rem) {
  th, td { padding: 0.3rem 0.25rem; }
  thead th { font-size: 0.7rem; }
  .results { font-size: 0.85rem; }
  .results td { width: auto; }
  .results th[scope=row] { overflow-wrap: break-word; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2, h3, h4, h2 + p { break-after: avoid; }
  tbody { break-inside: avoid; }
  .pictures { grid-template-columns: repeat(2, 1fr); }
  details { display: none; }
}
)css";
}

std::string_view svg_definitions() {
  return R"svg(<svg width="0" height="0" aria-hidden="true" style="position: absolute"><defs>
<pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<path d="M 0 0 V 5"/></pattern></defs></svg>
)svg";
}

}  // namespace odin
