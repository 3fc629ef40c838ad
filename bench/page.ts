/** The report as one HTML file: nothing is fetched, and the reader's light or dark is kept. */
import { rightColumns, type Table } from './table.ts';

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (c) => ENTITIES[c]);

const CSS = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: light-dark(#1c2024, #e6e8ea); background: light-dark(#fff, #14171a); }
p.small { color: light-dark(#5b6670, #9aa4ad); font-size: 13px; }
div { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 1rem 0 .25rem; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid light-dark(#dfe3e6, #30363c); }
.right { text-align: right; }
.short { color: light-dark(#b42318, #ff8a7a); font-weight: 600; }
`;

function tableHtml(table: Table): string {
  const right = rightColumns(table);
  const cells = (tag: 'th' | 'td', line: string[]): string =>
    line
      .map((cell, c) => {
        const style = right[c] ? ' class="right"' : cell === 'short' ? ' class="short"' : '';
        return `<${tag}${style}>${escape(cell)}</${tag}>`;
      })
      .join('');
  const rows = table.rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n');
  return `<div><table>
<caption>${escape(table.title)}</caption>
<thead><tr>${cells('th', table.header)}</tr></thead>
<tbody>
${rows}
</tbody>
</table></div>`;
}

export interface PageText {
  title: string;
  sentence: string;
  /** Machine, date, commit: what a figure is worth nothing without. */
  provenance: string;
}

export function htmlPage({ title, sentence, provenance }: PageText, tables: readonly Table[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${CSS}</style>
</head>
<body>
<h1>${escape(title)}</h1>
<p>${escape(sentence)}</p>
${tables.map(tableHtml).join('\n')}
<p class="small">${escape(provenance)}</p>
</body>
</html>
`;
}
