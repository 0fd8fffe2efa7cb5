#include "artifacts/page_style.h"

namespace fer {

const std::string_view kPageStyle = R"(
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1e21; --faint: #5f6670; --line: #e1e4e8; --bar: #3b6fb6;
        --heat: 59 111 182; --heat-most: 0.58; --series-1: #3b6fb6; --series-2: #b4540a; --series-3: #2c7d52;
        --series-4: #8450b8; --series-5: #b3373f; --series-6: #0f7b86; --series-7: #a8377f; --series-8: #75690a; }
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #16181b; --ink: #e8eaed; --faint: #a0a7b1; --line: #33383f; --bar: #6f9fdf;
          --heat: 111 159 223; --series-1: #6f9fdf; --series-2: #e8935a; --series-3: #63b98a;
          --series-4: #b892e6; --series-5: #e8818a; --series-6: #4fb9c4; --series-7: #e383bd; --series-8: #c4b454; }
}
* { box-sizing: border-box; }
body { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink);
       font: 1rem/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
h1, h2, h3, p, ul, dl, dd, figure, pre { margin: 0; }
h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; }
h2 { font-size: 1.25rem; margin-top: 2.5rem; padding-top: 1.5rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin-top: 1.5rem; }
p { color: var(--faint); }
p, dt, dd, figcaption, caption { overflow-wrap: anywhere; }
h2 + p, h3 + p { max-width: 44rem; }
ul { padding: 0; list-style: none; }
a { color: var(--bar); }
main:focus { outline: none; }
:focus-visible { outline: 2px solid var(--bar); outline-offset: 3px; }
.skip { position: absolute; left: -100vw; padding: 0.25rem 0.75rem; background: var(--paper); }
.skip:focus { left: 1rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin-top: 0.75rem; }

.headline { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; margin-top: 1.5rem; }
.headline dt, .figures dt, .facts dt { color: var(--faint); }
.headline dd { font-size: 2rem; line-height: 1.2; }
.figures { display: flex; flex-wrap: wrap; gap: 0.75rem 2rem; margin-top: 1rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 2rem;
           align-items: start; margin-top: 1rem; }
.columns h3, .columns .scrolling { margin-top: 0; }
.facts { display: grid; grid-template-columns: fit-content(45%) 1fr; gap: 0.25rem 1rem; margin-top: 0.5rem; }

.bars { display: grid; grid-template-columns: fit-content(40%) 1fr auto; gap: 0.4rem 0.75rem; margin-top: 1rem; }
.bars li { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; align-items: center; }
.bars .name { overflow-wrap: anywhere; }
.bars .count { text-align: right; color: var(--faint); }
.bar, .parts, .span { display: block; height: 0.9rem; min-width: 1px; border-radius: 2px; }
.bar { background: var(--bar); }
.parts { display: flex; gap: 1px; overflow: hidden; min-width: 8rem; }
.parts span, .patch { background: currentColor; }
.patch { display: inline-block; width: 0.7rem; height: 0.7rem; margin-right: 0.4rem; border-radius: 2px; }
.rest { width: 40%; }
.unbroken { white-space: nowrap; }
.span { position: relative; min-width: 8rem; background: var(--line); }
.span span { position: absolute; top: 0; height: 100%; min-width: 2px; border-radius: 2px; background: var(--bar); }
.bar, .parts, .patch, .span, .heat td { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.pictures { display: flex; flex-wrap: wrap; gap: 4px; margin-top: 0.5rem; }
.pictures img { display: block; height: 4.5rem; width: auto; border-radius: 2px; }
.pictures .stored { margin-right: 0.75rem; }

.faces { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); gap: 1.5rem;
         margin-top: 1rem; }
.face { display: grid; grid-template-columns: 6rem 1fr; gap: 0.75rem; align-items: start; font-size: 0.875rem; }
.face img, .trio img { display: block; width: 100%; height: auto; border-radius: 4px; }
.face .bars { gap: 0.1rem 0.5rem; margin-top: 0.25rem; }
.face .name { min-width: 4.25rem; }
.face .bar { height: 0.6rem; }
.trio { display: grid; grid-template-columns: repeat(3, 1fr); gap: 4px; margin-bottom: 0.25rem; }
figure.face { display: block; }

