import type { Answer } from '../client.ts';
import { printable } from '../output.ts';

export type Report = Answer<'POST /channels/{id}/health-refresh'>;
export type Notice = Report['notices'][number];
export type Applied = Answer<'POST /channels/{kind}/onboarding/apply'>;

const marks = { error: '✗', warning: '!', info: '·' } as const;

export function formatNotices(notices: readonly Notice[]): string {
  return notices
    .map(({ level, text, hint }) => {
      const finding = `${marks[level]} ${printable(text)}`;
      return hint === undefined ? finding : `${finding}\n    ${printable(hint)}`;
    })
    .join('\n');
}

export function errorsOf({ notices }: Pick<Report, 'notices'>): readonly Notice[] {
  return notices.filter(({ level }) => level === 'error');
}

export function formatApplied({ applied }: Applied): string {
  const { connector, rules, secretRef, replaced } = applied;
  return [
    `${printable(connector)} is ${replaced ? 'set up anew' : 'set up'}, and its session is live.`,
    `The credential is in the vault as ${printable(secretRef)}; the rules are ${rules.map(printable).join(' and ')}.`,
  ].join('\n');
}
