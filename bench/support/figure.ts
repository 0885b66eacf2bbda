import { round } from './machine.ts';

/** One line of the report. What is compared was measured in the same run. */
export interface Figure {
  readonly name: string;
  readonly floor?: string;
  readonly figure: string;
  /** How the figure stands to its floor. */
  readonly ratio?: number;
  /** With whether it was met. Some figures are there to be seen. */
  readonly aim?: string;
  readonly met?: boolean;
}

export function formatFigures(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, floor, figure, ratio, aim, met }) => [
    name,
    floor ?? '–',
    figure,
    ratio === undefined ? '–' : round(ratio),
    aim ?? '–',
    met === undefined ? '–' : met ? 'yes' : 'NO',
  ]);
  const head = ['what', 'floor', 'figure', 'ratio', 'aim', 'met'];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [head, head.map(() => '---'), ...rows].map(line).join('\n');
}
