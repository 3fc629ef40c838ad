/** Severity as a shape as well as a colour: circle, triangle, octagon; hollow once it is over. */
import type { Severity } from '../../../models/alert-document.ts';

const OUTLINES: Record<Severity, string> = {
  info: 'M10 2.500a7.5 7.5 0 1 0 0 15a7.5 7.5 0 1 0 0-15z',
  warning: 'M10 2.500L18.2 17H1.800z',
  critical: 'M6.7 2h6.600L18 6.700v6.600L13.3 18H6.700L2 13.300V6.700z',
};
const SIGNS: Record<Severity, string> = {
  info: 'M10 9v4.500M10 6v.6',
  warning: 'M10 8v4M10 14.300v.4',
  critical: 'M10 5.800v5M10 13.600v.4',
};

export function SeverityMark({ severity, over = false }: { severity: Severity; over?: boolean }) {
  return (
    <svg
      class={`mark mark-${severity}${over ? ' mark-over' : ''}`}
      viewBox="0 0 20 20"
      role="img"
      aria-label={severity}
    >
      <path class="mark-outline" d={OUTLINES[severity]} />
      <path class="mark-sign" d={SIGNS[severity]} />
    </svg>
  );
}
