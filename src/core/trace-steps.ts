import type { ReasonCode } from '../domain/reasons.ts';
import type { TraceStepKind } from '../domain/trace.ts';
import type { StoredJournalEntry } from '../store/journal-store.ts';

/** One line of a timeline. Besides `at` and `kind`, facts by kind. */
export interface TraceStep {
  readonly at: number;
  readonly kind: TraceStepKind;
  readonly [fact: string]: unknown;
}

/** What the flight recorder calls a step, and what a reader is shown. */
const shownAs: Readonly<Record<string, { readonly kind: TraceStepKind; readonly what?: string }>> = {
  'inbound.accepted': { kind: 'accepted' },
  'inbound.deduplicated': { kind: 'deduplicated' },
  'inbound.amended': { kind: 'accepted', what: 'amended' },
  'inbound.routed': { kind: 'gated' },
  'webhook.rejected': { kind: 'rejected' },
  'webhook.ignored': { kind: 'gated' },
  'webhook.challenge': { kind: 'accepted', what: 'challenge' },
  'attachment.taken': { kind: 'turn', what: 'attachment' },
  'turn.started': { kind: 'turn', what: 'started' },
  'turn.ended': { kind: 'turn', what: 'ended' },
  'turn.failed': { kind: 'turn', what: 'failed' },
  'turn.deferred': { kind: 'waiting' },
  'turn.suspended': { kind: 'turn', what: 'suspended' },
  'inbound.dead': { kind: 'turn', what: 'gave_up' },
  'outbox.enqueued': { kind: 'part' },
  'delivery.attempted': { kind: 'attempt' },
  'delivery.labelled': { kind: 'attempt', what: 'labelled' },
  'delivery.held': { kind: 'attempt', what: 'held' },
  'dead_letter.replayed': { kind: 'operator', what: 'replayed' },
  'dead_letter.discarded': { kind: 'operator', what: 'discarded' },
  'queue.held': { kind: 'queue', what: 'held' },
};

/** Waits shorter than this are how the machine works, and not worth a line. */
const waitShownMs = 50;

/** The timeline, oldest first, with the waits between its steps and how things stand at its end. */
export function toSteps(
  entries: readonly StoredJournalEntry[],
  standing: { readonly state: string; readonly reason: ReasonCode },
  since: number,
): readonly TraceStep[] {
  const steps: TraceStep[] = [];
  for (const entry of entries) {
    const shown = shownAs[entry.kind];
    if (!shown) continue;
    const waitedMs = entry.at - (steps.at(-1)?.at ?? since);
    if ((shown.kind === 'gated' || shown.kind === 'attempt') && waitedMs >= waitShownMs) {
      steps.push({ at: entry.at, kind: 'waiting', waited_ms: waitedMs });
    }
    steps.push({
      at: entry.at,
      kind: shown.kind,
      ...(shown.what === undefined ? {} : { what: shown.what }),
      ...entry.data,
    });
  }
  steps.push({
    at: steps.at(-1)?.at ?? since,
    kind: 'outcome',
    state: standing.state,
    reason: standing.reason,
  });
  return steps;
}
