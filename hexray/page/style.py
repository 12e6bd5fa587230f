"""How a page about a run looks, in light and in dark."""

STYLE = """
:root { color-scheme: light dark; --ink: #2c2a27; --soft: #6f6a61; --paper: #fbfaf7;
  --card: #ffffff; --line: #e4dfd5; --c0: #1f6f78; --c1: #d1662b; --c2: #4b4e9d; --c3: #b0447a;
  --c4: #5d8a3a; --c5: #8a6d1f; --bad: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ink: #e9e5dd; --soft: #a39d92; --paper: #191817;
  --card: #232120; --line: #3a3734; --c0: #5fc0ca; --c1: #f09a62; --c2: #9ea1f2; --c3: #ec8fbd;
  --c4: #9ccb74; --c5: #d9bb62; --bad: #f2857d } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 0 auto; padding: 2em 1.2em 4em; max-width: 78em }
h1 { font-size: 1.7em; margin: 0 } h2 { font-size: 1.2em; margin: 2em 0 .6em }
.about { color: var(--soft); margin: .2em 0 1.4em }
.missing { color: var(--soft); font-style: italic } .bad { color: var(--bad) }
.tiles, .figures { display: grid; gap: 1em; list-style: none; margin: 0; padding: 0 }
.tiles { grid-template-columns: repeat(auto-fit, minmax(8.2em, 1fr)) }
.figures { grid-template-columns: repeat(auto-fit, minmax(min(100%, 30em), 1fr)) }
.boards { grid-template-columns: repeat(auto-fit, minmax(min(100%, 22em), 1fr)) }
.tiles li, figure, .card { background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; padding: .8em 1em; margin: 0; min-width: 0 }
.tiles b { display: block; font-size: 1.45em; font-variant-numeric: tabular-nums }
.tiles span { color: var(--soft) }
figcaption { font-weight: 600; margin-bottom: .4em }
svg.chart { width: 100%; height: auto; display: block }
.grid { stroke: var(--line); fill: none } .tick { fill: var(--soft); font-size: 12px }
.tick.x { text-anchor: middle } .tick.y { text-anchor: end; dominant-baseline: central }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round } .band { opacity: .18 }
.curve.c0 { stroke: var(--c0) } .curve.c1 { stroke: var(--c1) } .curve.c2 { stroke: var(--c2) }
.curve.c3 { stroke: var(--c3) } .curve.c4 { stroke: var(--c4) } .curve.c5 { stroke: var(--c5) }
.end.c0, .band.c0 { fill: var(--c0) } .end.c1, .band.c1 { fill: var(--c1) }
.end.c2, .band.c2 { fill: var(--c2) } .end.c3, .band.c3 { fill: var(--c3) }
.end.c4, .band.c4 { fill: var(--c4) } .end.c5, .band.c5 { fill: var(--c5) }
.key.c0 { background: var(--c0) } .key.c1 { background: var(--c1) }
.key.c2 { background: var(--c2) } .key.c3 { background: var(--c3) }
.key.c4 { background: var(--c4) } .key.c5 { background: var(--c5) }
.legend { display: flex; flex-wrap: wrap; gap: .2em 1.2em; list-style: none; margin: .4em 0 0;
  padding: 0; font-size: .92em }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .3em }
img { max-width: 100%; height: auto; display: block; margin: 0 auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
td, th { padding: .2em 1.1em .2em 0; text-align: left; vertical-align: top }
td.number, th.number { text-align: right }
tr + tr td { border-top: 1px solid var(--line) } .scroll { overflow-x: auto }
pre { font: 13px/1.45 ui-monospace, monospace; overflow-x: auto; margin: .6em 0 0 }
summary { cursor: pointer; font-weight: 600 }
"""
