/** A page that stands alone: no script, nothing fetched, light and dark. */

const STYLE = `
:root{color-scheme:light dark;--ink:#1c2733;--paper:#fff;--faint:#d5dde5;--value:#2563a8;--level:#b7791f;--alarm:#c53030;--more:#2f855a}
@media (prefers-color-scheme:dark){:root{--ink:#dfe7ef;--paper:#12181f;--faint:#2c3742;--value:#7ab8f5;--level:#e0b252;--alarm:#fc8181;--more:#68d391}}
body{margin:2rem auto;max-width:60rem;padding:0 1rem;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h2{font-size:1rem;margin:2rem 0 0;overflow-wrap:anywhere}p{margin:0 0 .5rem;opacity:.7}svg{width:100%;height:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{text-align:right;padding:.2rem .6rem;border-bottom:1px solid var(--faint)}
th:first-child,td:first-child,td:last-child,th:last-child{text-align:left}
.value{fill:none;stroke:var(--value)}.level{fill:var(--level);fill-opacity:.35;stroke:var(--level)}.alarm{stroke:var(--alarm);stroke-width:1.5}
`;

/** @param title  plain text; @param body  HTML, escaped by whoever made it */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style></head><body><h1>${escapeHtml(title)}</h1>
${body}
</body></html>
`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