.scrolling { overflow-x: auto; margin-top: 1rem; }
table { border-collapse: collapse; }
.wide { width: 100%; }
.even { table-layout: fixed; }
caption { position: sticky; left: 0; max-width: min(62rem, 100vw - 2rem); padding-bottom: 0.5rem; color: var(--faint); text-align: left; }
th, td { padding: 0.25rem 0.75rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: middle; }
th:first-child, td:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
th { font-weight: 600; }
th:first-child, .text { text-align: left; }
td.text { min-width: 5.5rem; }
tbody th:first-child { position: sticky; left: 0; background: var(--paper); font-weight: 400; }
thead th { color: var(--faint); font-weight: 400; vertical-align: bottom; }
tfoot th, tfoot td { border-bottom: 0; }
.alike { color: var(--faint); }
.heat tbody td { border: 2px solid var(--paper); }
.heat tr > :not(:first-child, :last-child) { text-align: center; }
.heat td[style] { background: rgb(var(--heat) / calc(var(--share) * var(--heat-most))); }
td small { display: block; line-height: 1.25; font-size: 0.8125rem; }
td .bar { height: 0.6rem; }

figcaption { color: var(--faint); }
figcaption strong { color: var(--ink); font-weight: 600; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 2rem 1.5rem;
          margin-top: 1rem; }
figure > svg { display: block; width: 100%; max-width: 40rem; height: auto; margin-top: 0.25rem; overflow: visible; }
.chart text { fill: var(--faint); font-size: 12px; }
.chart text[class] { fill: currentColor; }
.chart .curve { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
.chart .point { fill: currentColor; }
.chart .leader { stroke: currentColor; stroke-width: 1; stroke-dasharray: none; opacity: 0.4; }
.grid { stroke: var(--line); }
.axis { stroke: var(--faint); }
.mark { stroke: var(--faint); stroke-dasharray: 3 3; }
.reading { fill: var(--ink); fill-opacity: 0; }
.reading:hover { fill-opacity: 0.07; }
.column { fill: var(--bar); }
.legend { display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin-top: 0.75rem; }
.key { display: inline-block; vertical-align: middle; width: 1.75rem; height: 0.75rem; margin-right: 0.4rem; }
th .key { display: block; margin-bottom: 0.25rem; }
thead .key { margin-left: auto; margin-right: 0; }
.key path { fill: none; stroke: currentColor; stroke-width: 2; }
.series-1 { color: var(--series-1); stroke-dasharray: none; }
.series-2 { color: var(--series-2); stroke-dasharray: 7 3; }
.series-3 { color: var(--series-3); stroke-dasharray: 2 3; }
.series-4 { color: var(--series-4); stroke-dasharray: 8 3 2 3; }
.series-5 { color: var(--series-5); stroke-dasharray: 12 4; }
.series-6 { color: var(--series-6); stroke-dasharray: 4 2; }
.series-7 { color: var(--series-7); stroke-dasharray: 8 3 2 3 2 3; }
.series-8 { color: var(--series-8); stroke-dasharray: 1 2; }

details { margin-top: 1rem; }
summary { cursor: pointer; color: var(--bar); }
pre { padding: 0.75rem 0; overflow-x: auto; font: 0.875rem/1.5 ui-monospace, monospace; }
.options { max-height: 20rem; margin-top: 1rem; padding: 0.75rem; overflow: auto; border: 1px solid var(--line); }
code { font: 0.9375em ui-monospace, monospace; }
@media (max-width: 40rem) {
  .chart text { font-size: 14px; }
  th, td { padding: 0.25rem 0.4rem; }
}
@media print {
  :root { color-scheme: light; --ink: #000; --faint: #444; --line: #bbb; --bar: #555; --heat: 85 85 85; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, .skip, details { display: none; }
  figure, tr, .pictures, .face { break-inside: avoid; }
  h1, h2, h3, p { break-after: avoid; }
  .scrolling { overflow: visible; }
  table { min-width: 0 !important; }
  .columns, .charts { grid-template-columns: 1fr 1fr; }
  .pictures img { height: 14mm; }
  .options { max-height: none; padding: 0; columns: 2; border: 0; overflow: visible; font-size: 7.5pt;
             white-space: pre-wrap; overflow-wrap: anywhere; }
}
)";

}  // namespace fer
