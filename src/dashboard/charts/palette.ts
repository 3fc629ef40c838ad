/** The colours of the canvas, taken from the same custom properties as the page, again whenever the scheme changes. */
import type { Severity } from '../../../models/alert-document.ts';

export interface Palette {
  line: string;
  expectation: string;
  band: string;
  grid: string;
  label: string;
  surprise: string;
  surpriseFill: string;
  alertEdge: Record<Severity, string>;
  alertFill: Record<Severity, string>;
  font: string;
}

function read(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    line: colour('--accent'),
    expectation: colour('--ink-2'),
    band: colour('--band'),
    grid: colour('--grid'),
    label: colour('--ink-3'),
    surprise: colour('--ink-2'),
    surpriseFill: colour('--grid'),
    alertEdge: { info: colour('--info'), warning: colour('--warning'), critical: colour('--critical') },
    alertFill: { info: colour('--info-wash'), warning: colour('--warning-wash'), critical: colour('--critical-wash') },
    font: `11px ${style.fontFamily}`,
  };
}

let current: Palette | null = null;

export function palette(): Palette {
  current ??= read();
  return current;
}

/** Calls back after the scheme turned light or dark. */
export function onSchemeChange(redraw: () => void): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    current = null;
    redraw();
  });
}
